//! The files that a check looks at: the repository's workflows, workflows of others that they call, and what they run of the
//! checkout. Owns how each is found. Reads no files itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::OnceLock;

use crate::model::RepoName;
use crate::workflows::deploys::{Holds, Local, Passed};
use crate::workflows::facts::Facts;
use crate::workflows::model::{Job, Workflow};
use crate::workflows::read::read;
use crate::workflows::reads::Reads;
use crate::workflows::reference::Reference;
use crate::workflows::source::{NoText, Origin, SourceFile};
use crate::workflows::yaml::{Pos, YamlError};

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

/// Why a workflow could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// There is no text of it.
    NoText(NoText),
    /// Its text is not YAML.
    NotYaml(YamlError),
}

impl Unreadable {
    /// Where it goes wrong.
    pub const fn pos(&self) -> Pos {
        match self {
            Self::NoText(_) => Pos { line: 1, col: 1 },
            Self::NotYaml(error) => error.pos,
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoText(why) => why.fmt(f),
            Self::NotYaml(error) => f.write_str(&error.why),
        }
    }
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
    Unreadable(NoText),
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
            let workflow = |text: Result<String, NoText>| match text {
                Ok(text) => read(&path, &text).map_err(Unreadable::NotYaml),
                Err(why) => Err(Unreadable::NoText(why)),
            };
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

    /// Every workflow of this repository, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Result<Workflow, Unreadable>)> {
        self.own.iter()
    }

    /// A workflow by the path that entries of jobs have: one of this repository, or one that is called elsewhere.
    pub fn any(&self, path: &str) -> Option<&Result<Workflow, Unreadable>> {
        self.own.get(path).or_else(|| self.called.get(path))
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
        let known = at.and_then(|at| self.holds.get_or_init(|| self.all_holds()).get(&workflow.path)?.get(at));
        known.cloned().unwrap_or_else(|| Holds::of(workflow, job, &Local::default()))
    }

    fn all_holds(&self) -> BTreeMap<String, Vec<Holds>> {
        let nothing = Local::default();
        let of = |workflow: &Workflow, local: &Local| {
            (workflow.path.clone(), workflow.jobs.iter().map(|job| Holds::of(workflow, job, local)).collect())
        };
        let own = self.own.values().flatten().map(|workflow| of(workflow, &self.local));
        own.chain(self.called.values().flatten().map(|workflow| of(workflow, &nothing))).collect()
    }

    /// Files of the checkout that steps run and that were not read: candidates that need not exist in the checkout.
    pub fn wanted_of_the_checkout(&self) -> BTreeSet<String> {
        self.local.wanted(self.own.values().flatten())
    }

    /// Workflows that jobs call in other repositories, or at another ref of this one, and that were not read:
    /// `OWNER/REPO/.github/workflows/FILE@REF`. Those that get nothing to deploy with, and trusted ones, are left out.
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
        for workflow in self.own.values().flatten() {
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
