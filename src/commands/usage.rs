//! What the parser refuses, with a tip for names that other tools use.
//!
//! Owns those names. Must not know what a command does. Tested below and in `tests/program/usage.rs`.

use std::ffi::OsString;
use std::io::Write as _;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use crate::cli::Cli;
use crate::render::human;
use crate::sandbox::Scenario;
use crate::views;

use super::output;

/// Reads the command line.
///
/// # Errors
/// What the parser refuses, or requested help; both are for [`print_usage`].
pub fn parse() -> Result<Cli, clap::Error> {
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    match (parsed(std::env::args_os()), spaced_scenario(&words)) {
        // It would be taken for a positional argument.
        (Ok(_), Some(name)) => {
            let message = format!("unexpected argument '{name}' found\n\n  tip: {}\n", scenario_tip(name));
            Err(Cli::command().error(ErrorKind::UnknownArgument, message))
        }
        (Ok(cli), None) => Ok(cli),
        (Err(error), _) => Err(tipped(error, &words)),
    }
}

fn parsed(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(words)?;
    match conflict(&command, &matches) {
        Some([one, other]) => {
            let message = format!("the argument '{one}' cannot be used with '{other}'");
            Err(command.error(ErrorKind::ArgumentConflict, message))
        }
        None => Cli::from_arg_matches(&matches),
    }
}

/// Two arguments that exclude each other. The parser compares only those on one side of the command's name, and a global option may
/// stand before it.
fn conflict(command: &Command, matches: &ArgMatches) -> Option<[Arg; 2]> {
    if let Some((name, inner)) = matches.subcommand() {
        return conflict(command.find_subcommand(name)?, inner);
    }
    let given = |arg: &&Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let excludes = |one: &Arg| command.get_arg_conflicts_with(one).into_iter().find(given).cloned();
    command.get_arguments().filter(given).find_map(|one| Some([one.clone(), excludes(one)?]))
}

/// Prints the parser's help or error. The parser quotes arguments as they are, so control characters in them
/// are removed, and so are its colors if the output has none.
pub fn print_usage(error: &clap::Error) {
    let odd = std::env::args_os().any(|argument| human::line(&argument.to_string_lossy()) != *argument.to_string_lossy());
    let plain = || human::lines(&error.render().to_string());
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let json = words.iter().any(|word| word == "--format=json") || words.windows(2).any(|pair| pair == ["--format", "json"]);
    if error.use_stderr() && json {
        let text = plain();
        let (message, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
        let tips: Vec<&str> = rest.lines().filter_map(|line| line.trim_start().strip_prefix("tip: ")).collect();
        let hint = if tips.is_empty() { "run it with --help".to_owned() } else { tips.join("\n") };
        output::result(&views::json::stopped(message.trim_start_matches("error: ").trim_end(), &hint));
    }
    // Nothing can be done about a closed stream.
    let _ = if error.use_stderr() && odd { anstream::stderr().write_all(plain().as_bytes()) } else { error.print() };
}

fn tipped(mut error: clap::Error, words: &[String]) -> clap::Error {
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let invalid = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(invalid)) => invalid.clone(),
        _ => return error,
    };
    if let Some(tip) = tip(&invalid, words) {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
    error
}

/// What the user probably meant by an unknown argument.
fn tip(invalid: &str, words: &[String]) -> Option<String> {
    let after_sandbox = words.windows(2).any(|pair| pair[0] == "--sandbox" && pair[1] == invalid);
    let short = invalid.strip_prefix('-').filter(|rest| rest.chars().count() == 1);
    let one_dash = || {
        let short = short?;
        words.iter().find_map(|word| word.strip_prefix('-').filter(|rest| rest.starts_with(short) && is_long(rest)))
    };
    let tip = match invalid {
        name if after_sandbox => scenario_tip(name),
        _ if one_dash().is_some() => format!("write it with two dashes: '--{}'", one_dash().unwrap_or_default()),
        "--yes" | "-y" | "--force" => "use '--auto-approve' to apply without a prompt".to_owned(),
        "--dry-run" | "-n" => "`gatectl plan` shows what apply would change, and writes nothing".to_owned(),
        "--json" => "use '--format json'".to_owned(),
        "-e" | "--env" => "use '--environment NAME'".to_owned(),
        _ => return None,
    };
    Some(tip)
}

