//! The paths of the checkout that scripts name, and what they start from.
//!
//! Owns which words may be paths. Errs on the side of finding one: a path that the checkout lacks costs nothing. Reads no files, and
//! takes time in proportion to the script. Tested here, and as deploys in `tests.rs`.

use std::collections::VecDeque;

use super::programs::INTERPRETERS;
use super::shell::{self, program};
use crate::workflows::model::Step;

/// Endings of scripts, which are run from their own folder without a `/`: `python go.py`.
const ENDINGS: &[&str] = &["sh", "bash", "ps1", "cmd", "bat", "py", "js", "mjs", "cjs", "ts", "rb", "pl", "php"];

/// Programs that change the working directory, in lower case.
const CHANGES: &[&str] = &["cd", "pushd", "chdir", "set-location", "push-location"];

/// Programs that print a folder: the rest of a word follows their substitution.
const PRINT_A_FOLDER: &[&str] = &["dirname", "pwd", "realpath", "readlink", "git", "cd"];

/// How many of the folders that a script changed to last its paths are looked for in.
const RECENT: usize = 8;

/// The longest folder that is kept, in bytes: a script that changes to one folder below the last, again and again, stays cheap.
const LONGEST: usize = 255;

/// How many words after an interpreter may be the script, flags aside: `bash -o pipefail go`.
const OPERANDS: usize = 3;

/// A path that a script names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// What it may run.
    File(Start, String),
    /// The working directory from there on.
    Folder(Start, String),
}

/// What a path starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// The working directory.
    Current,
    /// The root of the checkout.
    Workspace,
    /// The folder of the action or of the script itself.
    Own,
    /// A variable or a substitution: any of these.
    Unknown,
}

/// How many paths of one script are looked for: more than any script that people write names.
const MOST: usize = 1_000;

/// The first paths that a script names, in its order.
pub(super) fn named(script: &str) -> Vec<Named> {
    let mut found = Vec::new();
    for text in [Some(script.to_owned()), with_slashes(script)].into_iter().flatten() {
        let mut prints_folder = false;
        for mut words in shell::commands(&text) {
            // `$(dirname $0)/go.sh`: what follows an unquoted substitution is read as the next command.
            if let Some(first) = words.first_mut().filter(|first| prints_folder && first.starts_with('/')) {
                first.insert(0, '$');
            }
            if found.len() >= MOST {
                break;
            }
            of_command(&words, &mut found);
            prints_folder = words.first().is_some_and(|first| PRINT_A_FOLDER.contains(&program(first).as_str()));
        }
    }
    found
}

fn of_command(words: &[String], found: &mut Vec<Named>) {
    let mut operands = 0;
    let mut changes = false;
    for (at, word) in words.iter().enumerate() {
        let name = program(word);
        let path = word.rsplit(['=', '<']).next().and_then(relative);
        if let Some((start, path)) = path {
            let last = path.rsplit('/').next().unwrap_or_default();
            let is_script = path.contains('/') || last.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending));
            if changes {
                found.push(Named::Folder(start, path.to_owned()));
            } else if !path.is_empty() && (is_script || operands > 0 && !word.contains('=')) {
                found.push(Named::File(start, path.to_owned()));
            }
        }
        if !word.starts_with('-') {
            changes = at < 2 && CHANGES.contains(&name.as_str());
            operands = if INTERPRETERS.contains(&name.as_str()) || word == "." || name == "source" {
                OPERANDS
            } else {
                operands.saturating_sub(1)
            };
        }
    }
}

/// What a word starts from, and the literal path below it; none for what is not literal or certainly lies elsewhere.
fn relative(word: &str) -> Option<(Start, &str)> {
    let (start, path) = if word.starts_with('$') {
        let end = match word {
            _ if word.starts_with("${{") => word.find("}}").map(|at| at + 2),
            _ if word.starts_with("${") => word.find('}').map(|at| at + 1),
            _ => word.find('/'),
        };
        let (variable, path) = word.split_at_checked(end.unwrap_or(word.len()))?;
        (start_of(variable)?, path)
    } else {
        (Start::Current, word)
    };
    let is_below = path.is_empty() || path.starts_with('/') != (start == Start::Current);
    let is_literal = !path.starts_with(['-', '~']) && !path.contains(|c: char| c.is_control() || "$*?\"'`\\<>|&;(){}[]:!^".contains(c));
    (is_below && is_literal).then_some((start, path))
}

