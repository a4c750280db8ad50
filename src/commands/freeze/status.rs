//! `gatectl freeze status`: everything about the freeze, and who really changed it.

use jiff::Timestamp;

use crate::cli::FreezeStatus;
use crate::desired::freeze::Policy;
use crate::exit::Exit;
use crate::freeze::{Keys, Status};
use crate::http::Reader;
use crate::model::Unknown;
use crate::providers::freeze_store as store;

use super::super::Session;
use super::{FreezeTarget, connect, coverage, observe, print};

/// Reads the freeze and its history concurrently, and prints both with any contradictions.
///
/// # Errors
/// When nothing can be asked or printed; a freeze that cannot be read is printed as unknown.
pub(super) async fn run(session: &Session, args: &FreezeStatus) -> anyhow::Result<Exit> {
    let target = FreezeTarget::find(session, &args.which)?;
    let part = target.part(&args.fleet)?;
    target.refuse_undeclared(&session.global.environment)?;
    let wiring = connect(session, &target).await?;
    let policy = target.narrowed(&session.global.environment);
    let at = args.at.unwrap_or_else(|| session.now());
    let status = session.unless_stopped(at_time(&wiring.store(&target.keys.store), &target.keys, policy.as_ref(), at)).await?;
    let status = coverage::with_jobs(session, &target, part, status).await;
    print(session, &target, &status)?;
    Ok(status.unknown.as_ref().map_or(Exit::Done, |unknown| unknown.cause.into()))
}

pub(super) async fn at_time(reader: &Result<Reader, Unknown>, keys: &Keys, policy: Option<&Policy>, at: Timestamp) -> Status {
    let history = async {
        match reader {
            Ok(reader) => store::of(&keys.store).history(reader, keys).await.transpose(),
            Err(_) => None,
        }
    };
    let (vars, history) = tokio::join!(observe(reader.as_ref(), keys), history);
    let (history, unread) = match history {
        Some(Ok(history)) => (Some(history), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    let mut status = Status::at(keys, policy, &vars, history.as_ref(), at);
    if let (Some(error), None) = (unread, &status.unknown) {
        status.warnings.push(format!("it is unknown who changed the freeze: {error}"));
    }
    status
}
