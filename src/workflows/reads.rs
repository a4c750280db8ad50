//! What the expressions of a run read: inputs, and texts that a ref is compared with.
//!
//! Owns one walk over every scalar that a run evaluates, whatever key it is under; who adds the called workflows and the
//! actions of the checkout is [`super::resolve::Files`]. Must not know triggers. Tested here and by `scenario/tests.rs`.

use std::collections::BTreeSet;

use crate::model::ref_name::refused;

use super::expressions::{Portion, Text, compared};
use super::model::{Step, Workflow};
use super::secrets::expressions;
use super::yaml::{Data, Node};

/// Keys of a job that no other job and no environment depends on: an input that is read here only makes no run of its own.
const ASIDE: &[&str] = &["steps", "env", "name", "concurrency", "runs-on", "container", "services", "defaults", "permissions"];
/// The longest name of a ref that is tried; a longer one is unknown.
const LONGEST_NAME: usize = 255;

/// Every expression of a run.
#[derive(Debug, Clone, Default)]
pub struct Reads {
    all: Vec<Read>,
}

/// One expression.
#[derive(Debug, Clone)]
struct Read {
    /// The key that the scalar is under, in lower case.
    key: String,
    text: String,
    lower: String,
    /// Whether it may decide which jobs run, where, and with what.
    decides: bool,
}

/// What reading an input affects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Affects {
    /// Nothing reads it.
    Nothing,
    /// What the steps of a job do.
    Steps,
    /// Which jobs run, where, and with what.
    Jobs,
}

/// The texts that refs are compared with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RefTexts {
    /// Whole refs or names.
    pub whole: BTreeSet<String>,
    /// What they start with.
    pub starts: BTreeSet<String>,
    /// What they contain.
    pub parts: BTreeSet<String>,
    /// What they end with.
    pub ends: BTreeSet<String>,
    /// Whether a ref is compared with something that is known in a run only.
    pub open: bool,
}

impl Reads {
    /// Adds everything that a workflow evaluates, without what it calls.
    pub fn workflow(&mut self, workflow: &Workflow) {
        workflow.env.iter().for_each(|env| self.node("env", env, false));
        for trigger in &workflow.triggers {
            let defaults = trigger.inputs.iter().filter_map(|input| Some((input.name.as_str(), input.default.as_ref()?)));
            let outputs = trigger.outputs.iter().map(|(name, text)| (name.text.as_str(), text));
            defaults.chain(outputs).for_each(|(key, text)| self.scalar(key, text.as_str(), true));
        }
        for (key, value) in workflow.jobs.iter().filter_map(|job| job.body.mapping()).flatten() {
            self.node(&key.text, value, !ASIDE.contains(&key.text.as_str()));
        }
    }

    /// Adds a step of an action of the checkout.
    pub fn step(&mut self, step: &Step) {
        self.node("steps", &step.body, false);
    }

    fn node(&mut self, key: &str, node: &Node, decides: bool) {
        match &node.data {
            Data::Scalar(scalar) => self.scalar(key, &scalar.text, decides),
            Data::Sequence(items) => items.iter().for_each(|item| self.node(key, item, decides)),
            Data::Mapping(entries) => {
                for (name, value) in entries {
                    // A key may be an expression too.
                    self.scalar(key, &name.text, decides);
                    self.node(&name.text, value, decides);
                }
            }
        }
    }

    fn scalar(&mut self, key: &str, text: &str, decides: bool) {
        // `if` takes an expression without `${{ }}`.
        if key == "if" && !text.contains("${{") {
            self.expression(key, text, decides);
        } else {
            expressions(text).for_each(|inside| self.expression(key, inside, decides));
        }
    }

    fn expression(&mut self, key: &str, text: &str, decides: bool) {
        self.all.push(Read { key: key.to_ascii_lowercase(), text: text.to_owned(), lower: text.to_ascii_lowercase(), decides });
    }

    /// What an input affects; reading all inputs at once counts as reading it.
    pub fn input(&self, name: &str) -> Affects {
        let name = name.to_ascii_lowercase();
        let affects = |read: &Read| if read.decides { Affects::Jobs } else { Affects::Steps };
        self.all.iter().filter(|read| reads_input(&read.lower, &name)).map(affects).max().unwrap_or(Affects::Nothing)
    }

    /// The texts that refs are compared with, directly or after they were passed on as an input, an output or a variable.
    pub fn refs(&self) -> RefTexts {
        let carriers = self.carriers();
        let mut found = RefTexts::default();
        let mut seen = BTreeSet::new();
        for read in self.all.iter().filter(|read| seen.insert(read.text.as_str())) {
            let reads_ref = is_of_ref(&read.lower, &carriers);
            // Only a full ref is one wherever it stands.
            if !reads_ref && !read.lower.contains("refs/") {
                continue;
            }
            let compared = compared(&read.text);
            found.open |= compared.open.iter().map(|text| text.to_ascii_lowercase()).any(|text| is_open(&text, &carriers));
            for text in compared.texts {
                // `github.event_name == 'release'` says nothing of a ref, also beside one that does.
                let of_ref = text.comparison.as_ref().map_or(reads_ref, |written| is_of_ref(&written.to_ascii_lowercase(), &carriers));
                found.add(&text, of_ref);
            }
        }
        found
    }

