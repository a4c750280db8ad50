//! One line of a script: is it a freeze check, is it nothing else, may it come before one.

use super::Question;
use crate::model::EnvName;
use crate::workflows::model::Job;

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect()
}

/// Whether a line speaks of a freeze check at all.
pub(super) fn mentions(line: &str, equivalents: &[String]) -> bool {
    let words = words(line);
    let own = words.iter().any(|word| is_gatectl(word)) && words.windows(2).any(|pair| pair == ["freeze", "check"]);
    !line.starts_with('#') && (own || equivalents.iter().any(|command| !command.trim().is_empty() && line.contains(command.trim())))
}

fn is_gatectl(word: &str) -> bool {
    word.rsplit('/').next() == Some("gatectl")
}

/// Whether a line is the check of the environment and nothing else.
pub(super) fn is_bare(line: &str, job: &Job, question: &Question<'_>) -> bool {
    if !only_expressions(line) {
        return false;
    }
    // An expression is one word, whatever spaces it is written with.
    let line = line.replace("${{ ", "${{").replace(" }}", "}}");
    let words = words(&line);
    let own = words.split_first().is_some_and(|(first, rest)| is_gatectl(first) && checks_freeze(rest, job, question.environment));
    own || question.equivalents.iter().any(|command| {
        let command: Vec<&str> = command.split_whitespace().collect();
        !command.is_empty() && words.starts_with(&command)
    })
}

/// Whether the arguments of `gatectl` check the freeze of the environment; a flag that is not listed may do something else.
fn checks_freeze(arguments: &[&str], job: &Job, environment: &EnvName) -> bool {
    let mut verbs = Vec::new();
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        let (flag, joined) = word.split_once('=').map_or((*word, None), |(flag, value)| (flag, Some(value)));
        let mut value = || joined.or_else(|| rest.next().copied()).unwrap_or_default();
        match flag {
            "-q" | "--quiet" | "-v" | "--verbose" => {}
            "--environment" if names(value(), job, environment) => {}
            "-c" | "--config" if value().trim_start_matches("./") == "gate.toml" => {}
            "--format" | "--color" | "--timeout" | "--ref" | "-R" | "--repo" if !value().is_empty() => {}
            flag if flag.starts_with('-') => return false,
            verb => verbs.push(verb),
        }
    }
    verbs == ["freeze", "check"]
}

/// Whether an argument is the environment, or the very expression that the job's `environment` is.
fn names(argument: &str, job: &Job, environment: &EnvName) -> bool {
    let same_source =
        job.environment.name().is_some_and(|name| name.as_str().contains("${{") && name.as_str().replace(' ', "") == argument);
    same_source || EnvName::new(argument).is_ok_and(|name| name == *environment)
}

/// Whether the special characters of a line are those of `${{ }}` around plain property reads, which GitHub fills in beforehand.
fn only_expressions(line: &str) -> bool {
    let mut rest = line;
    let mut outside = String::new();
    while let Some((before, after)) = rest.split_once("${{") {
        let Some((inside, next)) = after.split_once("}}") else { return false };
        let trusted = ["inputs.environment", "github.event.inputs.environment", "github.sha"];
        if !trusted.contains(&inside.trim()) {
            return false;
        }
        outside.push_str(before);
        rest = next;
    }
    outside.push_str(rest);
    !outside.contains(['|', '&', ';', '`', '#', '(', ')', '{', '!'])
}

/// Whether a line before the check can neither end the script early nor let it go on after a failure.
pub(super) fn is_plain(line: &str) -> bool {
    line.is_empty() || line.starts_with('#') || is_strictness(line)
}

/// `set -euo pipefail` and its parts.
fn is_strictness(line: &str) -> bool {
    let flag =
        |word: &str| word.strip_prefix('-').is_some_and(|letters| !letters.is_empty() && letters.chars().all(|c| "euxo".contains(c)));
    line.strip_prefix("set ").is_some_and(|flags| flags.split_whitespace().all(|word| flag(word) || word == "pipefail"))
}
