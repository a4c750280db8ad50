//! The commands that scripts in other languages than that of the shell hold in quotes: `os.system("heroku …")`.
//!
//! Owns which strings may be commands. Errs on the side of finding one; what is only printed is left out. Takes time in proportion
//! to the text.

/// Endings of the languages whose strings are read.
const LANGUAGES: &[&str] = &["py", "js", "mjs", "cjs", "ts", "rb", "pl", "php"];

/// Functions and arguments, in lower case, whose text people read; so is that of `…Error` and `…Exception`.
const TALK: &[&str] = &[
    "print",
    "println",
    "printf",
    "puts",
    "echo",
    "write",
    "log",
    "info",
    "debug",
    "warn",
    "warning",
    "notice",
    "abort",
    "fail",
    "die",
    "help",
    "usage",
    "description",
    "message",
    "msg",
    "title",
];

/// Whether a script is written in such a language.
pub(super) fn is_of_language(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| LANGUAGES.contains(&ending))
}

/// The strings that may be commands, each a script. Those of one list are one command: `["heroku", "rollback"]`.
pub(super) fn commands(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut group = String::new();
    let mut rest = text;
    // How much of what follows the last string is known to hold none.
    let mut passed = 0;
    while let Some(at) = rest.get(passed..).and_then(|text| text.find(['"', '\'', '`', '\\'])).map(|at| at + passed) {
        let (before, quoted) = rest.split_at(at);
        if quoted.starts_with('\\') {
            passed = at + quoted.chars().take(2).map(char::len_utf8).sum::<usize>();
            continue;
        }
        let line = before.rsplit('\n').next().unwrap_or_default();
        if is_comment(line) {
            passed = at + quoted.find('\n').unwrap_or(quoted.len());
            continue;
        }
        let Some((content, after)) = string(quoted) else {
            passed = at + 1;
            continue;
        };
        let continues = !group.is_empty() && before.chars().all(|c| c == ',' || c.is_whitespace());
        if !continues {
            all.extend(command(&std::mem::take(&mut group)));
        }
        if continues || !is_for_people(line) {
            group.push_str(content);
            group.push(' ');
        }
        (rest, passed) = (after, 0);
    }
    all.extend(command(&group));
    all
}

/// What strings hold, if that may be a command: more than a word, and no sentence. What is filled in is a variable.
fn command(text: &str) -> Option<String> {
    let text = text.trim();
    let is_one = (text.contains(char::is_whitespace) || text.contains('/')) && !text.starts_with(char::is_uppercase);
    is_one.then(|| text.replace("${", "{").replace('{', "${").replace("%s", "$s").replace("\\n", "\n"))
}

/// Whether what stands before a string on its line says that people read it: `print(`, `raise ValueError(`, `help=`.
fn is_for_people(line: &str) -> bool {
    let line = line.trim_end_matches([' ', '(', '=', ':', 'f']);
    let name = line.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
    TALK.contains(&name.as_str()) || name.ends_with("error") || name.ends_with("exception")
}

/// The content of the string that a text begins with, and what follows it.
fn string(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| *c != '\\')?;
    let three = text.get(..3).filter(|start| start.chars().all(|c| c == quote));
    let mark = three.unwrap_or(&text[..1]);
    let inside = &text[mark.len()..];
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if three.is_none() && quote != '`' => return None,
            _ if inside[at..].starts_with(mark) => return Some((&inside[..at], &inside[at + mark.len()..])),
            _ => {}
        }
    }
    None
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["#", "//", "*", "/*"].iter().any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_that_may_be_commands_are_found() {
        for (text, want) in [
            ("os.system(\"heroku rollback -a shop\")", vec!["heroku rollback -a shop"]),
            ("run(['heroku',\n  'rollback', \"-a\", app])", vec!["heroku rollback -a"]),
            ("exec('a b'); exec(`c ${x}`)", vec!["a b", "c ${x}"]),
            ("run(f\"a -a {app}\")\nrun('a -a %s' % app)", vec!["a -a ${app}", "a -a $s"]),
            ("run('''\na b\nc d\n''')", vec!["a b\nc d"]),
            ("import x from './lib/x.js'", vec!["./lib/x.js"]),
            ("# don't\nrun(\"it's a/b\")", vec!["it's a/b"]),
            ("x = it's \"a b\"", vec!["a b"]),
            ("run(\"a \\\"b\\\" c\")", vec!["a \\\"b\\\" c"]),
            ("print(f\"heroku rollback\")\nraise ValueError('npm publish', 'x')\nadd(help='terraform apply')", vec![]),
            ("# 'npm publish'\n  // \"npm publish\" 'x y'\nx('one')\nx('Run npm publish')", vec![]),
            ("print(os.popen('npm publish').read())", vec!["npm publish"]),
            ("'", vec![]),
        ] {
            assert_eq!(commands(text), want, "{text}");
        }
    }

    #[test]
    fn strings_that_nothing_closes_are_read_once() {
        for open in ["\"", "'", "`", "\\\"", "\"\"\"", "# '", "é\\é"] {
            let _ = commands(&open.repeat(100_000));
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_texts_never_panic(text in "[a(){}'\"`\\\\#,\n é%]{0,60}") {
            let _ = commands(&text);
        }
    }
}
