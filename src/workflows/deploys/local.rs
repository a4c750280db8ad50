//! Actions and scripts of the checkout that steps run: which they are, and what is in them.
//!
//! Owns which files of the checkout steps lead to. Reads no file itself: the caller passes the files in.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::paths::{self, Folders, Named, plain};
use super::strings;
use crate::model::RepoName;
use crate::workflows::model::{Step, Workflow};
use crate::workflows::read::steps_of;
use crate::workflows::reference::Reference;
use crate::workflows::source::Unreadable;
use crate::workflows::yaml::{self, Key, Node};

/// The files of the checkout that workflows run, by path.
#[derive(Debug, Clone, Default)]
pub struct Local {
    /// The repository, whose actions may be named in full.
    repository: Option<RepoName>,
    /// By folder; none for an action that runs a program or a container: what it does is not read.
    actions: BTreeMap<String, Option<Composite>>,
    /// What may be a script, or why what is there could not be read.
    files: BTreeMap<String, Result<Script, Unreadable>>,
}

/// A file that a step may run.
#[derive(Debug, Clone)]
struct Script {
    text: String,
    /// The commands that it holds in quotes, if its language is not that of a shell.
    quoted: Vec<String>,
    /// What it names, if it is a script.
    named: Vec<Named>,
}

impl Script {
    fn of(path: &str, text: String) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        if strings::is_of_language(name) {
            let quoted = strings::commands(&text);
            return Self { named: quoted.iter().flat_map(|command| paths::named(command)).collect(), quoted, text };
        }
        let ending = name.rsplit_once('.').map(|(_, ending)| ending);
        let is_shell = ending.is_none_or(|ending| SHELLS.contains(&ending)) || text.starts_with("#!");
        let named = if is_shell { paths::named(&text) } else { Vec::new() };
        Self { text, quoted: Vec::new(), named }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        [&self.text].into_iter().chain(&self.quoted).map(String::as_str)
    }
}

/// Endings of scripts of a shell.
const SHELLS: &[&str] = &["sh", "bash", "zsh", "ksh", "ps1", "cmd", "bat"];

/// How many scripts that run others are followed for one step.
const MOST: usize = 64;

/// A composite action.
#[derive(Debug, Clone)]
pub(super) struct Composite {
    pub(super) steps: Vec<Step>,
    /// The defaults of its inputs.
    pub(super) defaults: BTreeMap<String, String>,
}

impl Composite {
    /// The action of a folder; none for another kind of action.
    fn of(folder: &str, action: &Node) -> Option<Self> {
        let runs = action.get("runs")?;
        // The runner compares it without case.
        runs.get("using")?.scalar().filter(|using| using.text.eq_ignore_ascii_case("composite"))?;
        let mut steps = steps_of(runs);
        for step in &mut steps {
            step.action_path = Some(folder.to_owned());
        }
        let inputs = action.get("inputs").and_then(Node::mapping).into_iter().flatten();
        let default = |(key, input): &(Key, Node)| Some((key.text.to_lowercase(), input.get("default")?.scalar()?.text.clone()));
        Some(Self { steps, defaults: inputs.filter_map(default).collect() })
    }
}

impl Local {
    /// Nothing yet, of a repository.
    pub fn of(repository: Option<&RepoName>) -> Self {
        Self { repository: repository.cloned(), ..Self::default() }
    }

    /// Adds a file of the checkout, or why there is no text of it.
    pub fn add(&mut self, path: &str, text: Result<String, Unreadable>) {
        let is_action = matches!(path.rsplit('/').next(), Some("action.yml" | "action.yaml"));
        let root = text.as_ref().ok().filter(|_| is_action).and_then(|text| yaml::parse(text).ok());
        if let Some(root) = root {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            self.actions.insert(folder.to_owned(), Composite::of(folder, &root));
        } else {
            self.files.insert(path.to_owned(), text.map(|text| Script::of(path, text)));
        }
    }

    pub(super) fn composite(&self, uses: &str) -> Option<&Composite> {
        self.actions.get(&self.folder(uses)?)?.as_ref()
    }

