//! `gatectl freeze override`: bounded, attributed, and for one freeze.

use jiff::Timestamp;

use crate::cli::FreezeOverride;
use crate::desired::freeze::Window;
use crate::exit::Exit;
use crate::freeze::{FreezeRefusal, lift};

use super::super::Session;
use super::{FreezeTarget, FreezeWriter, Written, change_whole, refused};

/// Overrides or revokes, and prints the resulting state.
///
/// # Errors
/// When there is nothing to override, or it cannot be written or read back.
pub(super) async fn run(session: &Session, args: &FreezeOverride) -> anyhow::Result<Exit> {
    let target = FreezeTarget::find(session, &args.which)?;
    change_whole(session, &target, async |writer, now| open(writer, args, target.windows(), now).await).await
}

pub(super) async fn open(writer: &FreezeWriter<'_>, args: &FreezeOverride, windows: &[Window], now: Timestamp) -> anyhow::Result<Written> {
    let before = writer.observe().await?;
    let write = match (&args.reason, args.length) {
        (Some(reason), Some(length)) if !args.revoke => {
            let claim = before.claim(reason, now);
            lift::override_for(writer.keys, &before.live, &claim, length, windows)
        }
        _ => lift::revoke(writer.keys, &before.live),
    };
    match write {
        Ok(write) => writer.send(write).await,
        Err(FreezeRefusal::NothingToRevoke) => {
            Ok(Written { vars: before.live, notes: vec!["there was no override, so nothing was revoked or written".to_owned()] })
        }
        Err(refusal) => Err(refused(refusal, &writer.keys.store)),
    }
}
