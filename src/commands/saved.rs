//! A saved plan: what a reviewer approved is exactly what runs, or nothing does.
//!
//! The file holds the steps and the live state that they were made from, under a seal: a digest that shows every edit
//! by hand. Applying reads everything again: whatever moved makes the plan stale (exit code 5), and since planning is
//! pure, only steps that follow again from gate.toml and the live state are ever run. What cannot be read did not move:
//! then nothing is written and the plan stays good. The seal is not a signature: who can write the file can make a new
//! one, and with it the consent to weaken, but no other steps (see SECURITY.md).
//! Tested by `tests/program/saved.rs`.

mod file;
mod fleet;
mod part;

use std::path::Path;

use crate::cli::{Global, PlanArgs};
use crate::model::Unknown;
use crate::reconcile::Planned;
use crate::views::diagnostic::Hinted;

use super::failure::hinted;

pub(super) use file::{SavedPlan, replaceable};
use fleet::SavedFleet;
use part::{NotNow, SavedPart};

/// The key that only a plan of a fleet has.
const REPOSITORIES: &str = "repositories";

/// A file that `plan --out` wrote.
pub(super) enum Saved {
    /// For one repository.
    Repository(SavedPlan),
    /// For a fleet.
    Fleet(SavedPlan<SavedFleet>),
}

impl SavedPlan {
    /// Saves a fresh plan.
    pub(super) fn new(planned: &Planned, args: &PlanArgs, global: &Global) -> Self {
        Self::of(SavedPart::of(planned), args, global)
    }

    /// Compares the plan kept in `file` with the current gate.toml and live state.
    ///
    /// # Errors
    /// [`Stale`](super::failure::Stale) when either moved, naming what did, or when its steps no longer follow from the two; [`Unknown`]
    /// when nothing is seen to have moved and not all of it can be read.
    pub(super) fn check(&self, file: &Path, now: &Planned) -> anyhow::Result<()> {
        self.kept.check(&self.gatectl, now).map_err(|why| match why {
            NotNow::Unread(unread) => Unknown {
                reason: format!("nothing was written: what the saved plan was made from cannot be read now\n{}", unread.reason),
                hint: format!("{}\nthe plan is still good: then run `gatectl apply {}` again", unread.hint, file::named(file)),
                ..unread
            }
            .into(),
            NotNow::Stale(stale, hint) => {
                let again = format!("make a new one with `gatectl plan --out {}`, and have it reviewed again", file::named(file));
                let hints = [again.as_str(), hint.as_deref().unwrap_or_default()];
                anyhow::Error::new(stale)
                    .context(Hinted::new("the saved plan is stale: nothing was written", hints.join("\n").trim_end().to_owned()))
            }
        })
    }
}

impl Saved {
    /// Reads a plan for one repository.
    ///
    /// # Errors
    /// When the file is not a plan, one of a version that this program does not know, one that was altered, or one for a fleet.
    pub(super) fn of_repository(path: &Path) -> anyhow::Result<SavedPlan> {
        match Self::read(path)? {
            Self::Repository(saved) => Ok(saved),
            Self::Fleet(_) => Err(of_another_file("a fleet file")),
        }
    }

    /// Reads a plan for a fleet.
    ///
    /// # Errors
    /// As [`Self::of_repository`]; when it is for one repository.
    pub(super) fn of_fleet(path: &Path) -> anyhow::Result<SavedPlan<SavedFleet>> {
        match Self::read(path)? {
            Self::Fleet(saved) => Ok(saved),
            Self::Repository(_) => Err(of_another_file("the file of one repository")),
        }
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let value = file::read(path)?;
        let saved = if value.get(REPOSITORIES).is_some() {
            serde_json::from_value(value).map(Self::Fleet)
        } else {
            serde_json::from_value(value).map(Self::Repository)
        };
        saved.map_err(|_| file::unusable(path, "is not a saved plan").into())
    }
}

fn of_another_file(kind: &str) -> anyhow::Error {
    hinted(
        format!("the saved plan was made from {kind}, and the current gate file is a different kind: nothing was written"),
        "Name the file that it was made from with -c FILE, or make a new plan: gatectl plan --out FILE",
    )
}