    /// The steps of the actions of the checkout that some steps use, and of those that these use.
    pub(in crate::workflows) fn steps_within<'a>(&'a self, steps: &'a [Step]) -> Vec<&'a Step> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut left: Vec<&Step> = steps.iter().collect();
        while let Some(step) = left.pop() {
            let uses = step.uses.as_ref().filter(|uses| seen.insert(uses.as_str()));
            let inner = uses.and_then(|uses| self.composite(uses.as_str())).map(|composite| composite.steps.as_slice());
            found.extend(inner.unwrap_or_default());
            left.extend(inner.unwrap_or_default());
        }
        found
    }

    /// If a step uses an action of this repository that is not here: why its file could not be read, if there is one.
    pub(in crate::workflows) fn lacks(&self, uses: &str) -> Option<Option<&Unreadable>> {
        let folder = self.folder(uses).filter(|folder| !self.actions.contains_key(folder))?;
        Some(files_of_action(&folder).iter().find_map(|path| self.files.get(path)?.as_ref().err()))
    }

    /// The folder of an action of this repository: `./.github/actions/x`, `$/…`, or by the repository's name, `OWNER/REPO/…@REF`.
    fn folder(&self, uses: &str) -> Option<String> {
        let is_own = |named: &Reference<'_>| named.git_ref.is_some() && named.is_of(self.repository.as_ref());
        let own = || Reference::parse(uses).filter(is_own).map(|named| named.path);
        let path = uses.strip_prefix("./").or_else(|| uses.strip_prefix("$/")).or_else(|| (uses == ".").then_some("")).or_else(own)?;
        plain("", path)
    }

    /// The scripts that a step may run, with those that these may run.
    pub(super) fn scripts_of<'a>(&'a self, step: &Step) -> Vec<&'a str> {
        self.files_of(step).iter().filter_map(|path| self.files.get(path)?.as_ref().ok()).flat_map(Script::texts).collect()
    }

    /// The scripts that a step may run and that could not be read.
    pub(in crate::workflows) fn unread_scripts_of(&self, step: &Step) -> Vec<(String, &Unreadable)> {
        self.files_of(step).into_iter().filter_map(|path| Some((path.clone(), self.files.get(&path)?.as_ref().err()?))).collect()
    }

    /// The paths that could be scripts of the checkout which a step runs, by itself or through a script that was read.
    fn files_of(&self, step: &Step) -> BTreeSet<String> {
        let Some(run) = &step.run else { return BTreeSet::new() };
        let mut folders = Folders::of(step);
        let mut found = BTreeSet::new();
        let mut left = VecDeque::from(folders.files(&paths::named(run.as_str())));
        let mut followed = 0;
        while let Some(path) = left.pop_front() {
            if !found.insert(path.clone()) {
                continue;
            }
            if let Some(Ok(script)) = self.files.get(&path)
                && !script.named.is_empty()
                && followed < MOST
            {
                followed += 1;
                let more = folders.within(&path).files(&script.named);
                left.extend(more.into_iter().filter(|path| !found.contains(path)));
            }
        }
        found
    }

    /// The files that workflows name and that were not passed in: candidates that need not exist in the checkout.
    pub fn wanted<'a>(&self, workflows: impl Iterator<Item = &'a Workflow>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let own = workflows.flat_map(|workflow| &workflow.jobs).flat_map(|job| &job.steps);
        for step in own.chain(self.actions.values().flatten().flat_map(|composite| &composite.steps)) {
            if let Some(folder) = step.uses.as_ref().and_then(|uses| self.folder(uses.as_str())) {
                found.extend(files_of_action(&folder));
            }
            found.extend(self.files_of(step));
        }
        let have = |path: &String| {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let is_action = path.ends_with("action.yml") || path.ends_with("action.yaml");
            self.files.contains_key(path) || is_action && self.actions.contains_key(folder)
        };
        found.into_iter().filter(|path| !have(path)).collect()
    }
}

