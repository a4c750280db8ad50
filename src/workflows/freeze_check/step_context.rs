//! Where a step runs: its shell, its directory, its environment variables, and which gate.toml is there.

use std::collections::BTreeSet;

use super::shell::Word;
use super::{FreezeFacts, Question, variables};
use crate::desired::freeze::Policy;
use crate::model::EnvName;
use crate::workflows::deploys::below;
use crate::workflows::expressions::{self, Functions, Resolved, Status};
use crate::workflows::model::{Job, Step, Workflow};
use crate::workflows::secrets;
use crate::workflows::yaml::Node;

/// The shell of a script, as far as its failures matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shell {
    /// A POSIX shell with `-e`.
    StopsAtFailure,
    /// A POSIX shell without `-e`: only the last command decides.
    GoesOn,
    /// PowerShell, cmd, or whichever of these and bash an unknown runner has.
    NotPosix,
    /// Something else, such as Python.
    Foreign,
}

/// The contents of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Checkouts {
    /// The directory of the run's own commit, once it is checked out.
    own: Option<String>,
    /// Directories that hold something else.
    others: Vec<String>,
    /// Why the workspace is unknown.
    unclear: Option<String>,
}

/// What is known about the job's machine before a step.
pub(super) struct StepContext<'a> {
    pub(super) question: Question<'a>,
    workflow: &'a Workflow,
    job: &'a Job,
    checkouts: Checkouts,
    /// Variables that steps before this one set for it through `$GITHUB_ENV`.
    written: BTreeSet<String>,
}

/// The placeholder in a script for the expression of the job's `environment`.
const JOB_ENVIRONMENT: &str = "GATECTL-THE-ENVIRONMENT-OF-THE-JOB";
/// The placeholder in a script for an unknown value that cannot contain shell syntax.
const PLAIN_VALUE: &str = "${GITHUB_VALUE}";
/// The placeholder in a script for a value that may contain anything: the script is not read beyond it.
const ANY_VALUE: &str = "\0";

/// Values that GitHub or an admin of the repository chooses, never the person who starts a run.
const PLAIN_VALUES: &[&str] = &[
    "github.action_path",
    "github.actor",
    "github.api_url",
    "github.job",
    "github.repository",
    "github.repository_owner",
    "github.run_attempt",
    "github.run_id",
    "github.run_number",
    "github.server_url",
    "github.sha",
    "github.token",
    "github.triggering_actor",
];

impl<'a> StepContext<'a> {
    pub(super) fn of(workflow: &'a Workflow, job: &'a Job, question: &Question<'a>) -> Self {
        Self { question: *question, workflow, job, checkouts: Checkouts::default(), written: BTreeSet::new() }
    }

    /// The script of a step as the shell gets it, with expressions filled in; `None` if it has none.
    pub(super) fn script(&self, step: &Step) -> Option<String> {
        Some(secrets::replaced(step.run.as_ref()?.as_str(), |inside| self.value(inside)))
    }

    fn value(&self, expression: &str) -> String {
        let of_job = self.job.environment.name().and_then(|name| only_expression(name.as_str()));
        if let Some(value) = self.known(&format!("${{{{{expression}}}}}")) {
            return value;
        }
        let path = expression.trim().to_ascii_lowercase();
        let is_name = |rest: &str| rest.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        if of_job.is_some_and(|of_job| without_spaces(of_job) == without_spaces(expression)) {
            JOB_ENVIRONMENT.to_owned()
        } else if path == "github.workspace" {
            "$GITHUB_WORKSPACE".to_owned()
        } else if PLAIN_VALUES.contains(&path.as_str())
            || ["secrets.", "vars.", "runner."].iter().any(|prefix| path.strip_prefix(prefix).is_some_and(is_name))
        {
            PLAIN_VALUE.to_owned()
        } else {
            ANY_VALUE.to_owned()
        }
    }

