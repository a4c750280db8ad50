//! What a job checks out besides the commit of its run.
//!
//! Owns how `actions/checkout` and git commands name it. Whether it can move after an approval is not known here.

use super::evidence::InRun;
use crate::workflows::yaml::Pos;

/// One checkout of anything except the commit of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// As it is written: `main`, `${{inputs.ref}}`, `git pull`.
    pub written: String,
    /// What is checked out.
    pub head: Head,
    /// Its position.
    pub pos: Pos,
}

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// This ref or commit, in a run.
    Ref(InRun),
    /// The newest commit of a branch.
    Tip,
    /// The head of a pull request.
    PullRequest,
}

impl Checkout {
    pub(super) fn is_template(&self) -> bool {
        self.written.contains("${{")
    }

    pub(super) fn in_run(&self, value: impl Fn(&str) -> InRun) -> Self {
        match &self.head {
            Head::Ref(_) if self.is_template() => Self { head: Head::Ref(value(&self.written)), ..self.clone() },
            Head::Ref(_) | Head::Tip | Head::PullRequest => self.clone(),
        }
    }
}

/// What a step of `actions/checkout` checks out, if its `ref` says so and it is this repository.
pub(super) fn of_action(input: impl Fn(&str) -> Option<String>, pos: Pos) -> Option<Checkout> {
    let is_own = input("repository").is_none_or(|name| name.is_empty() || name == "${{github.repository}}");
    let written = input("ref").filter(|text| is_own && !text.is_empty())?;
    let head = if written.starts_with("refs/pull/") {
        Head::PullRequest
    } else if written.contains("${{") {
        Head::Ref(InRun::DependsOn(Vec::new()))
    } else {
        Head::Ref(InRun::Values(vec![written.clone()]))
    };
    Some(Checkout { written, head, pos })
}

/// What the git commands of a script check out.
pub(super) fn of_commands(commands: &[Vec<String>], pos: Pos) -> Vec<Checkout> {
    let one = |words: &Vec<String>| {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (written, head) = match words.as_slice() {
            ["git", "pull", ..] => ("git pull", Head::Tip),
            ["gh", "pr", "checkout", ..] => ("gh pr checkout", Head::PullRequest),
            ["git", "reset", "--hard", name] if name.starts_with("origin/") => (*name, Head::Tip),
            ["git", "checkout" | "switch", name] if !name.starts_with('-') && !name.contains(['$', '.', '{']) => {
                (*name, Head::Ref(InRun::Values(vec![(*name).to_owned()])))
            }
            _ => return None,
        };
        Some(Checkout { written: written.to_owned(), head, pos })
    };
    commands.iter().filter_map(one).collect()
}
