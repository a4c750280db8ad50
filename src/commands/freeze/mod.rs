//! `gatectl freeze`: the deploy freeze, and the check that every deploy job runs.
//!
//! The commands need one store and one token. gate.toml names the store, its values and the calendar; with `--app` or
//! `--github` all of them work without it, since on the day of an incident it may be missing or broken.
//! Tested in its `tests.rs` and by `tests/program/freeze.rs`.

mod check;
mod coverage;
mod off;
mod on;
mod over;
mod status;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use uuid::Uuid;

use crate::apply::RetryDelays;
use crate::cli::{FleetArgs, FreezeCommand, StoreArgs};
use crate::config::Config;
use crate::desired::freeze::{Policy, Store, Window};
use crate::exit::Exit;
use crate::freeze::{Claim, FreezeId, FreezeRefusal, FreezeVars, FreezeWrite, Keys, Status};
use crate::http::{Reader, Writer};
use crate::model::{Answer, EnvName, Unknown};
use crate::providers::freeze_store;
use crate::providers::freeze_store::access::{self as store, SendError};
use crate::reconcile::fleet::Part;
use crate::render::{Document, json};
use crate::stop::Stop;
use crate::views::diagnostic::Hinted;

use super::failure::{Interrupted, hinted};
use super::session::{listed, refuse_undeclared};
use super::wiring::Wiring;
use super::{Session, fleet, who};

/// Runs one of the freeze commands.
///
/// # Errors
/// What stopped it; for `check` that is an undetermined answer, not an error.
pub(super) async fn run(session: &Session, command: FreezeCommand) -> anyhow::Result<Exit> {
    match command {
        FreezeCommand::On(args) => on::run(session, &args).await,
        FreezeCommand::Off(args) => off::run(session, &args).await,
        FreezeCommand::Override(args) => over::run(session, &args).await,
        FreezeCommand::Status(args) => status::run(session, &args).await,
        FreezeCommand::Check(args) => check::run(session, &args).await,
    }
}

/// The freeze in question, and what gate.toml says about it.
struct FreezeTarget {
    keys: Keys,
    /// The `[freeze]` table, if it is about this store.
    policy: Option<Policy>,
    /// gate.toml, when there is one that can be read.
    config: Option<Config>,
    /// The fleet file, if the current file is one. It declares no freeze, but its repositories should check one.
    fleet: Option<Config>,
}

impl FreezeTarget {
    /// Finds it: `--app` or `--github`, else gate.toml.
    ///
    /// # Errors
    /// Without either: when gate.toml cannot be read or has no `[freeze]`.
    fn find(session: &Session, which: &StoreArgs) -> anyhow::Result<Self> {
        let named = which.store();
        let fleet = session.fleet_file(&[]).ok().flatten();
        let config = match (session.config(&[]), &named) {
            (Ok(config), _) => Some(config),
            (Err(_), Some(_)) if fleet.is_some() => None,
            (Err(error), None) => {
                if let Some(file) = &fleet {
                    let organization = file.desired.fleet.as_ref().map_or("", |fleet| &fleet.organization);
                    let message = format!("{} is for the repositories of {organization}, and a fleet file declares no freeze", file.path);
                    return Err(no_store(&message).into());
                }
                if session.has_file() {
                    session.say("gate.toml cannot be read; with --app NAME or --github OWNER[/REPO] it is not needed.");
                }
                return Err(error.context(no_store("gate.toml does not say where the freeze is kept")));
            }
            (Err(error), Some(store)) => {
                if session.has_file() {
                    let Keys { flag, override_flag, .. } = Keys::standard(store.clone());
                    let first = error.to_string().lines().next().unwrap_or_default().to_owned();
                    session.warn([format!(
                        "gate.toml cannot be read and is ignored ({first}): continuing with {flag} and {override_flag} on {}, without its calendar; `gatectl validate` shows what is wrong with it",
                        store.name()
                    )]);
                }
                None
            }
        };
        let declared = config.as_ref().and_then(|config| config.desired.freeze.clone());
        match (named, declared) {
            (None, Some(policy)) => Ok(Self { keys: Keys::of(&policy), policy: Some(policy), config, fleet }),
            (None, None) => Err(no_store("gate.toml has no [freeze]").into()),
            (Some(store), Some(policy)) if policy.store.is(&store) => {
                Ok(Self { keys: Keys::of(&policy), policy: Some(policy), config, fleet })
            }
            (Some(store), _) => Ok(Self { keys: Keys::standard(store), policy: None, config, fleet }),
        }
    }

