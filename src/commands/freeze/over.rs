//! `gatectl freeze override`: bounded, attributed, and for one freeze.

use jiff::Timestamp;
use uuid::Uuid;

use crate::cli::FreezeOverride;
use crate::desired::freeze::Window;
use crate::exit::Exit;
use crate::freeze::{Claim, FreezeId, Refusal, lift};

use super::super::Session;
use super::{Desk, Place, Written, refused, show, site};

/// Overrides, or revokes, and prints what is there then.
///
/// # Errors
/// When there is nothing to override, or it cannot be written or read back.
pub(super) async fn run(session: &Session, args: &FreezeOverride) -> anyhow::Result<Exit> {
    let place = Place::find(session, &args.which)?;
    let site = site(session, &place).await?;
    let writer = site.writer()?;
    let now = session.now();
    let desk = Desk::new(&writer, &place.keys, session);
    let written = session.unless_given_up(open(&desk, args, place.windows(), now)).await??;
    site.trace_traffic();
    show(session, &place, written, now)?;
    Ok(Exit::Done)
}

pub(super) async fn open(desk: &Desk<'_>, args: &FreezeOverride, windows: &[Window], now: Timestamp) -> anyhow::Result<Written> {
    let opening = desk.open().await?;
    let write = match (&args.reason, args.length) {
        (Some(reason), Some(length)) if !args.revoke => {
            let claim = Claim { id: FreezeId::new(Uuid::new_v4()), by: opening.by, reason: reason.clone(), now };
            lift::override_for(desk.keys, &opening.live, &claim, length, windows)
        }
        _ => lift::revoke(desk.keys, &opening.live),
    };
    match write {
        Ok(write) => desk.send(write).await,
        Err(Refusal::NothingToRevoke) => {
            Ok(Written { vars: opening.live, notes: vec!["there was no override: nothing was revoked, and nothing written".to_owned()] })
        }
        Err(refusal) => Err(refused(refusal, &desk.keys.store)),
    }
}
