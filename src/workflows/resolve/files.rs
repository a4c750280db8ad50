//! The files that a check looks at: the repository's workflows, workflows of others that they call, and what they run of the
//! checkout. Owns how each is found. Reads no files itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::JobEntry;
use crate::model::RepoName;
use crate::workflows::deploys::{Holds, Local, Passed};
use crate::workflows::facts::Facts;
use crate::workflows::model::{Job, Workflow};
use crate::workflows::read::read;
use crate::workflows::reads::Reads;
use crate::workflows::reference::Reference;
use crate::workflows::source::{Origin, SourceFile, Unreadable};
use crate::workflows::yaml::Pos;

/// Where GitHub looks for workflows.
pub(super) const FOLDER: &str = ".github/workflows/";

/// Every file by its path.
#[derive(Debug, Default)]
pub struct Files {
    own: BTreeMap<String, Result<Workflow, Unreadable>>,
    /// By `OWNER/REPO/.github/workflows/FILE@REF`.
    called: BTreeMap<String, Result<Workflow, Unreadable>>,
    local: Local,
    /// What each job holds, by file, in the order of its jobs; collected when it is first asked for.
    holds: OnceLock<BTreeMap<String, Vec<Holds>>>,
}

/// A file of this repository that steps name and that was not judged as a run would find it, with the first place that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// As the step names it.
    pub name: String,
    /// Why not.
    pub why: WhyUnread,
    /// The workflow.
    pub file: String,
    /// Where in it.
    pub pos: Pos,
}

/// Why a file that steps name was not judged as a run would find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhyUnread {
    /// It is not among the files that were read.
    Absent,
    /// It is there and could not be read.
    Unreadable(Unreadable),
    /// A run uses it as it is at this ref; what was read is the one of the default branch or of the checkout.
    AtRef(String),
}

impl Files {
    /// Every file of a repository.
    pub fn new(sources: impl IntoIterator<Item = SourceFile>, repository: Option<&RepoName>) -> Self {
        let mut files = Self { local: Local::of(repository), ..Self::default() };
        files.add(sources);
        files
    }

    /// Adds files.
    pub fn add(&mut self, sources: impl IntoIterator<Item = SourceFile>) {
        self.holds.take();
        for SourceFile { path, origin, text } in sources {
            let workflow = |text: Result<String, Unreadable>| read(&path, &text?).map_err(|problem| Unreadable { problem, fix: None });
            match origin {
                Origin::Workflow => _ = self.own.insert(path.clone(), workflow(text)),
                Origin::Called => _ = self.called.insert(path.clone(), workflow(text)),
                Origin::Checkout => self.local.add(&path, text),
            }
        }
    }

    /// Whether this repository has no workflow.
    pub fn is_empty(&self) -> bool {
        self.own.is_empty()
    }

    /// A workflow of this repository.
    pub fn get(&self, path: &str) -> Option<&Result<Workflow, Unreadable>> {
        self.own.get(path)
    }

    /// A workflow of this repository, by the path that gate.toml gives it.
    pub fn declared(&self, file: &str) -> Option<&Result<Workflow, Unreadable>> {
        self.own.iter().find(|(path, _)| same_path(path, file)).map(|(_, file)| file)
    }

    /// Every workflow of this repository that could be read, by path.
    pub fn workflows(&self) -> impl Iterator<Item = &Workflow> {
        self.own.values().flatten()
    }