    /// The part of the fleet that the flags name; they are refused on the file of one repository.
    fn part(&self, args: &FleetArgs) -> anyhow::Result<Part> {
        if self.fleet.is_none() {
            Session::refuse_fleet_flags(args, self.config.as_ref().map_or("this run", |config| &config.path))?;
        }
        Ok(fleet::part(args))
    }

    fn windows(&self) -> &[Window] {
        self.policy.as_ref().map(|policy| policy.windows.as_slice()).unwrap_or_default()
    }

    /// Refuses an `--environment` that would limit a write: the store holds one freeze for every environment that it covers.
    ///
    /// # Errors
    /// Unless every covered environment is named.
    fn refuse_part(&self, wanted: &[EnvName]) -> anyhow::Result<()> {
        let covered = self.policy.as_ref().map(|policy| &policy.environments);
        if wanted.is_empty() || covered.is_some_and(|covered| covered.iter().all(|name| wanted.contains(name))) {
            return Ok(());
        }
        let message =
            format!("a freeze of {} holds every environment that it covers: --environment cannot limit it", self.keys.store.name());
        let hint =
            covered.map_or_else(|| "leave it out".to_owned(), |covered| listed("leave it out if you mean all of them; it covers", covered));
        Err(hinted(message, hint))
    }

    /// Refuses a name that gate.toml does not declare.
    ///
    /// # Errors
    /// The first one, with those that it declares.
    fn refuse_undeclared(&self, wanted: &[EnvName]) -> anyhow::Result<()> {
        let Some(config) = self.config.as_ref().filter(|_| self.policy.is_some()) else { return Ok(()) };
        refuse_undeclared(config, &config.desired.github.environments.keys().cloned().collect(), wanted)
    }

    /// The policy, with only those environments that `--environment` names; all, when it names none.
    fn narrowed(&self, wanted: &[EnvName]) -> Option<Policy> {
        let mut policy = self.policy.clone()?;
        if !wanted.is_empty() {
            policy.environments.retain(|name| wanted.contains(name));
        }
        Some(policy)
    }
}

fn no_store(message: &str) -> Hinted {
    Hinted::new(message, "name the store: --app NAME (Heroku) or --github OWNER[/REPO]")
}

/// One freeze, within reach of a writing client.
struct FreezeWriter<'a> {
    writer: &'a Writer,
    keys: &'a Keys,
    /// Who acts, if environment variables prove it.
    known: Option<String>,
    /// Who acts, if the store does not say it either.
    fallback: String,
    /// Drops the read; a write is completed and read back.
    stop: Stop,
}

/// The state before any write, and the account of the token.
struct BeforeWrite {
    live: FreezeVars,
    by: String,
}

impl BeforeWrite {
    /// A new freeze or override by this account.
    fn claim(&self, reason: &str, now: Timestamp) -> Claim {
        Claim { id: FreezeId::new(Uuid::new_v4()), by: self.by.clone(), reason: reason.to_owned(), now }
    }
}

impl<'a> FreezeWriter<'a> {
    fn new(writer: &'a Writer, keys: &'a Keys, session: &Session) -> Self {
        Self { writer, keys, known: who::in_actions(&session.env), fallback: who::local(&session.env), stop: session.stop.clone() }
    }

    /// Reads the freeze and, in addition, whose token it is. Only the freeze is waited for.
    ///
    /// # Errors
    /// When the freeze cannot be read, or the user asked to stop.
    async fn observe(&self) -> anyhow::Result<BeforeWrite> {
        let reader = self.writer.reader();
        let account = async {
            match &self.known {
                Some(known) => Some(known.clone()),
                None => freeze_store::of(&self.keys.store).account(reader).await.ok().flatten(),
            }
        };
        let looking = self.stop.unless_set(beside(store::read(reader, self.keys), account));
        let (live, account) = looking.await.ok_or_else(Interrupted::unchanged)?;
        Ok(BeforeWrite { live: live?, by: account.unwrap_or_else(|| self.fallback.clone()) })
    }

    /// Sends a write and reads it back.
    ///
    /// # Errors
    /// When it is not in place, or it is unknown.
    async fn send(&self, write: FreezeWrite) -> anyhow::Result<Written> {
        let vars = store::send(self.writer, self.keys, &write, &RetryDelays::default()).await.map_err(|error| self.unsent(error))?;
        Ok(Written { vars, notes: write.notes().to_vec() })
    }

    fn unsent(&self, error: SendError) -> anyhow::Error {
        match error {
            SendError::NotWritten(error) => error.into(),
            SendError::Partly(_) | SendError::NoEffect(_) | SendError::Unread(_) | SendError::Lost(_) => {
                hinted(error.to_string(), format!("`gatectl freeze status {}` shows what is there now", self.keys.store.flag()))
            }
        }
    }
}

