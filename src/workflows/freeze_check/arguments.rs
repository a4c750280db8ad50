//! Whether a command is the freeze check that the proof needs.

use super::shell::{Command, Word};
use super::step_context::StepContext;
use super::variables;
use crate::model::EnvName;
use crate::workflows::model::Step;

/// Whether a text runs a freeze check at all; for messages only.
pub(super) fn mentions_check(text: &str, context: &StepContext<'_>) -> bool {
    let of_line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
        let own = words.iter().any(|word| is_gatectl(word)) && words.windows(2).any(|pair| pair == ["freeze", "check"]);
        own || context.question.freeze.policy.check_commands.iter().any(|command| line.contains(command.as_str()))
    };
    text.lines().map(str::trim).any(|line| !line.starts_with('#') && of_line(line))
}

fn is_gatectl(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or_default();
    name == "gatectl" || name == "gatectl.exe"
}

/// `None` if a command is not a freeze check; otherwise whether it is the right one, or why it proves nothing.
pub(super) fn check(command: &Command, directory: Option<&str>, step: &Step, context: &StepContext<'_>) -> Option<Result<(), String>> {
    let words: Vec<Option<String>> = command.words.iter().map(|word| context.word(word, step)).collect();
    let first = words.first()?.as_deref()?;
    let rest = words.get(1..).unwrap_or_default();
    let verdict = if is_gatectl(first) {
        let verbs: Vec<&str> = rest.iter().flatten().map(String::as_str).collect();
        if !verbs.windows(2).any(|pair| pair == ["freeze", "check"]) {
            return None;
        }
        own(rest, directory, context)
    } else {
        let declared = context.question.freeze.policy.check_commands.iter().find(|declared| starts_with(&words, declared))?;
        equivalent(declared, &words, directory, context)
    };
    let changes = |(name, value): &&(String, Word)| variables::change_check(name, &value.text, context.question.freeze.policy);
    if let Some((name, _)) = command.assignments.iter().find(changes) {
        return Some(Err(format!("`{name}=` before the freeze check changes what it asks")));
    }
    Some(verdict)
}

/// Whether the words begin with a declared command, run directly or by a shell.
fn starts_with(words: &[Option<String>], declared: &str) -> bool {
    let by_shell = matches!(words.first(), Some(Some(shell)) if shell == "bash" || shell == "sh");
    let words = if by_shell { words.get(1..).unwrap_or_default() } else { words };
    let mut declared = declared.split(' ');
    let mut words = words.iter();
    declared.all(|want| words.next().is_some_and(|word| word.as_deref() == Some(want)))
}

/// `gatectl freeze check` with its arguments. A flag that is not listed may do something else.
fn own(arguments: &[Option<String>], directory: Option<&str>, context: &StepContext<'_>) -> Result<(), String> {
    let policy = context.question.freeze.policy;
    let (mut verbs, mut environments, mut config, mut store) = (Vec::new(), Vec::new(), None, None);
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        let Some(word) = word else { return Err("an argument of the freeze check is not known".to_owned()) };
        let (flag, joined) = word.split_once('=').map_or((word.as_str(), None), |(flag, value)| (flag, Some(value)));
        let mut value = || match joined {
            Some(value) => Ok(value),
            None => rest
                .next()
                .and_then(|word| word.as_deref())
                .ok_or_else(|| format!("the value of `{flag}` of the freeze check is not known")),
        };
        match flag {
            "-q" | "--quiet" | "-v" | "--verbose" | "--no-cache" => {}
            "--environment" => environments.push(value()?),
            "-c" | "--config" => config = Some(value()?),
            "--app" | "--github" => store = Some(format!("{flag} {}", value()?)),
            "--format" | "--color" | "--timeout" | "-R" | "--repo" => _ = value()?,
            flag if flag.starts_with('-') => return Err(format!("`{flag}` of the freeze check is not known to leave its answer as it is")),
            verb => verbs.push(verb),
        }
    }
    if verbs != ["freeze", "check"] {
        return Err("the freeze check has more words than `freeze check`".to_owned());
    }
    if !environments.is_empty() && !environments.iter().any(|name| context.is_environment(name)) {
        return Err(format!("the freeze check asks about {}, not {}", environments.join(", "), context.question.environment));
    }
    let named = store.is_some();
    if store.is_some_and(|store| store != policy.store.flag()) {
        return Err(format!("the freeze check asks about another freeze than that of {}", policy.store.described()));
    }
    match (context.question.freeze.config, named) {
        (Some(_), _) => context.reads_config(directory, config),
        (None, true) => Ok(()),
        (None, false) => {
            Err(format!("the freeze check names no store, and the repository declares no freeze: add `{}`", policy.store.flag()))
        }
    }
}

/// A declared command. Its arguments do not matter, except those that keep it from checking.
fn equivalent(declared: &str, words: &[Option<String>], directory: Option<&str>, context: &StepContext<'_>) -> Result<(), String> {
    let is_path = declared.split(' ').any(|word| word.contains('/') && !word.starts_with('/'));
    let relative = is_path || !declared.contains('/') && words.first().is_some_and(|word| matches!(word.as_deref(), Some("bash" | "sh")));
    if relative && !context.is_own_root(directory) {
        return Err(format!("`{declared}` runs in another directory than the repository's root"));
    }
    for word in words {
        let Some(word) = word else { return Err(format!("an argument of `{declared}` is not known")) };
        if ["-h", "--help", "--version", "--dry-run", "-n"].contains(&word.as_str()) {
            return Err(format!("`{word}` keeps `{declared}` from checking"));
        }
        let is_other = EnvName::new(word.rsplit('=').next().unwrap_or_default())
            .is_ok_and(|name| name != *context.question.environment && context.question.environments.contains(&name));
        if is_other {
            return Err(format!("`{declared}` asks about {word}, not {}", context.question.environment));
        }
    }
    Ok(())
}
