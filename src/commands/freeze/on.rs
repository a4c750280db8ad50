//! `gatectl freeze on`: one read, one write, read back.

use jiff::Timestamp;

use crate::cli::FreezeOn;
use crate::exit::Exit;
use crate::freeze::{self, FreezeKind, Terms, parse_until};

use super::super::Session;
use super::super::failure::hinted;
use super::{FreezeTarget, FreezeWriter, Written, change, coverage, print, refused};

/// Freezes, and prints what is frozen, since when, by which account, and how to lift it.
///
/// # Errors
/// When there is a freeze already, or it cannot be written or read back.
pub(super) async fn run(session: &Session, args: &FreezeOn) -> anyhow::Result<Exit> {
    let target = FreezeTarget::find(session, &args.which)?;
    let part = target.part(&args.fleet)?;
    // Freezing more than was meant is safe, and must not fail in an emergency.
    session.warn(target.refuse_part(&session.global.environment).err().map(|error| error.to_string()));
    let status = change(session, &target, async |writer, now| freeze(writer, args, now).await).await?;
    if target.fleet.is_some() {
        session.say("Frozen, and verified by reading back.");
    }
    let status = coverage::with_jobs(session, &target, part, status).await;
    print(session, &target, &status)?;
    Ok(Exit::Done)
}

pub(super) async fn freeze(writer: &FreezeWriter<'_>, args: &FreezeOn, now: Timestamp) -> anyhow::Result<Written> {
    let until = args.until.as_deref().map(|text| parse_until(text, now)).transpose();
    let until = until.map_err(|message| hinted(message, "give `--until` a duration from now, such as 2h, or a later time"))?;
    let kind = if args.emergency { FreezeKind::Emergency } else { FreezeKind::Manual };
    let terms = Terms { kind, until, reference: args.reference.clone() };
    let before = writer.observe().await?;
    let claim = before.claim(&args.reason, now);
    let write = if args.replace {
        freeze::replace(writer.keys, &before.live, &claim, &terms)
    } else {
        freeze::on(writer.keys, &before.live, &claim, &terms)
    };
    writer.send(write.map_err(|refusal| refused(refusal, &writer.keys.store))?).await
}