/// The scenario that follows `--sandbox` and a blank, which the parser would take for another argument.
fn spaced_scenario(words: &[String]) -> Option<&str> {
    let spaced = |pair: &&[String]| pair[0] == "--sandbox" && pair[1].parse::<Scenario>().is_ok();
    words.windows(2).find(spaced).map(|pair| pair[1].as_str())
}

fn scenario_tip(name: &str) -> String {
    let known = Scenario::ALL.map(Scenario::name);
    let shown = if known.contains(&name) { name } else { "SCENARIO" };
    format!("a scenario follows an equals sign: '--sandbox={shown}'")
}

/// Whether a word without its dashes is a long option of some command.
fn is_long(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    let root = Cli::command();
    let below = root.get_subcommands().flat_map(|command| std::iter::once(command).chain(command.get_subcommands()));
    let of = |command: &Command| command.get_arguments().any(|argument| argument.get_long() == Some(name));
    name.len() > 1 && (of(&root) || below.into_iter().any(of))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tip_for(line: &str, invalid: &str) -> String {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        tip(invalid, &words).unwrap_or_default()
    }

    #[test]
    fn what_excludes_each_other_does_so_on_both_sides_of_the_command() {
        for line in [
            "gatectl --environment staging apply p.json",
            "gatectl apply p.json --environment staging",
            "gatectl apply p.json --prune",
            "gatectl apply p.json --shard 1/2",
            "gatectl apply p.json --repository svc",
            "gatectl -q plan -v",
            "gatectl -R a/b import c/d",
            "gatectl -c x validate y",
            "gatectl --format json evidence --csv",
        ] {
            let refused = parsed(line.split(' ').map(OsString::from)).map(|_| ()).map_err(|error| error.kind());
            assert_eq!(refused, Err(ErrorKind::ArgumentConflict), "{line}");
        }
        for line in ["gatectl -q -R a/b apply p.json", "gatectl --environment staging apply --prune", "gatectl evidence --csv"] {
            assert!(parsed(line.split(' ').map(OsString::from)).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_other_tools_call_by_another_name_gets_its_tip() {
        for (line, invalid, tip) in [
            ("gatectl plan --sandbox gated", "gated", "'--sandbox=gated'"),
            ("gatectl plan --sandbox nonsense", "nonsense", "'--sandbox=SCENARIO'"),
            ("gatectl apply --yes", "--yes", "'--auto-approve'"),
            ("gatectl apply -y", "-y", "'--auto-approve'"),
            ("gatectl apply --dry-run", "--dry-run", "gatectl plan"),
            ("gatectl plan --json", "--json", "'--format json'"),
            ("gatectl apply -auto-approve", "-a", "two dashes: '--auto-approve'"),
            ("gatectl plan -detailed-exitcode", "-d", "'--detailed-exitcode'"),
            ("gatectl plan -out=x.plan", "-o", "'--out=x.plan'"),
            ("gatectl plan -environment production", "-e", "two dashes: '--environment'"),
            ("gatectl plan -e production", "-e", "'--environment NAME'"),
        ] {
            let said = tip_for(line, invalid);
            assert!(said.contains(tip), "{line}: {said}");
        }
        assert_eq!(tip_for("gatectl plan --surprise", "--surprise"), "");
        assert_eq!(tip_for("gatectl plan production", "production"), "");
    }

    #[test]
    fn only_a_scenario_behind_a_blank_is_one() {
        let spaced = |line: &str| spaced_scenario(&line.split(' ').map(str::to_owned).collect::<Vec<_>>()).map(str::to_owned);
        assert_eq!(spaced("gatectl apply --sandbox gated").as_deref(), Some("gated"));
        assert_eq!(spaced("gatectl apply --sandbox gate.plan"), None);
        assert_eq!(spaced("gatectl apply --sandbox=gated gate.plan"), None);
    }
}