    /// The names under which a ref is passed on.
    fn carriers(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        loop {
            let carries = |read: &&Read| !["if", "run", "group"].contains(&read.key.as_str()) && !found.contains(&read.key);
            let more: Vec<String> =
                self.all.iter().filter(carries).filter(|read| is_of_ref(&read.lower, &found)).map(|read| read.key.clone()).collect();
            if more.is_empty() {
                return found;
            }
            found.extend(more);
        }
    }
}

impl RefTexts {
    /// Adds a text; `of_ref` says whether it is compared with a ref, as far as that shows.
    fn add(&mut self, text: &Text, of_ref: bool) {
        let set = match text.portion {
            Portion::Whole => &mut self.whole,
            Portion::Start => &mut self.starts,
            Portion::Anywhere => &mut self.parts,
            Portion::End => &mut self.ends,
        };
        for name in names_within(&text.text) {
            let is_full = name.starts_with("refs/heads/") || name.starts_with("refs/tags/");
            let is_possible = !name.is_empty() && refused(name).is_none() && !name.contains(['*', '?', '[', '\\']);
            if !is_possible || !is_full && !of_ref {
                continue;
            }
            if name.len() > LONGEST_NAME {
                self.open = true;
            } else {
                set.insert(name.to_owned());
            }
        }
    }
}

/// The text itself, and the names that it lists: `["refs/heads/a", "refs/heads/b"]`, `a,b`.
fn names_within(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(['"', ',', '[', ']', ' ']).filter(move |part| *part != text);
    std::iter::once(text).chain(parts)
}

/// Whether an expression, in lower case, reads a ref: `github.base_ref`, or a name under which one is passed on.
fn is_of_ref(lower: &str, carriers: &BTreeSet<String>) -> bool {
    let is_ref = |word: &str| ["ref", "ref_name", "ref_type"].contains(&word) || word.ends_with("_ref");
    lower.split(|c: char| !is_word(c)).any(|word| is_ref(word) || carriers.contains(word))
}

/// Whether a comparison, in lower case, is one of a ref with what a caller, a job or a matrix gives.
fn is_open(lower: &str, carriers: &BTreeSet<String>) -> bool {
    is_of_ref(lower, carriers) && ["inputs", "needs", "matrix", "jobs"].iter().any(|context| lower.contains(context))
}

/// Whether an expression, in lower case, reads an input.
fn reads_input(lower: &str, name: &str) -> bool {
    lower.match_indices("inputs").any(|(at, word)| {
        let after = lower.get(at + word.len()..).unwrap_or_default().trim_start();
        match after.strip_prefix('.').map(str::trim_start) {
            Some(property) => property.starts_with('*') || property.split(|c: char| !is_word(c)).next() == Some(name),
            None => after.strip_prefix('[').is_none_or(|index| index.contains(name) || !index.trim_start().starts_with('\'')),
        }
    })
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflows::read::read;

    fn reads(text: &str) -> Reads {
        let mut reads = Reads::default();
        reads.workflow(&read("x.yml", text).unwrap());
        reads
    }

    #[test]
    fn an_input_affects_jobs_or_steps_under_any_key() {
        let of = |job: &str| reads(&format!("on: workflow_dispatch\njobs: {{a: {{runs-on: x, {job}}}}}")).input("App");
        for job in ["if: inputs.app", "environment: '${{ inputs.app }}'", "strategy: {matrix: {a: ['${{ inputs[''app''] }}']}}"] {
            assert_eq!(of(job), Affects::Jobs, "{job}");
        }
        for job in [
            "env: {A: '${{ github.event.inputs.app }}'}",
            "steps: [{run: 'x ${{ inputs.app }}'}]",
            "steps: [{run: x, if: '!inputs.app'}]",
            "steps: [{uses: a/b@v1, with: {app: '${{ toJSON(inputs) }}'}}]",
        ] {
            assert_eq!(of(job), Affects::Steps, "{job}");
        }
        assert_eq!(of("steps: [{run: inputs.app}]"), Affects::Nothing);
    }

    #[test]
    fn a_ref_that_is_passed_on_is_still_compared() {
        let text = "on: push\njobs:\n  a: {runs-on: x, outputs: {where: '${{ github.ref_name }}'}}\n  \
                    b: {runs-on: x, needs: a, if: \"needs.a.outputs.where == 'hotfix' || github.actor == 'eve'\"}\n  \
                    c: {runs-on: x, if: \"github.actor == 'bob'\"}";
        assert_eq!(reads(text).refs().whole, ["hotfix"].map(str::to_owned).into());
        let by_input = "on: push\njobs: {a: {runs-on: x, if: 'github.ref_name == inputs.branch'}}";
        assert!(reads(by_input).refs().open && !reads(text).refs().open);
    }
}