    /// Every file of a workflow of this repository, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Result<Workflow, Unreadable>)> {
        self.own.iter()
    }

    /// A workflow by the path that [`target`] and entries of jobs have: one of this repository, or one that is called elsewhere.
    pub fn any(&self, path: &str) -> Option<&Result<Workflow, Unreadable>> {
        self.own.get(path).or_else(|| self.called.get(path))
    }

    /// What an entry is about: the workflow and the job, if they were read.
    pub(in crate::workflows) fn job(&self, entry: &JobEntry) -> Option<(&Workflow, &Job)> {
        let workflow = self.any(&entry.details.file)?.as_ref().ok()?;
        Some((workflow, workflow.job(&entry.job)?))
    }

    /// Everything that runs of a workflow evaluate: its own expressions, and those of the workflows that it calls and of the
    /// actions of the checkout that they use.
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
                let called = job.call.as_ref().and_then(|call| self.any(&target(workflow, call.uses.as_str(), facts)?));
                left.extend(called.into_iter().flatten());
                if self.own.contains_key(&workflow.path) {
                    self.local.steps_within(&job.steps).into_iter().for_each(|step| reads.step(step));
                }
            }
        }
        reads
    }

    /// What a job holds before any run.
    pub(super) fn holds(&self, workflow: &Workflow, job: &Job) -> Holds {
        let at = workflow.jobs.iter().position(|other| std::ptr::eq(other, job));
        let known = at.and_then(|at| self.holds.get_or_init(|| self.all_holds()).get(&workflow.path)?.get(at));
        known.cloned().unwrap_or_else(|| Holds::of(workflow, job, &Local::default()))
    }

    fn all_holds(&self) -> BTreeMap<String, Vec<Holds>> {
        let nothing = Local::default();
        let of = |workflow: &Workflow, local: &Local| {
            (workflow.path.clone(), workflow.jobs.iter().map(|job| Holds::of(workflow, job, local)).collect())
        };
        let own = self.workflows().map(|workflow| of(workflow, &self.local));
        own.chain(self.called.values().flatten().map(|workflow| of(workflow, &nothing))).collect()
    }

    /// Files of the checkout that steps run and that were not read: candidates that need not exist in the checkout.
    pub fn wanted_of_the_checkout(&self) -> BTreeSet<String> {
        self.local.wanted(self.workflows())
    }

    /// Workflows that jobs call in other repositories, or at another ref of this one, and that were not read:
    /// `OWNER/REPO/.github/workflows/FILE@REF`. Those that get nothing to deploy with, and trusted ones, are left out.
    pub fn wanted_of_others(&self, facts: &Facts) -> BTreeSet<String> {
        let all = self.workflows().chain(self.called.values().flatten());
        let calls = all.flat_map(|workflow| workflow.jobs.iter().filter_map(move |job| Some((workflow, job, job.call.as_ref()?))));
        let gives = calls.filter(|(workflow, job, _)| !Passed::default().gives_nothing(workflow, job));
        let keys = gives.filter_map(|(workflow, _, call)| target(workflow, call.uses.as_str(), facts));
        let trusted = |key: &String| facts.verify.trusts(key.split('@').next().unwrap_or_default());
        keys.filter(|key| !key.starts_with(FOLDER) && !self.called.contains_key(key) && !trusted(key)).collect()
    }

    /// Actions and scripts of this repository that steps name and that were not read, or not at the ref that a run uses.
    pub fn unread(&self, facts: &Facts) -> Vec<Unread> {
        let is_own = |named: &Reference<'_>| named.is_of(facts.repository.as_ref());
        let why = |uses: &str| match self.local.lacks(uses) {
            Some(why) => Some(why.map_or(WhyUnread::Absent, |why| WhyUnread::Unreadable(why.clone()))),
            None => {
                let git_ref = Reference::parse(uses).filter(is_own)?.git_ref?;
                (!facts.is_default(git_ref)).then(|| WhyUnread::AtRef(git_ref.to_owned()))
            }
        };
        let mut found: BTreeMap<String, Unread> = BTreeMap::new();
        for workflow in self.workflows() {
            for own in workflow.jobs.iter().flat_map(|job| &job.steps) {
                let pos = own.uses.as_ref().map_or(own.pos, |uses| uses.pos);
                for step in self.local.steps_within(std::slice::from_ref(own)).into_iter().chain([own]) {
                    let action = step.uses.as_ref().and_then(|uses| Some((uses.as_str().to_owned(), why(uses.as_str())?)));
                    let scripts = self.local.unread_scripts_of(step).into_iter();
                    let scripts = scripts.map(|(path, why)| (path, WhyUnread::Unreadable(why.clone())));
                    for (name, why) in action.into_iter().chain(scripts) {
                        let new = Unread { name: name.clone(), why, file: workflow.path.clone(), pos };
                        found.entry(name).or_insert(new);
                    }
                }
            }
        }
        found.into_values().collect()
    }
}

/// The path of the workflow that the `uses` of a job names within a file: below [`FOLDER`] if it is one of this repository, else
/// `OWNER/REPO/.github/workflows/FILE@REF`; none if GitHub does not accept it. `./` is read where the file itself is.
pub(super) fn target(workflow: &Workflow, uses: &str, facts: &Facts) -> Option<String> {
    if let Some(path) = uses.strip_prefix("./").or_else(|| uses.strip_prefix("$/")) {
        // A called workflow of another repository calls its neighbor at the same ref.
        let here = Reference::parse(&workflow.path).filter(|named| named.path.starts_with(FOLDER));
        let found = match here.and_then(|Reference { owner, name, git_ref, .. }| Some((owner, name, git_ref?))) {
            Some((owner, name, git_ref)) => format!("{owner}/{name}/{path}@{git_ref}"),
            None => path.to_owned(),
        };
        return path.starts_with(FOLDER).then_some(found);
    }
    let named = Reference::parse(uses).filter(|named| named.path.starts_with(FOLDER))?;
    let git_ref = named.git_ref.filter(|git_ref| !git_ref.is_empty())?;
    let is_own = facts.is_default(git_ref) && named.is_of(facts.repository.as_ref());
    Some(if is_own { named.path } else { uses }.to_owned())
}

/// Whether two paths name one file of the repository.
pub(in crate::workflows) fn same_path(a: &str, b: &str) -> bool {
    a.trim_start_matches("./") == b.trim_start_matches("./")
}