/// What a variable or an expression says about where a path starts; none if that is certainly not the checkout.
fn start_of(variable: &str) -> Option<Start> {
    let name: String = variable.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    match name.strip_prefix("env").unwrap_or(&name) {
        "githubworkspace" => Some(Start::Workspace),
        "githubactionpath" => Some(Start::Own),
        "home" | "userprofile" | "tmpdir" => None,
        name if name.starts_with("runner") => None,
        _ => Some(Start::Unknown),
    }
}

/// The script with the paths of Windows written with `/`; none if it has none: `.\ops\go.ps1`.
fn with_slashes(script: &str) -> Option<String> {
    let mut after = script.chars().skip(1);
    let text: String = script
        .chars()
        .map(|c| {
            let joins = after.next().is_some_and(|next| next.is_alphanumeric() || "._".contains(next));
            if c == '\\' && joins { '/' } else { c }
        })
        .collect();
    (text != script).then_some(text)
}

/// Where the paths of a step, or of a script that it runs, are looked for.
#[derive(Debug, Clone)]
pub(super) struct Folders {
    /// The working directory of the step; none if it is not known.
    start: Option<String>,
    /// Folders that were changed to, the last one last.
    recent: VecDeque<String>,
    /// The folder of the action.
    action: Option<String>,
    /// The folder of the script.
    script: Option<String>,
}

impl Folders {
    pub(super) fn of(step: &Step) -> Self {
        let root = Self { start: Some(String::new()), recent: VecDeque::new(), action: step.action_path.clone(), script: None };
        let Some(folder) = &step.working_directory else { return root };
        let folder = folder.as_str().replace('\\', "/");
        let written = relative(&folder).filter(|(start, path)| *start != Start::Unknown || !path.is_empty());
        let start = written.and_then(|(start, path)| root.resolve(start, path, RECENT).pop());
        Self { start, ..root }
    }

    /// The same place, in a script that it runs.
    pub(super) fn within(&self, path: &str) -> Self {
        Self { script: Some(path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned()), ..self.clone() }
    }

    /// Where the paths that a script names may be.
    pub(super) fn files(&mut self, named: &[Named]) -> Vec<String> {
        let mut found = Vec::new();
        for one in named {
            match one {
                Named::File(start, path) => found.extend(self.resolve(*start, path, RECENT)),
                Named::Folder(start, path) => {
                    for folder in self.resolve(*start, path, 1).into_iter().filter(|folder| folder.len() <= LONGEST) {
                        self.recent.retain(|known| *known != folder);
                        self.recent.push_back(folder);
                    }
                    self.recent.drain(..self.recent.len().saturating_sub(RECENT));
                }
            }
        }
        found
    }

    fn resolve(&self, start: Start, path: &str, recent: usize) -> Vec<String> {
        let own = || self.script.iter().chain(&self.action);
        let current = || self.start.iter().chain(&self.script).chain(self.recent.iter().rev().take(recent));
        let root = String::new();
        let folders: Vec<&String> = match start {
            Start::Current => current().collect(),
            Start::Workspace => vec![&root],
            Start::Own => own().collect(),
            Start::Unknown => current().chain(own()).chain([&root]).collect(),
        };
        let mut found: Vec<String> = folders.into_iter().filter_map(|folder| plain(folder, path)).collect();
        found.sort();
        found.dedup();
        found
    }
}

/// A literal path below the root of the checkout.
pub(super) fn plain(folder: &str, path: &str) -> Option<String> {
    below(folder, path).filter(|path| !path.contains(['$', '\\', ':']))
}

