//! A saved plan of a fleet: stale only for the repositories that moved.
//!
//! Each repository is kept and checked as the saved plan of a single one is (see [`super::part`]).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cli::{Global, PlanArgs};
use crate::desired::fleet::{NamePattern, Shard};
use crate::model::RepoName;
use crate::reconcile::Planned;
use crate::reconcile::fleet::Part;
use crate::views::diagnostic::Hinted;

use super::file::{self, SavedPlan};
use super::part::{NotNow, SavedPart};
use crate::commands::failure::Stale;

/// What a saved plan holds of the repositories of a fleet.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::commands) struct SavedFleet {
    /// What `--repository` named.
    only: Vec<String>,
    /// What `--shard` named.
    shard: Option<String>,
    /// Every repository that was read, by its name.
    repositories: BTreeMap<String, SavedPart>,
}

impl SavedPlan<SavedFleet> {
    /// An empty plan.
    pub(in crate::commands) fn of_fleet(args: &PlanArgs, global: &Global) -> Self {
        let kept = SavedFleet {
            only: args.fleet.repository.iter().map(ToString::to_string).collect(),
            shard: args.fleet.shard.map(|shard| shard.to_string()),
            repositories: BTreeMap::new(),
        };
        Self::of(kept, args, global)
    }

    /// Adds the fresh plan of a repository.
    pub(in crate::commands) fn add(&mut self, name: &RepoName, planned: &Planned) {
        self.kept.repositories.insert(name.to_string(), SavedPart::of(planned));
    }

    /// The part of the fleet that it is for.
    pub(in crate::commands) fn part(&self) -> Part {
        Part {
            repositories: self.kept.only.iter().map(|text| NamePattern::new(text)).collect(),
            shard: self.kept.shard.as_deref().and_then(|text| text.parse::<Shard>().ok()),
        }
    }

    /// Repositories of the earlier plan file that no longer match.
    pub(in crate::commands) fn lost_since(&self, path: &Path) -> Vec<String> {
        let before = file::read(path).ok().and_then(|value| serde_json::from_value::<Self>(value).ok());
        let Some(before) = before else { return Vec::new() };
        if before.part() != self.part() {
            return Vec::new();
        }
        let lost = before.kept.repositories.keys().filter(|name| !self.kept.repositories.contains_key(*name));
        lost.map(|name| format!("{name} matched the last saved plan and no longer does, so nothing keeps its gates as declared")).collect()
    }

    /// Starts the comparison with the live state.
    pub(in crate::commands) fn comparison(&self) -> Check<'_> {
        Check { saved: self, seen: BTreeSet::new(), stale: BTreeMap::new() }
    }
}

/// A saved plan, compared with one repository at a time.
pub(in crate::commands) struct Check<'s> {
    saved: &'s SavedPlan<SavedFleet>,
    seen: BTreeSet<String>,
    /// What moved, by the repository's name.
    stale: BTreeMap<String, String>,
}

impl Check<'_> {
    /// Whether the saved steps of a repository are those that follow now. What cannot be read did not move: its row says so.
    pub(in crate::commands) fn follows(&mut self, name: &RepoName, now: &Planned) -> bool {
        let name = name.to_string();
        let Some(part) = self.saved.kept.repositories.get(&name) else {
            self.stale.insert(name, "is new in the fleet".to_owned());
            return false;
        };
        self.seen.insert(name.clone());
        match part.check(&self.saved.gatectl, now) {
            Ok(()) => true,
            Err(NotNow::Unread(_)) => false,
            Err(NotNow::Stale(Stale(why), _)) => {
                self.stale.insert(name, why);
                false
            }
        }
    }

    /// What moved, by the repository's name, if it is to be skipped.
    ///
    /// # Errors
    /// [`Stale`] if anything moved that is not.
    pub(in crate::commands) fn finish(mut self, file: &Path, skip_stale: bool) -> anyhow::Result<BTreeMap<String, String>> {
        for name in self.saved.kept.repositories.keys().filter(|name| !self.seen.contains(*name)) {
            self.stale.insert(name.clone(), "no longer matches the fleet file".to_owned());
        }
        // Each line names its repository once.
        let plain =
            |name: &str, why: &str| why.replace("the live state moved: ", "").replace(&format!("github/{name}/"), "").replace('\n', "; ");
        let stale: BTreeMap<String, String> = self.stale.iter().map(|(name, why)| (name.clone(), plain(name, why))).collect();
        if stale.is_empty() || skip_stale {
            return Ok(stale);
        }
        let lines: Vec<String> = stale.iter().map(|(name, why)| format!("{name}: {why}")).collect();
        let (count, of) = (lines.len(), self.saved.kept.repositories.len());
        let hint = format!(
            "make a new one with `gatectl plan --out {0}`, and have it reviewed again; or apply the others with `gatectl apply {0} --skip-stale`",
            file::named(file)
        );
        let message = format!("the saved plan is stale for {count} of {of} repositories: nothing was written");
        Err(anyhow::Error::new(Stale(lines.join("\n"))).context(Hinted::new(message, hint)))
    }
}
