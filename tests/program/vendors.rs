//! Every command of the GitHub CLI and the Heroku CLI that any run of the suite suggests: the client has it, with these flags, and one
//! that writes names where. If `gh` is installed, it confirms the table.

use std::process::Command;

use super::suggestions::{texts, words};

/// A command of a client: its words, how many arguments it takes, its flags, and those of which it needs one.
struct Known {
    words: &'static [&'static str],
    arguments: usize,
    flags: &'static [&'static str],
    needs: &'static [&'static str],
}

const fn known(words: &'static [&'static str], arguments: usize, flags: &'static [&'static str]) -> Known {
    Known { words, arguments, flags, needs: &[] }
}

const KNOWN: [Known; 11] = [
    known(&["gh", "api"], 1, &["--jq", "--hostname"]),
    known(&["gh", "auth", "login"], 0, &["--hostname"]),
    known(&["gh", "auth", "refresh"], 0, &["--hostname", "--scopes"]),
    known(&["gh", "auth", "token"], 0, &["--hostname"]),
    known(&["gh", "repo", "view"], 1, &[]),
    Known { needs: &["--repo"], ..known(&["gh", "secret", "set"], 1, &["--env", "--repo"]) },
    Known { needs: &["--repo", "--org"], ..known(&["gh", "secret", "delete"], 1, &["--org", "--repo"]) },
    // https://devcenter.heroku.com/articles/heroku-cli-commands
    known(&["heroku", "apps"], 0, &[]),
    known(&["heroku", "auth:token"], 0, &[]),
    known(&["heroku", "authorizations:create"], 0, &["-s"]),
    known(&["heroku", "login"], 0, &[]),
];

/// The commands of the clients in a line: between backticks, or what follows `fix:` and the number of a step.
fn commands(line: &str) -> Vec<Vec<String>> {
    let bare = line.trim().trim_start_matches(|c: char| c.is_ascii_digit() || ". ".contains(c));
    let bare = bare.strip_prefix("fix: ").unwrap_or(bare);
    let starts = ["gh ", "heroku ", "GH_HOST="].iter().any(|start| bare.starts_with(start));
    // A sentence goes on after a bare command; a step is one whole.
    let bare = starts.then(|| bare.split([',', ';', '<']).next().unwrap_or(bare).trim_end_matches('.'));
    let code = line.split('`').skip(1).step_by(2);
    let parts = code.chain(bare.filter(|bare| !bare.contains('`'))).flat_map(|code| code.split(" && "));
    let plain = |part: &str| {
        let all = words(part).into_iter().skip_while(|word| word.contains('=') && word.starts_with(|c: char| c.is_ascii_uppercase()));
        all.collect::<Vec<_>>()
    };
    let is_command = |words: &Vec<String>| words.len() > 1 && (words[0] == "gh" || words[0] == "heroku");
    parts.map(plain).filter(is_command).collect()
}

/// What the client would say about a command; nothing if it takes it.
fn refused(words: &[String]) -> Option<String> {
    let row = KNOWN.iter().find(|known| words.len() >= known.words.len() && known.words.iter().zip(words).all(|(want, word)| want == word));
    let Some(row) = row else { return Some("unknown command".to_owned()) };
    let (mut arguments, mut flags) = (0, Vec::new());
    let mut rest = words[row.words.len()..].iter();
    while let Some(word) = rest.next() {
        match word.starts_with('-') {
            true if !row.flags.contains(&word.as_str()) => return Some(format!("unknown flag {word}")),
            true if rest.next().is_none_or(|value| value.is_empty() || value.starts_with('-')) => {
                return Some(format!("{word} has no value"));
            }
            true => flags.push(word.as_str()),
            false => arguments += 1,
        }
    }
    if arguments != row.arguments {
        return Some(format!("{arguments} arguments, {} expected", row.arguments));
    }
    let is_named = row.needs.is_empty() || row.needs.iter().any(|flag| flags.contains(flag));
    (!is_named).then(|| format!("none of {:?}: it would write wherever the directory is from", row.needs))
}

/// Holds that the clients take each of their commands that a run suggests.
pub(crate) fn hold(about: &str, output: &str) {
    for line in texts(output) {
        for command in commands(&line) {
            if let Some(why) = refused(&command) {
                panic!("`{}`: {why}, suggested by `gatectl {about}`: {line}", command.join(" "));
            }
        }
    }
}

#[test]
fn a_command_that_a_client_does_not_have_is_seen() {
    for (line, count) in [
        ("fix: gh secret set KEY --env production --repo acme/shop", 1),
        (" 2. GH_HOST=ghe.example.com gh secret set KEY --env 'eu west' --repo acme/shop", 1),
        ("hint: correct it; `gh api 'search/users?q=alicee' --jq '.items[].login'` lists similar ones", 1),
        ("use your own login: `unset GH_TOKEN && gh auth login`", 1),
        ("`gh secret set A --env e --repo acme/shop && gh secret delete A --org acme`", 2),
        ("run `heroku authorizations:create -s read-protected`, or `heroku login`", 2),
        ("the token from `gh auth token`", 1),
        ("gate.toml has `github`, `heroku` and `freeze`", 0),
    ] {
        assert_eq!(commands(line).len(), count, "{line}");
        hold("plan", line);
    }
    for wrong in [
        "`gh secrets set A --repo acme/shop`",
        "`gh secret set A --env production`",
        "fix: gh secret set --env production --repo acme/shop",
        "`gh secret delete A --environment production --repo acme/shop`",
        "`gh auth refresh --scopes`",
        "`heroku authorizations:create --scopes read`",
    ] {
        assert!(std::panic::catch_unwind(|| hold("plan", wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn the_github_cli_has_these_commands_and_flags() {
    for known in KNOWN.iter().filter(|known| known.words[0] == "gh") {
        let Ok(help) = Command::new("gh").args(&known.words[1..]).arg("--help").output() else {
            return eprintln!("skipped: gh is not installed");
        };
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        assert!(help.contains(&known.words.join(" ")), "{help}");
        for flag in known.flags {
            assert!(help.contains(flag), "{flag}: {help}");
        }
    }
}
