//! One job of one run: can it deploy, and is it held back?
//!
//! Owns the rules of the verdict (`docs/verify.md`). What may run is taken to run; what cannot be determined is undecided.
//! Tested in `tests/judged.rs`.

use std::collections::BTreeSet;

use super::case::{Case, Harmless};
use super::credentials::{Credentials, is_spared};
use super::place::Place;
use super::placed;
use crate::findings::{Code, Finding};
use crate::workflows::facts::Facts;
use crate::workflows::resolve::{JobEntry, Verdict};

/// The result for a job.
pub(super) struct Judgment {
    pub(super) can_deploy: bool,
    /// Whether it waits at a declared gate, as far as it can deploy.
    pub(super) gated: bool,
    pub(super) finding: Option<Finding>,
    pub(super) approval: Option<Finding>,
    /// What `[verify] harmless` would need to decide the job.
    pub(super) harmless: Harmless,
}

/// The judge of all jobs.
pub(super) struct Judge<'a> {
    pub(super) facts: &'a Facts,
    pub(super) credentials: &'a Credentials,
    /// Jobs that run behind a gate in some run, as file and id.
    pub(super) gated_somewhere: &'a BTreeSet<(String, String)>,
}

impl Judge<'_> {
    pub(super) fn judge(&self, job: &JobEntry) -> Judgment {
        let nothing = Judgment { can_deploy: false, gated: false, finding: None, approval: None, harmless: Harmless::default() };
        if matches!(job.verdict, Verdict::Skipped | Verdict::Invalid) {
            return nothing;
        }
        let approval = job.details.holds.approvals.first().map(|(what, pos)| {
            let message = format!("{} approves deployments itself: {what}", job.path);
            placed(Code::AutoApproval, &job.details.file, *pos, message)
        });
        if self.is_trusted(job) {
            return Judgment { approval, ..nothing };
        }
        let places = Place::all(job, self.facts);
        let spared = is_spared(job, self.facts);
        let case = Case::of(job, spared, self.facts, self.credentials);
        let names_environment = !spared && !matches!(job.verdict, Verdict::None | Verdict::ViaNeeds);
        let holds_deploy = case.is_proven() || job.details.holds.deploys.iter().any(|deploy| !deploy.named) && !spared;
        let can_deploy = names_environment || holds_deploy || approval.is_some();
        let gated = places.contains(&Place::Gated);
        let finding = places
            .iter()
            .filter_map(|place| self.finding(job, place, &case))
            .max_by_key(|(finding, _)| (finding.verdict(), finding.severity));
        let (finding, harmless) = match finding {
            // The finding on the approval covers its credential already.
            Some((finding, true)) if approval.is_some() && finding.code == Code::UnclassifiedCredential => (None, Harmless::default()),
            Some((finding, undecided)) => (Some(finding), if undecided { case.harmless } else { Harmless::default() }),
            None => (None, Harmless::default()),
        };
        Judgment { can_deploy, gated, finding, approval, harmless }
    }

    /// A call that gets nothing to deploy with, or that gate.toml trusts.
    fn is_trusted(&self, job: &JobEntry) -> bool {
        let trusts = |path: &str| self.facts.verify.trusts(path);
        job.details.remote.as_ref().is_some_and(|remote| remote.gets_nothing || trusts(&remote.path))
            || job.elsewhere().is_some_and(|named| trusts(named.without_ref))
    }
}