/// What a command left behind.
#[derive(Debug)]
struct Written {
    vars: FreezeVars,
    /// Side effects of the command.
    notes: Vec<String>,
}

/// Waits for the first, and at most one second longer for the second.
async fn beside<A, B>(first: impl Future<Output = A>, second: impl Future<Output = Option<B>>) -> (A, Option<B>) {
    let (mut first, mut second) = (std::pin::pin!(first), std::pin::pin!(second));
    tokio::select! {
        a = &mut first => {
            let b = tokio::time::timeout(std::time::Duration::from_secs(1), second).await;
            (a, b.ok().flatten())
        }
        b = &mut second => (first.await, b),
    }
}

/// Connects, and shows progress.
async fn connect(session: &Session, target: &FreezeTarget) -> anyhow::Result<Wiring> {
    session.progress.phase(&format!("reading the freeze of {}", target.keys.store.name()));
    Wiring::of_store(session, target.config.as_ref(), &target.keys.store, None).await
}

/// Makes one change to the freeze; the state after it.
///
/// # Errors
/// When the change cannot be made, or was given up while it was sent.
async fn change(
    session: &Session,
    target: &FreezeTarget,
    make: impl AsyncFnOnce(&FreezeWriter<'_>, Timestamp) -> anyhow::Result<Written>,
) -> anyhow::Result<Status> {
    let wiring = connect(session, target).await?;
    let writer = wiring.store_writer(&target.keys.store)?;
    let writer = FreezeWriter::new(&writer, &target.keys, session);
    let (now, abandoned) = (session.now(), "whether the request in flight took effect is unknown");
    let abandoned = || Interrupted::with(abandoned, "`gatectl freeze status` shows what is there");
    let Written { vars, notes } = session.unless_given_up(make(&writer, now), abandoned).await??;
    let policy = target.narrowed(&session.global.environment);
    let mut status = Status::at(&target.keys, policy.as_ref(), &Answer::Present(vars), None, now);
    status.warnings.splice(0..0, notes);
    Ok(status)
}

/// Makes a change to all that the freeze covers, and prints the resulting state in the form of `freeze status`.
///
/// # Errors
/// When `--environment` names only some of what it covers, or the change cannot be made.
async fn change_whole(
    session: &Session,
    target: &FreezeTarget,
    make: impl AsyncFnOnce(&FreezeWriter<'_>, Timestamp) -> anyhow::Result<Written>,
) -> anyhow::Result<Exit> {
    target.refuse_part(&session.global.environment)?;
    let status = change(session, target, make).await?.with_workflows(coverage::of_checkout(session, target));
    print(session, target, &status)?;
    Ok(Exit::Done)
}

fn print(session: &Session, target: &FreezeTarget, status: &Status) -> anyhow::Result<()> {
    session.print_as(session.global.format, target.config.as_ref(), &Document::from(status), || json::to_string(status))
}

/// The error for a write that was refused before anything was sent.
fn refused(refusal: FreezeRefusal, store: &Store) -> anyhow::Error {
    let store = store.flag();
    let hint = match &refusal {
        FreezeRefusal::AlreadyFrozen(_) => format!("to extend it: `gatectl freeze on {store} --replace --reason TEXT`"),
        FreezeRefusal::Shortens { .. } => format!("to end it now: `gatectl freeze off {store} --reason TEXT`"),
        FreezeRefusal::OtherFreeze(_)
        | FreezeRefusal::Changed
        | FreezeRefusal::NothingToOverride
        | FreezeRefusal::NotFrozen
        | FreezeRefusal::NothingToRevoke
        | FreezeRefusal::NoChange => format!("`gatectl freeze status {store}` shows the freeze and its calendar"),
        FreezeRefusal::OverrideOfMalformed { .. } => format!("set it again: `gatectl freeze on {store} --replace --reason TEXT`"),
        FreezeRefusal::Ended(_) | FreezeRefusal::OverrideLength | FreezeRefusal::Record(_) => {
            "correct that, then run the command again".to_owned()
        }
    };
    hinted(format!("{refusal} (nothing was written)"), hint)
}

/// Reads the freeze as an answer; without a client the answer is the reason.
pub(super) async fn observe(reader: Result<&Reader, &Unknown>, keys: &Keys) -> Answer<FreezeVars> {
    match reader {
        Ok(reader) => store::observe(reader, keys).await,
        Err(unknown) => Answer::Unknown(unknown.clone()),
    }
}