/// A path below the root of the checkout, without `.` and `..`; none for one that leaves it.
pub(in crate::workflows) fn below(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflows::read::read;

    fn files(step: &str) -> Vec<String> {
        let text = format!("on: push\njobs: {{a: {{runs-on: x, steps: [{{{step}}}]}}}}");
        let workflow = read("x.yml", &text).unwrap();
        let mut step = workflow.jobs[0].steps[0].clone();
        step.action_path = Some("act".to_owned());
        Folders::of(&step).files(&named(step.run.as_ref().unwrap().as_str()))
    }

    #[test]
    fn each_form_of_a_path_is_found() {
        for (step, want) in [
            ("run: ./ops/go.sh prod", vec!["ops/go.sh"]),
            ("run: ./ops/go+prod.sh", vec!["ops/go+prod.sh"]),
            ("run: bash <ops/go.sh", vec!["ops/go.sh"]),
            ("run: tool --script=ops/go.sh", vec!["ops/go.sh"]),
            ("run: $GITHUB_WORKSPACE/ops/go.sh", vec!["ops/go.sh"]),
            ("run: '${GITHUB_WORKSPACE}/ops/go.sh'", vec!["ops/go.sh"]),
            ("run: '\"${{ github.workspace }}/ops/go.sh\"', working-directory: ops", vec!["ops/go.sh"]),
            ("run: $env:GITHUB_WORKSPACE/ops/go.ps1", vec!["ops/go.ps1"]),
            ("run: $GITHUB_ACTION_PATH/go", vec!["act/go"]),
            ("run: '${{ github.action_path }}/go'", vec!["act/go"]),
            ("run: ./go, working-directory: '${{ github.action_path }}'", vec!["act/go"]),
            ("run: ./go, working-directory: '${{ github.workspace }}/ops'", vec!["ops/go"]),
            ("run: .\\go, working-directory: 'ops\\x'", vec!["ops/x/go"]),
            ("run: '.\\ops\\go.ps1'", vec![".opsgo.ps1", "ops/go.ps1"]),
            ("run: $ROOT/go.sh", vec!["act/go.sh", "go.sh"]),
            ("run: '\"$(git rev-parse --show-toplevel)/go.sh\"'", vec!["act/go.sh", "go.sh"]),
            ("run: bash $(dirname $0)/go.sh", vec!["act/go.sh", "go.sh"]),
            ("run: node approve.js", vec!["approve.js"]),
            ("run: python -u go", vec!["go"]),
            ("run: bash -o pipefail go", vec!["pipefail", "go"]),
            ("run: . go", vec!["go"]),
            ("run: cd ops && ./go.sh", vec!["go.sh", "ops/go.sh"]),
            ("run: pushd ./ops; cd x; ./go; popd", vec!["go", "ops/go", "ops/x/go", "x/go"]),
            ("run: cd ops && cd .. && ./go", vec!["go", "ops/go"]),
            ("run: ./go && cd ops", vec!["go"]),
        ] {
            let mut found = files(step);
            found.dedup();
            found.retain(|path| !path.contains("act/") || !step.contains("cd "));
            assert_eq!(found, want, "{step}");
        }
    }

    #[test]
    fn what_is_not_literal_or_lies_elsewhere_is_no_path() {
        for step in [
            "run: make build",
            "run: /bin/ls && ~/go.sh && ../go.sh && $HOME/go.sh && $RUNNER_TEMP/go.sh",
            "run: '${{ runner.temp }}/go.sh'",
            "run: curl -sSf https://example.com/go.sh",
            "run: ops/$ENV/go.sh && ops/*.sh && ./$NAME.sh",
            "run: echo go > README",
            "run: cd ops",
            "run: ./go.sh, working-directory: '${{ matrix.folder }}'",
            "run: ./go.sh, working-directory: /srv",
            "run: ./go.sh, working-directory: ../x",
        ] {
            assert_eq!(files(step), Vec::<String>::new(), "{step}");
        }
    }

    #[test]
    fn the_paths_of_a_large_script_are_bounded() {
        let script: String = (0..2_000).map(|at| format!("cd d{at}\n./go{at}\n")).collect();
        let step = read("x.yml", "on: push\njobs: {a: {runs-on: x, steps: [{run: x}]}}").unwrap().jobs[0].steps[0].clone();
        let found = Folders::of(&step).files(&named(&script));
        assert!(found.len() <= 2_000 * (RECENT + 1));
        assert!(found.iter().all(|path| path.len() <= LONGEST + 10));
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_words_never_panic(script in "[cd $(){}'\"\\\\/.;=<é0]{0,60}") {
            let _ = named(&script);
        }
    }
}