/// Where the file of an action in a folder may be.
fn files_of_action(folder: &str) -> [String; 2] {
    ["action.yml", "action.yaml"].map(|name| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflows::read::read;

    fn wanted(local: &Local, steps: &str) -> Vec<String> {
        let workflow = read("x.yml", &format!("on: push\njobs: {{a: {{runs-on: x, steps: {steps}}}}}")).unwrap();
        local.wanted([&workflow].into_iter()).into_iter().collect()
    }

    #[test]
    fn only_literal_paths_within_the_checkout_are_wanted() {
        let steps = "[{uses: ./.github/actions/go}, {run: './scripts/ship.sh prod && bash ci/x.sh'}, {run: ../up.sh}, {run: /bin/ls}, {run: '$HOME/a.sh'}, {run: ship.sh, working-directory: ops}, {run: ship.sh, working-directory: $OPS}]";
        assert_eq!(
            wanted(&Local::default(), steps),
            [".github/actions/go/action.yaml", ".github/actions/go/action.yml", "ci/x.sh", "ops/ship.sh", "scripts/ship.sh"]
        );
    }

    #[test]
    fn what_was_read_is_not_wanted_again_and_what_an_action_runs_is() {
        let mut local = Local::default();
        local.add("ci/go/action.yml", Ok("runs: {using: composite, steps: [{run: ci/inner.sh, shell: sh}]}".to_owned()));
        local.add("ci/node/action.yaml", Ok("runs: {using: node20, main: x.js}".to_owned()));
        local.add("ci/known.sh", Ok("true".to_owned()));
        let steps = "[{uses: ./ci/go}, {uses: ./ci/node}, {uses: ./ci/gone}, {run: ci/known.sh && ci/go/other.sh}]";
        let want = ["ci/go/other.sh", "ci/gone/action.yaml", "ci/gone/action.yml", "ci/inner.sh"];
        assert_eq!(wanted(&local, steps), want);
        for (uses, lacks) in [("./ci/go", false), ("./ci/node", false), ("./ci/gone", true), ("actions/checkout@v4", false), (".", true)] {
            assert_eq!(local.lacks(uses).is_some(), lacks, "{uses}");
        }
    }

    #[test]
    fn every_file_that_a_large_workflow_names_is_wanted() {
        let steps: Vec<String> = (0..3_000).map(|at| format!("{{run: ci/{at}.sh}}")).collect();
        assert_eq!(wanted(&Local::default(), &format!("[{}]", steps.join(", "))).len(), 3_000);
    }

    #[test]
    fn the_folder_of_a_step_is_its_own_or_that_of_the_defaults() {
        for (workflow, job, step, want) in [
            ("w", "", "", "w/go.sh"),
            ("w", "j", "", "j/go.sh"),
            ("w", "j", "s", "s/go.sh"),
            ("", "j", "", "j/go.sh"),
            ("", "", "", "go.sh"),
        ] {
            let key = |folder: &str| if folder.is_empty() { String::new() } else { format!("working-directory: {folder}") };
            let defaults = |folder: &str| format!("defaults: {{run: {{{}}}}}", key(folder));
            let text = format!(
                "on: push\n{}\njobs: {{a: {{runs-on: x, {}, steps: [{{run: ./go.sh, {}}}]}}}}",
                defaults(workflow),
                defaults(job),
                key(step)
            );
            let workflow = read("x.yml", &text).unwrap();
            assert_eq!(Local::default().wanted([&workflow].into_iter()).into_iter().collect::<Vec<_>>(), [want], "{text}");
        }
    }

    #[test]
    fn what_a_script_names_is_wanted_and_what_other_files_name_is_not() {
        for (path, text, want) in [
            ("ops/a.sh", "./ops/go.sh; . lib/x", vec!["lib/x", "ops/go.sh", "ops/lib/x", "ops/ops/go.sh"]),
            ("ops/a.sh", "\"$(dirname \"$0\")/go\"", vec!["go", "ops/go"]),
            ("ops/a.py", "os.system('./go.sh'); x = a/b.sh", vec!["go.sh", "ops/go.sh"]),
            ("ops/a.json", "{\"x\": \"ops/go.sh\"} ops/go.sh", vec![]),
            ("ops/a.x", "#!/bin/sh\n$GITHUB_WORKSPACE/go", vec!["go"]),
            ("ops/a.sh", "ops/a.sh", vec!["ops/ops/a.sh"]),
        ] {
            let mut local = Local::default();
            local.add(path, Ok(text.to_owned()));
            assert_eq!(wanted(&local, &format!("[{{run: {path}}}]")), want, "{path} {text}");
        }
    }
}
