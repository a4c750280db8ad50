//! The files that a check looks at: the repository's workflows, workflows of others that they call, and what they run of the
//! checkout. Owns how each is found. Reads no files itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::RepoName;
use crate::workflows::deploys::{Holds, Local, Passed};
use crate::workflows::facts::Facts;
use crate::workflows::model::{Job, Workflow};
use crate::workflows::read::read;
use crate::workflows::reads::Reads;
use crate::workflows::reference::Reference;
use crate::workflows::source::{Origin, SourceFile};
use crate::workflows::yaml::{Pos, YamlError};

/// Where GitHub looks for workflows.
pub(super) const FOLDER: &str = ".github/workflows/";

/// Every file by its path.
#[derive(Debug, Default)]
pub struct Files {
    own: BTreeMap<String, Result<Workflow, YamlError>>,
    /// By `OWNER/REPO/.github/workflows/FILE@REF`.
    called: BTreeMap<String, Result<Workflow, YamlError>>,
    /// What each job holds, by file, in the order of its jobs.
    holds: BTreeMap<String, Vec<Holds>>,
    local: Local,
}

impl Files {
    /// Reads every file of a repository.
    #[must_use]
    pub fn new(sources: &[SourceFile], repository: Option<&RepoName>) -> Self {
        let mut files = Self { local: Local::of(repository), ..Self::default() };
        for source in sources {
            match (source.origin, &source.text) {
                (Origin::Workflow, _) => _ = files.own.insert(source.path.clone(), parse(source)),
                (Origin::Called, _) => _ = files.called.insert(source.path.clone(), parse(source)),
                (Origin::Checkout, Ok(text)) => files.local.add(&source.path, text),
                // A script that cannot be read counts as missing.
                (Origin::Checkout, Err(_)) => {}
            }
        }
        let nothing = Local::default();
        for workflow in files.own.values().chain(files.called.values()).flatten() {
            let local = if files.own.contains_key(&workflow.path) { &files.local } else { &nothing };
            let holds = workflow.jobs.iter().map(|job| Holds::of(workflow, job, local)).collect();
            files.holds.insert(workflow.path.clone(), holds);
        }
        files
    }

