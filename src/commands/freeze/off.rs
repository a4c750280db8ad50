//! `gatectl freeze off`: lifts the intended freeze, and no other one.

use jiff::Timestamp;

use crate::cli::FreezeOff;
use crate::commands::failure::hinted;
use crate::desired::freeze::Store;
use crate::exit::Exit;
use crate::freeze::{Claim, Freeze, FreezeRefusal, FreezeVars, lift};

use super::super::Session;
use super::{FreezeTarget, FreezeWriter, Written, change_whole, refused};

/// Lifts the freeze and prints the resulting state. If nothing is frozen there is nothing to do, which is not an error.
///
/// # Errors
/// When another freeze than the intended one is in place, consent is missing, or it cannot be written or read back.
pub(super) async fn run(session: &Session, args: &FreezeOff) -> anyhow::Result<Exit> {
    let consent = async |question: String| ask(session, &question).await;
    let target = FreezeTarget::find(session, &args.which)?;
    change_whole(session, &target, async |writer, now| lift(writer, args, consent, now).await).await
}

pub(super) async fn lift(
    writer: &FreezeWriter<'_>,
    args: &FreezeOff,
    consent: impl AsyncFn(String) -> anyhow::Result<()>,
    now: Timestamp,
) -> anyhow::Result<Written> {
    let before = writer.observe().await?;
    let claim = before.claim(&args.reason, now);
    let write = match lift::off(writer.keys, &before.live, &claim, args.id) {
        Ok(write) => write,
        Err(FreezeRefusal::NotFrozen) => {
            return Ok(Written { vars: before.live, notes: vec!["nothing was frozen, so nothing was lifted or written".to_owned()] });
        }
        Err(refusal) => return Err(refused(refusal, &writer.keys.store)),
    };
    if let Some(question) = lift::question(&before.live, &claim) {
        if args.auto_approve {
            named(args, &before.live, &claim, &writer.keys.store)?;
        } else {
            consent(question).await?;
        }
    }
    writer.send(write).await
}

/// Without a confirmation, someone else's freeze is lifted only by its ID: a newer one could be in place by now.
fn named(args: &FreezeOff, live: &FreezeVars, claim: &Claim, store: &Store) -> anyhow::Result<()> {
    match Freeze::read(live, claim.now) {
        Freeze::Recorded(record) if args.id.is_none() && record.by != claim.by => Err(hinted(
            format!("this freeze is {}'s, since {}: \"{}\"; --auto-approve needs its id", record.by, record.at, record.reason),
            format!("gatectl freeze off {} --id {} --auto-approve --reason TEXT", store.flag(), record.id),
        )),
        _ => Ok(()),
    }
}

async fn ask(session: &Session, question: &str) -> anyhow::Result<()> {
    if !session.can_ask() {
        return Err(hinted(
            format!("{question}; cannot ask whether to lift it: stdin is not a terminal (or CI is set)"),
            "look at `gatectl freeze status`, then run again with --id ID --auto-approve",
        ));
    }
    session.confirm(&format!("{question}. Lift it? Only 'yes' will be accepted: "), "yes").await
}
