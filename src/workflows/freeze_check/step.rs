//! The role of one step in the proof: the check, something that cannot deploy, or something else.

use super::shell::{self, Command, Join, Script, Statement};
use super::step_context::{Shell, StepContext, joined};
use super::{Functions, Status, arguments, harmless, truth};
use crate::workflows::model::Step;

/// The part of a step in the proof.
pub(super) enum Role {
    /// It fails while production is frozen, and its failure stops the job.
    Check,
    /// It provably deploys nothing, and leaves the check as it is.
    Harmless,
    /// It runs a freeze check that proves nothing: why, in a clause.
    NoProof(String),
    /// It may deploy.
    Other,
}

/// The role of a step, given what ran before it.
pub(super) fn role(step: &Step, context: &mut StepContext<'_>) -> Role {
    if step.uses.is_some() {
        let is_harmless = harmless::action(step, context) && !context.may_run_code_of_env(step, None);
        return if is_harmless { Role::Harmless } else { Role::Other };
    }
    let Some(text) = context.script(step) else { return Role::Other };
    let shell = context.shell(step);
    let of_script = match shell {
        Shell::StopsAtFailure | Shell::GoesOn => in_script(&shell::read(&text), shell, step, context),
        Shell::NotPosix => only_line(&text, step, context),
        Shell::Foreign if arguments::mentions_check(&text, context) => {
            Role::NoProof("the freeze check runs in a shell that may continue after it failed".to_owned())
        }
        Shell::Foreign => Role::Other,
    };
    match of_script {
        Role::Check => stops_the_job(step, context).map_or_else(Role::NoProof, |()| Role::Check),
        Role::Other if arguments::mentions_check(&text, context) => {
            Role::NoProof("commands of this step before or around the freeze check may deploy or lose its exit code".to_owned())
        }
        role => role,
    }
}

/// Whether a failure of the step stops the job.
///
/// # Errors
/// Why it may not.
fn stops_the_job(step: &Step, context: &StepContext<'_>) -> Result<(), String> {
    let no = |why: &str| Err(why.to_owned());
    if step.continue_on_error.as_ref().is_some_and(|text| !text.is_false()) {
        return no("the freeze check's failure is ignored: `continue-on-error`");
    }
    if step.background.as_ref().is_some_and(|text| !text.is_false()) {
        return no("the freeze check runs in the background");
    }
    let succeeded = Functions { status: Some(Status::NEEDS_SUCCEEDED), hash_files: true };
    if step.condition.as_ref().is_some_and(|condition| truth(condition, context.question.contexts, succeeded) != Some(true)) {
        return no("the freeze check has an `if` that may be false");
    }
    context.untouched(step)
}

/// A script for PowerShell, cmd or an unknown shell, in which only a single plain command means the same in all of them.
fn only_line(text: &str, step: &Step, context: &mut StepContext<'_>) -> Role {
    let plain = |c: char| c.is_ascii_alphanumeric() || " \n\r_-./:=@,\"".contains(c);
    let script = shell::read(text);
    if !script.complete || !text.chars().all(plain) {
        return Role::Other;
    }
    let start = context.start(step);
    let commands: Vec<&Command> = script.statements.iter().flat_map(|statement| &statement.commands).map(|(_, command)| command).collect();
    for command in &commands {
        match arguments::check(command, start.as_deref(), step, context) {
            Some(Ok(())) if commands.len() == 1 && command.assignments.is_empty() => return Role::Check,
            Some(Ok(())) => {
                let why = "the freeze check is not the only line of its step, and the runner's shell may continue after it failed: set `shell: bash`";
                return Role::NoProof(why.to_owned());
            }
            Some(Err(why)) => return Role::NoProof(why),
            None if !command.assignments.is_empty() || !is_harmless(command, None, step, context) => return Role::Other,
            None => {}
        }
    }
    Role::Harmless
}

fn is_harmless(command: &Command, fed_by: Option<&Command>, step: &Step, context: &mut StepContext<'_>) -> bool {
    let program = command.words.first().map(|word| word.text.as_str());
    harmless::command(command, fed_by, context) && !context.may_run_code_of_env(step, program)
}

/// The role of a script, as far as it decides that: whether the failure of its step stops the job is not asked here.
fn in_script(script: &Script, shell: Shell, step: &Step, context: &mut StepContext<'_>) -> Role {
    let mut directory = context.start(step);
    for (at, statement) in script.statements.iter().enumerate() {
        let is_last = script.complete && at + 1 == script.statements.len();
        let mut here = directory.clone();
        let mut moved = false;
        let mut before: Option<&Command> = None;
        for (n, (join, command)) in statement.commands.iter().enumerate() {
            if let Some(verdict) = arguments::check(command, here.as_deref(), step, context) {
                let stops = verdict.and_then(|()| stops_the_script(statement, n, is_last, shell));
                return stops.map_or_else(Role::NoProof, |()| Role::Check);
            }
            let fed_by = before.filter(|_| *join == Join::Pipe);
            if !is_harmless(command, fed_by, step, context) {
                return Role::Other;
            }
            if harmless::changes_directory(command) {
                moved = true;
                let to = command.words.get(1).map(|word| word.text.as_str()).unwrap_or_default();
                here = here.filter(|_| matches!(join, Join::First | Join::And)).and_then(|from| joined(&from, to));
            }
            before = Some(command);
        }
        if statement.background {
            return Role::Other;
        }
        if moved {
            // A `cd` that failed in a list, or in a shell that continues, leaves the script where it was.
            directory = here.filter(|_| statement.commands.len() == 1 && shell == Shell::StopsAtFailure);
        }
    }
    if script.complete { Role::Harmless } else { Role::Other }
}

/// Whether a check's failure stops the script, by its context in its statement.
///
/// # Errors
/// Why it may not.
fn stops_the_script(statement: &Statement, at: usize, is_last: bool, shell: Shell) -> Result<(), String> {
    let no = |why: &str| Err(why.to_owned());
    let lost = "the freeze check's exit code may be lost in its line of the script";
    let before = statement.commands.get(..=at).unwrap_or_default();
    let rest = statement.commands.get(at + 1..).unwrap_or_default();
    if statement.background || before.iter().any(|(join, _)| matches!(join, Join::Or | Join::Pipe)) {
        return no(lost);
    }
    if at > 0 && !is_last {
        return no("the script continues if the command before `&&` fails: put the freeze check on a line of its own");
    }
    match rest.first() {
        Some((Join::Or, command)) if exits(command) => Ok(()),
        Some(_) if is_last && rest.iter().all(|(join, _)| *join == Join::And) => Ok(()),
        Some(_) => no(lost),
        None if is_last || shell == Shell::StopsAtFailure => Ok(()),
        None => no("the step's shell continues after a failure: add `|| exit 1` to the freeze check"),
    }
}

/// `exit 1`.
fn exits(command: &Command) -> bool {
    match command.literal().as_deref() {
        Some(["exit", code]) => code.parse().is_ok_and(|code: u8| code > 0),
        _ => false,
    }
}
