//! `gatectl freeze on`: one read, one write, read back.

use jiff::Timestamp;
use uuid::Uuid;

use crate::cli::FreezeOn;
use crate::exit::Exit;
use crate::freeze::{self, Claim, FreezeId, Kind, Terms, parse_until};

use super::super::Session;
use super::{Desk, Place, Written, refused, show, site};

/// Freezes, and prints what is frozen, since when, by whom, and how to lift it.
///
/// # Errors
/// When there is a freeze already, or it cannot be written or read back.
pub(super) async fn run(session: &Session, args: &FreezeOn) -> anyhow::Result<Exit> {
    let place = Place::find(session, &args.which)?;
    let site = site(session, &place).await?;
    let writer = site.writer()?;
    let now = session.now();
    let desk = Desk::new(&writer, &place.keys, session);
    let written = session.unless_given_up(freeze(&desk, args, now)).await??;
    site.trace_traffic();
    show(session, &place, written, now)?;
    Ok(Exit::Done)
}

pub(super) async fn freeze(desk: &Desk<'_>, args: &FreezeOn, now: Timestamp) -> anyhow::Result<Written> {
    let until = args.until.as_deref().map(|text| parse_until(text, now)).transpose().map_err(anyhow::Error::msg)?;
    let kind = if args.emergency { Kind::Emergency } else { Kind::Manual };
    let terms = Terms { kind, until, reference: args.reference.clone() };
    let opening = desk.open().await?;
    let claim = Claim { id: FreezeId::new(Uuid::new_v4()), by: opening.by, reason: args.reason.clone(), now };
    let write = if args.replace {
        freeze::replace(desk.keys, &opening.live, &claim, &terms)
    } else {
        freeze::on(desk.keys, &opening.live, &claim, &terms)
    };
    desk.send(write.map_err(|refusal| refused(refusal, &desk.keys.store))?).await
}