    /// The value of a scalar, if it is known.
    pub(super) fn known(&self, text: &str) -> Option<String> {
        let functions = Functions { status: Some(Status::UNKNOWN), hash_files: true };
        match expressions::interpolate(text, self.question.contexts, &functions) {
            Ok(Resolved::Known(value)) => Some(value.to_text()),
            _ => None,
        }
    }

    /// What a word of a script results in, if it is known; `$NAME` is looked up in `env`.
    pub(super) fn word(&self, word: &Word, step: &Step) -> Option<String> {
        if word.literal {
            return Some(word.text.clone());
        }
        let (before, name) = match word.text.split_once('$') {
            Some((before, name)) if before.is_empty() || before.ends_with('=') => (before, name),
            _ => return None,
        };
        let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name || self.written.contains(name) {
            return None;
        }
        let text = self.variables(step).find(|(key, _)| *key == name).map(|(_, text)| text)?;
        let value = match only_expression(text) {
            Some(inside) if self.value(inside) == JOB_ENVIRONMENT => JOB_ENVIRONMENT.to_owned(),
            _ => self.known(text)?,
        };
        value.chars().all(|c| c.is_alphanumeric() || "-_./".contains(c)).then(|| format!("{before}{value}"))
    }

    /// The variables that `env` sets for a step, the nearest ones first.
    fn variables<'s>(&self, step: &'s Step) -> impl Iterator<Item = (&'s str, &'s str)>
    where
        'a: 's,
    {
        let workflow: &'a Workflow = self.workflow;
        let job: &'a Job = self.job;
        envs(workflow, job, step)
            .filter_map(Node::mapping)
            .flatten()
            .filter_map(|(key, value)| Some((key.text.as_str(), value.scalar()?.text.as_str())))
    }

    /// Records what a command wrote to `$GITHUB_ENV`.
    pub(super) fn wrote(&mut self, name: &str) {
        self.written.insert(name.to_owned());
    }

    /// Checks that no variable changes what the freeze check of a step reads.
    ///
    /// # Errors
    /// Which one does.
    pub(super) fn untouched(&self, step: &Step) -> Result<(), String> {
        let policy = self.question.freeze.policy;
        for (name, text) in self.variables(step) {
            let is_own = variables::is_stored(name, policy)
                && only_expression(text).is_some_and(|inside| inside.trim().eq_ignore_ascii_case(&format!("vars.{name}")));
            if variables::change_check(name, text, policy) && !is_own {
                return Err(format!("the variable `{name}` in `env` changes what the freeze check asks"));
            }
        }
        // `env` as one expression may set anything.
        if self.has_opaque_env(step) {
            return Err("`env` is not a plain mapping and may change what the freeze check asks".to_owned());
        }
        Ok(())
    }

    fn has_opaque_env(&self, step: &Step) -> bool {
        envs(self.workflow, self.job, step).any(|env| env.mapping().is_none() && !env.is_null())
    }

    /// Whether `env` may make a program of a step run other code than its own; `None` is an action.
    pub(super) fn may_run_code_of_env(&self, step: &Step, program: Option<&str>) -> bool {
        let value = |text: &str| self.known(text).unwrap_or_else(|| text.to_owned());
        self.has_opaque_env(step) || self.variables(step).any(|(name, text)| variables::name_code(name, &value(text), program))
    }

    pub(super) fn shell(&self, step: &Step) -> Shell {
        match &step.shell {
            None if self.is_posix_runner() => Shell::StopsAtFailure,
            None => Shell::NotPosix,
            Some(text) => of_template(text.as_str()),
        }
    }

    /// Whether the runner's default shell is bash or sh.
    fn is_posix_runner(&self) -> bool {
        if self.job.body.get("container").is_some_and(|container| !container.is_null()) {
            return true;
        }
        let Some(runs_on) = self.job.body.get("runs-on") else { return false };
        let labels = if runs_on.mapping().is_some() { runs_on.get("labels") } else { Some(runs_on) };
        let labels: Vec<Option<String>> = labels.into_iter().flat_map(Node::items).map(|item| self.known(&item.scalar()?.text)).collect();
        let is_posix = |label: &str| {
            let label = label.to_ascii_lowercase();
            label.split(['-', '_', '.']).any(|part| ["ubuntu", "macos", "linux", "debian"].contains(&part))
        };
        let is_windows = |label: &str| label.to_ascii_lowercase().contains("win");
        labels.iter().flatten().any(|label| is_posix(label)) && !labels.iter().any(|label| label.as_deref().is_none_or(is_windows))
    }

    /// The directory in which a step's script starts, from the workspace; `None` if it is not known.
    pub(super) fn start(&self, step: &Step) -> Option<String> {
        let folder = step.working_directory.as_ref().map_or("", |text| text.as_str());
        joined("", &self.known(folder)?)
    }

    /// Whether a directory is the root of the repository, and nothing else is in the workspace.
    pub(super) fn is_own_root(&self, directory: Option<&str>) -> bool {
        let Checkouts { own, others, unclear } = &self.checkouts;
        unclear.is_none() && others.is_empty() && directory == Some(own.as_deref().unwrap_or_default())
    }

    /// Whether a name is the environment that the proof is about.
    pub(super) fn is_environment(&self, name: &str) -> bool {
        name == JOB_ENVIRONMENT || EnvName::new(name).is_ok_and(|name| name == *self.question.environment)
    }

    /// Whether gatectl reads the gate.toml that the verdict is about.
    ///
    /// # Errors
    /// Why it may read another one.
    pub(super) fn reads_config(&self, directory: Option<&str>, flag: Option<&str>) -> Result<(), String> {
        let FreezeFacts { config, policy, holds } = self.question.freeze;
        let Some(want) = config else { return Ok(()) };
        if let Some(why) = &self.checkouts.unclear {
            return Err(why.clone());
        }
        let Some(root) = &self.checkouts.own else {
            // Without any file, gatectl refuses the deploy; with `--app` it reads the store, but no windows or other keys.
            let is_plain = policy.windows.is_empty() && policy.flag == Policy::FLAG && policy.override_flag == Policy::OVERRIDE;
            return if is_plain { Ok(()) } else { Err(format!("the freeze check runs without a checkout, so it does not know {want}")) };
        };
        let Some(directory) = directory else { return Err("the directory that the freeze check runs in is not known".to_owned()) };
        let in_workspace = if root.is_empty() { want.to_owned() } else { format!("{root}/{want}") };
        let other =
            || Err(format!("the freeze check may read another gate.toml than {want}: run it in the repository's root with `-c {want}`"));
        let is_under =
            |path: &str, folder: &String| path == folder || path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'));
        if self.checkouts.others.iter().any(|folder| is_under(&in_workspace, folder) || (flag.is_none() && is_under(directory, folder))) {
            return other();
        }
        if let Some(flag) = flag {
            return if joined(directory, flag).as_ref() == Some(&in_workspace) { Ok(()) } else { other() };
        }
        let mut folder = Some(directory);
        while let Some(here) = folder {
            let file = if here.is_empty() { "gate.toml".to_owned() } else { format!("{here}/gate.toml") };
            if file == in_workspace {
                return Ok(());
            }
            let in_repository = if root.is_empty() {
                Some(file.as_str())
            } else {
                file.strip_prefix(root.as_str()).and_then(|rest| rest.strip_prefix('/'))
            };
            if in_repository.is_some_and(|file| holds(file) != Some(false)) {
                return other();
            }
            folder = here.rsplit_once('/').map(|(above, _)| above).or_else(|| (!here.is_empty()).then_some(""));
        }
        other()
    }

    /// Records a checkout: its commit and directory.
    pub(super) fn checked_out(&mut self, step: &Step) {
        let repository = step.input("repository").unwrap_or_default();
        let is_own = repository.is_empty()
            || only_expression(repository).is_some_and(|inside| inside.trim() == "github.repository")
            || self.known("${{ github.repository }}").is_some_and(|own| own.eq_ignore_ascii_case(repository));
        let is_run = step.input("ref").is_none_or(|text| self.is_the_runs_commit(text));
        let path = self.known(step.input("path").unwrap_or_default()).and_then(|path| joined("", &path));
        let Checkouts { own, others, unclear } = &mut self.checkouts;
        match path {
            Some(path) if is_own && is_run && own.as_ref().is_none_or(|before| *before == path) => *own = Some(path),
            Some(path) if !path.is_empty() => others.push(path),
            Some(_) if is_own && is_run => {
                *unclear = Some("the repository is checked out in two places before the freeze check".to_owned());
            }
            Some(_) if is_own => {
                *unclear =
                    Some("the freeze check reads the gate.toml of another commit than the run's: its checkout has a `ref`".to_owned());
            }
            Some(_) => *unclear = Some("another repository is checked out before the freeze check".to_owned()),
            None => *unclear = Some("a checkout before the freeze check has a `path` that is not known".to_owned()),
        }
    }

    /// Whether the `ref` of a checkout is the commit of the run.
    fn is_the_runs_commit(&self, text: &str) -> bool {
        if text.trim().is_empty()
            || only_expression(text).is_some_and(|inside| ["github.sha", "github.ref", "github.ref_name"].contains(&inside.trim()))
        {
            return true;
        }
        let own = ["${{ github.ref }}", "${{ github.ref_name }}"].map(|text| self.known(text));
        self.known(text).is_some_and(|value| own.contains(&Some(value)))
    }
}

