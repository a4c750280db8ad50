//! Command lines that a message suggests: each repeats the scope of this run (law 9).

use crate::cli::Global;
use crate::views::words::shell_word;

/// `gatectl VERB` with the gate file, the repository, the environments and the emulator of this run, and then these arguments.
pub(super) fn command(global: &Global, verb: &str, arguments: &[&str]) -> String {
    let mut words = vec!["gatectl".to_owned(), verb.to_owned()];
    if let Some(config) = &global.config {
        words.extend(["-c".to_owned(), shell_word(&config.to_string_lossy())]);
    }
    if let Some(repository) = &global.repo {
        words.extend(["-R".to_owned(), shell_word(&repository.to_string())]);
    }
    for name in &global.environment {
        words.extend(["--environment".to_owned(), shell_word(name.as_str())]);
    }
    words.extend(global.sandbox.map(|scenario| format!("--sandbox={scenario}")));
    let word = |argument: &&str| if argument.starts_with("--") { (*argument).to_owned() } else { shell_word(argument) };
    words.extend(arguments.iter().map(word));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn a_suggested_command_repeats_the_scope() {
        let line = ["gatectl", "plan", "-c", "a b/gate.toml", "-R", "acme/shop", "--environment", "prod/eu", "--sandbox=gated"];
        let global = Cli::try_parse_from(line).unwrap().global;
        assert_eq!(
            command(&global, "apply", &["--allow-weaken"]),
            "gatectl apply -c 'a b/gate.toml' -R acme/shop --environment prod/eu --sandbox=gated --allow-weaken"
        );
        let bare = Cli::try_parse_from(["gatectl", "plan"]).unwrap().global;
        assert_eq!(command(&bare, "apply", &[]), "gatectl apply");
    }
}