    /// A workflow of this repository.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Result<Workflow, YamlError>> {
        self.own.get(path)
    }

    /// Every workflow of this repository, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Result<Workflow, YamlError>)> {
        self.own.iter()
    }

    /// A workflow by the path that entries of jobs have: one of this repository, or one that is called elsewhere.
    #[must_use]
    pub fn any(&self, path: &str) -> Option<&Result<Workflow, YamlError>> {
        self.own.get(path).or_else(|| self.called.get(path))
    }

    /// Everything that runs of a workflow evaluate: its own expressions, and those of the workflows that it calls and of the
    /// actions of the checkout that they use.
    #[must_use]
    pub fn reads(&self, workflow: &Workflow, facts: &Facts) -> Reads {
        let mut reads = Reads::default();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut left: Vec<&Workflow> = vec![workflow];
        while let Some(workflow) = left.pop() {
            if !seen.insert(&workflow.path) {
                continue;
            }
            reads.workflow(workflow);
            for job in &workflow.jobs {
                left.extend(job.call.as_ref().and_then(|call| self.called(workflow, call.uses.as_str(), facts)));
                if self.own.contains_key(&workflow.path) {
                    self.local.steps_within(&job.steps).into_iter().for_each(|step| reads.step(step));
                }
            }
        }
        reads
    }

    /// The workflow that a job calls, if it was read.
    fn called(&self, workflow: &Workflow, uses: &str, facts: &Facts) -> Option<&Workflow> {
        let found = match target(workflow, uses, facts) {
            Called::Own(path) => self.get(&path),
            Called::Other(key) => self.any(&key),
            Called::Nothing => None,
        };
        found?.as_ref().ok()
    }

    /// What a job holds before any run.
    pub(super) fn holds(&self, workflow: &Workflow, job: &Job) -> Holds {
        let at = workflow.jobs.iter().position(|other| std::ptr::eq(other, job));
        let known = at.and_then(|at| self.holds.get(&workflow.path)?.get(at));
        known.cloned().unwrap_or_else(|| Holds::of(workflow, job, &Local::default()))
    }

    /// Files of the checkout that steps run and that were not read: candidates that need not exist in the checkout.
    #[must_use]
    pub fn wanted_of_the_checkout(&self) -> BTreeSet<String> {
        self.local.wanted(self.own.values().flatten())
    }

    /// Workflows that jobs call in other repositories, or at another ref of this one, and that were not read:
    /// `OWNER/REPO/.github/workflows/FILE@REF`. Those that get nothing to deploy with, and trusted ones, are left out.
    #[must_use]
    pub fn wanted_of_others(&self, facts: &Facts) -> BTreeSet<String> {
        let all = self.own.values().chain(self.called.values()).flatten();
        let calls = all.flat_map(|workflow| workflow.jobs.iter().filter_map(move |job| Some((workflow, job, job.call.as_ref()?))));
        let gives = calls.filter(|(workflow, job, _)| !Passed::default().gives_nothing(workflow, job));
        let keys = gives.filter_map(|(workflow, _, call)| match target(workflow, call.uses.as_str(), facts) {
            Called::Other(key) => Some(key),
            Called::Own(_) | Called::Nothing => None,
        });
        let trusted = |key: &String| facts.verify.trusts(key.split('@').next().unwrap_or_default());
        keys.filter(|key| !self.called.contains_key(key) && !trusted(key)).collect()
    }

    /// Actions of this repository that steps use and that were not read, or not at the ref that is named; each with the first place.
    #[must_use]
    pub fn unread_actions(&self, facts: &Facts) -> BTreeMap<String, (String, Pos)> {
        let is_other = |git_ref: &str| !facts.is_default(git_ref);
        let is_own = |named: &Reference<'_>| named.is_of(facts.repository.as_ref());
        let at_another_ref = |uses: &str| Reference::parse(uses).filter(is_own).and_then(|named| named.git_ref).is_some_and(is_other);
        let mut found = BTreeMap::new();
        for workflow in self.own.values().flatten() {
            for step in workflow.jobs.iter().flat_map(|job| &job.steps) {
                if let Some(uses) = step.uses.as_ref().filter(|uses| self.local.lacks(uses.as_str()) || at_another_ref(uses.as_str())) {
                    found.entry(uses.as_str().to_owned()).or_insert_with(|| (workflow.path.clone(), uses.pos));
                }
            }
        }
        found
    }
}

/// The workflow that the `uses` of a job names.
pub(super) enum Called {
    /// A workflow of this repository, by path.
    Own(String),
    /// A workflow elsewhere, or of this repository at another ref than the default branch.
    Other(String),
    /// Nothing that GitHub accepts.
    Nothing,
}

/// What `uses` names within a file; `./` is read where the file itself is.
pub(super) fn target(workflow: &Workflow, uses: &str, facts: &Facts) -> Called {
    if let Some(path) = uses.strip_prefix("./").or_else(|| uses.strip_prefix("$/")) {
        if !path.starts_with(FOLDER) {
            return Called::Nothing;
        }
        // A called workflow of another repository calls its neighbor at the same ref.
        let here = Reference::parse(&workflow.path).filter(|named| named.path.starts_with(FOLDER));
        return match here.and_then(|Reference { owner, name, git_ref, .. }| Some((owner, name, git_ref?))) {
            Some((owner, name, git_ref)) => Called::Other(format!("{owner}/{name}/{path}@{git_ref}")),
            None => Called::Own(path.to_owned()),
        };
    }
    let Some(named) = Reference::parse(uses).filter(|named| named.path.starts_with(FOLDER)) else { return Called::Nothing };
    match named.git_ref {
        None | Some("") => Called::Nothing,
        Some(git_ref) if facts.is_default(git_ref) && named.is_of(facts.repository.as_ref()) => Called::Own(named.path.to_owned()),
        Some(_) => Called::Other(uses.to_owned()),
    }
}

fn parse(source: &SourceFile) -> Result<Workflow, YamlError> {
    match &source.text {
        Ok(text) => read(&source.path, text),
        Err(why) => Err(YamlError { pos: Pos { line: 1, col: 1 }, why: why.to_string() }),
    }
}