/// Each `env` that a step gets, the nearest one first.
fn envs<'s>(workflow: &'s Workflow, job: &'s Job, step: &'s Step) -> impl Iterator<Item = &'s Node> {
    let container = job.body.get("container").and_then(|container| container.get("env"));
    [step.body.get("env"), job.body.get("env"), workflow.env.as_ref(), container].into_iter().flatten()
}

/// A directory as seen from another one, without `.` and `..`; `None` if it is not below the workspace or not plain.
pub(super) fn joined(from: &str, to: &str) -> Option<String> {
    let to = to.trim();
    let (from, to) = match to.strip_prefix("${GITHUB_WORKSPACE}").or_else(|| to.strip_prefix("$GITHUB_WORKSPACE")) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => ("", rest.trim_start_matches('/')),
        _ => (from, to),
    };
    if to.starts_with(['/', '~', '-', '\\']) || to.contains(['$', '*', '?']) {
        return None;
    }
    below(from, to)
}

/// `bash -euo pipefail {0}` and what else may stand in `shell:`.
fn of_template(text: &str) -> Shell {
    match text {
        "bash" | "sh" => return Shell::StopsAtFailure,
        "pwsh" | "powershell" | "cmd" => return Shell::NotPosix,
        _ => {}
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some((&shell, options)) = words.split_first() else { return Shell::Foreign };
    let Some((&"{0}", options)) = options.split_last() else { return Shell::Foreign };
    if !["bash", "sh"].contains(&shell.rsplit('/').next().unwrap_or_default()) {
        return Shell::Foreign;
    }
    let mut stops = false;
    let mut rest = options.iter();
    while let Some(option) = rest.next() {
        match (*option, option.strip_prefix('-')) {
            ("--noprofile" | "--norc" | "--login", _) => {}
            (_, Some(letters)) if !letters.is_empty() && letters.chars().all(|c| "eluxop".contains(c) && c != 'p') => {
                stops |= letters.contains('e');
                if letters.contains('o') {
                    match rest.next() {
                        Some(&"errexit") => stops = true,
                        Some(&("pipefail" | "nounset" | "xtrace")) => {}
                        _ => return Shell::Foreign,
                    }
                }
            }
            _ => return Shell::Foreign,
        }
    }
    if stops { Shell::StopsAtFailure } else { Shell::GoesOn }
}

/// The inside of a text that is one `${{ }}` and nothing else.
fn only_expression(text: &str) -> Option<&str> {
    let inside = text.trim().strip_prefix("${{")?.strip_suffix("}}")?;
    (!inside.contains("}}")).then_some(inside)
}

fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
