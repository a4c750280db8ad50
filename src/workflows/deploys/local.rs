//! Actions and scripts of the checkout that steps run: which they are, and what is in them.
//!
//! Owns the paths that a workflow can name literally. Reads no file itself: the caller passes the files in.

use std::collections::{BTreeMap, BTreeSet};

use super::shell;
use crate::model::RepoName;
use crate::workflows::model::{Step, Workflow};
use crate::workflows::read::steps_of;
use crate::workflows::reference::Reference;
use crate::workflows::source::NoText;
use crate::workflows::yaml;

/// The files of the checkout that workflows run, by path.
#[derive(Debug, Clone, Default)]
pub struct Local {
    /// The repository, whose actions may be named in full.
    repository: Option<RepoName>,
    composites: BTreeMap<String, Composite>,
    /// Folders of actions that run a program or a container: what they do is not read.
    programs: BTreeSet<String>,
    scripts: BTreeMap<String, String>,
    /// What is there and could not be read, by path.
    unread: BTreeMap<String, NoText>,
}

/// A composite action.
#[derive(Debug, Clone)]
pub(super) struct Composite {
    pub(super) steps: Vec<Step>,
    /// The defaults of its inputs.
    pub(super) defaults: BTreeMap<String, String>,
}

impl Local {
    /// Nothing yet, of a repository.
    #[must_use]
    pub fn of(repository: Option<&RepoName>) -> Self {
        Self { repository: repository.cloned(), ..Self::default() }
    }

    /// Adds a file of the checkout, or why there is no text of it.
    pub fn add(&mut self, path: &str, text: Result<String, NoText>) {
        let text = match text {
            Ok(text) => text,
            Err(why) => {
                self.unread.insert(path.to_owned(), why);
                return;
            }
        };
        let is_action = matches!(path.rsplit('/').next(), Some("action.yml" | "action.yaml"));
        match yaml::parse(&text).ok().filter(|_| is_action) {
            Some(root) => {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let using = root.get("runs").and_then(|runs| runs.get("using")).and_then(|using| using.scalar());
                if using.is_none_or(|using| using.text != "composite") {
                    self.programs.insert(folder.to_owned());
                    return;
                }
                let defaults = root.get("inputs").and_then(|inputs| inputs.mapping()).into_iter().flatten();
                let defaults =
                    defaults.filter_map(|(key, input)| Some((key.text.to_lowercase(), input.get("default")?.scalar()?.text.clone())));
                let steps = root.get("runs").map(steps_of).unwrap_or_default();
                self.composites.insert(folder.to_owned(), Composite { steps, defaults: defaults.collect() });
            }
            None => _ = self.scripts.insert(path.to_owned(), text),
        }
    }

    pub(super) fn composite(&self, uses: &str) -> Option<&Composite> {
        self.composites.get(&self.folder(uses)?)
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
    pub(in crate::workflows) fn lacks(&self, uses: &str) -> Option<Option<&NoText>> {
        let folder = self.folder(uses).filter(|folder| !self.composites.contains_key(folder) && !self.programs.contains(folder))?;
        Some(files_of_action(&folder).iter().find_map(|path| self.unread.get(path)))
    }

    /// The folder of an action of this repository: `./.github/actions/x`, `$/…`, or by the repository's name, `OWNER/REPO/…@REF`.
    fn folder(&self, uses: &str) -> Option<String> {
        let is_own = |named: &Reference<'_>| named.git_ref.is_some() && named.is_of(self.repository.as_ref());
        let own = || Reference::parse(uses).filter(is_own).map(|named| named.path);
        let path = uses.strip_prefix("./").or_else(|| uses.strip_prefix("$/")).or_else(|| (uses == ".").then_some("")).or_else(own)?;
        normal("", path)
    }

    /// The scripts that a step runs by a literal path.
    pub(super) fn scripts_of<'a>(&'a self, step: &Step) -> Vec<&'a str> {
        scripts(step).iter().filter_map(|path| self.scripts.get(path)).map(String::as_str).collect()
    }

    /// The scripts that a step names and that could not be read.
    pub(in crate::workflows) fn unread_scripts_of(&self, step: &Step) -> Vec<(String, &NoText)> {
        scripts(step).into_iter().filter_map(|path| Some((path.clone(), self.unread.get(&path)?))).collect()
    }

    /// The files that workflows name and that were not passed in: candidates that need not exist in the checkout.
    #[must_use]
    pub fn wanted<'a>(&self, workflows: impl Iterator<Item = &'a Workflow>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let own = workflows.flat_map(|workflow| &workflow.jobs).flat_map(|job| &job.steps);
        for step in own.chain(self.composites.values().flat_map(|composite| &composite.steps)) {
            if let Some(folder) = step.uses.as_ref().and_then(|uses| self.folder(uses.as_str())) {
                found.extend(files_of_action(&folder));
            }
            found.extend(scripts(step));
        }
        let have = |path: &String| {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let is_action = path.ends_with("action.yml") || path.ends_with("action.yaml");
            let known = self.composites.contains_key(folder) || self.programs.contains(folder);
            self.scripts.contains_key(path) || self.unread.contains_key(path) || is_action && known
        };
        found.into_iter().filter(|path| !have(path)).collect()
    }
}

/// Where the file of an action in a folder may be.
fn files_of_action(folder: &str) -> [String; 2] {
    ["action.yml", "action.yaml"].map(|name| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
}

/// The paths in a step's script that could be scripts of the checkout.
fn scripts(step: &Step) -> BTreeSet<String> {
    let Some(run) = &step.run else { return BTreeSet::new() };
    let folder = step.body.get("working-directory").and_then(|node| node.scalar()).map_or("", |scalar| scalar.text.as_str());
    let mut found = BTreeSet::new();
    for words in shell::commands(run.as_str()) {
        let is_path = |word: &&String| {
            let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
            plain && !word.starts_with(['-', '/']) && (word.contains('/') || word.ends_with(".sh"))
        };
        found.extend(words.iter().filter(is_path).filter_map(|word| normal(folder, word)));
    }
    found
}

/// A path below the root of the checkout; none for one that leaves it.
fn normal(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part if part.contains(['$', '\\', ':']) => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
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
}
