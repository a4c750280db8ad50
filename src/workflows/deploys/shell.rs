//! A shell script as simple commands: enough to see which programs it runs with which words.
//!
//! Owns quoting, comments, lists, substitutions and `bash -c`. Errs on the side of finding a command: what is only printed is
//! recognized by [`super::commands`]. Must not know which commands deploy. Takes time in proportion to the script, whatever is in it.

/// How deep the quoting of scripts within scripts is followed; below it, quotes are ignored.
const MAX_DEPTH: usize = 4;

/// The words of each simple command, quotes removed; `${{ }}` stays whole within its word.
pub(in crate::workflows) fn commands(script: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    split(script, 0, &mut found);
    found
}

fn split(script: &str, depth: usize, found: &mut Vec<Vec<String>>) {
    if depth > MAX_DEPTH {
        let bare: String = script.chars().filter(|c| !matches!(c, '\'' | '"' | '\\')).collect();
        let innermost = |words: Vec<String>| {
            let start = words.iter().rposition(|word| is_script_flag(word) || word == "eval").map_or(0, |at| at + 1);
            words.into_iter().skip(start).collect()
        };
        return found.extend(Scanner::of(&bare).all.into_iter().map(innermost));
    }
    let scanner = Scanner::of(script);
    for script in scanner.printed {
        split(&script, depth + 1, found);
    }
    for words in scanner.all {
        for script in scripts(&words) {
            split(&script, depth + 1, found);
        }
        found.push(words);
    }
}

/// Whether a word may say that the next one is a script: `-c`, `-euc`.
fn is_script_flag(word: &str) -> bool {
    word.starts_with('-') && word.ends_with('c') && word.len() <= 6 && !word.starts_with("--")
}

/// Programs whose arguments may be whole commands.
const RUN_ARGUMENTS: &[&str] = &["alias", "concurrently", "env", "parallel", "watch", "xargs"];

/// The words of a command that are scripts themselves: what follows `-c`, everything after `eval`, a here-string, and arguments of
/// `env -S`, `alias` and the like.
fn scripts(words: &[String]) -> Vec<String> {
    let mut found: Vec<String> = words.windows(2).filter_map(|pair| is_script_flag(pair.first()?).then(|| pair.get(1).cloned())?).collect();
    let (first, rest) = (words.first().map(|word| program(word)).unwrap_or_default(), words.get(1..).unwrap_or_default());
    if first == "eval" {
        found.push(rest.join(" "));
    } else if RUN_ARGUMENTS.contains(&first.as_str()) {
        let command = |word: &String| word.split_once('=').filter(|_| first == "alias").map_or(word.as_str(), |(_, text)| text).to_owned();
        found.extend(rest.iter().map(command).filter(|text| text.trim().contains(' ')));
    }
    let here = words.iter().position(|word| word.starts_with("<<<")).and_then(|at| words.get(at..));
    found.extend(here.map(|words| words.join(" ").trim_start_matches('<').to_owned()));
    found
}

/// Whether a command is a shell that reads its script from the standard input.
fn reads_script(words: &[String]) -> bool {
    let is_shell = words.first().is_some_and(|word| ["sh", "bash", "dash", "zsh", "ksh", "pwsh"].contains(&program(word).as_str()));
    is_shell && words.iter().skip(1).all(|word| word.starts_with('-'))
}

/// The program that a word names: `/usr/bin/heroku`, `./node_modules/.bin/heroku`, `heroku.exe`, `vercel@latest`, and by the name of
/// its package `@railway/cli`, `firebase-tools`.
pub(in crate::workflows) fn program(word: &str) -> String {
    let mut parts = word.rsplit(['/', '\\']);
    let name = |part: &str| part.split('@').find(|part| !part.is_empty()).unwrap_or(part).to_lowercase();
    let first = name(parts.next().unwrap_or(word));
    let named = if first == "cli" { parts.next().map_or(first, name) } else { first };
    let named = named.trim_end_matches(".exe").trim_end_matches(".cmd");
    match named {
        "firebase-tools" => "firebase",
        "netlify-cli" => "netlify",
        "aws-cdk" => "cdk",
        "eas-cli" => "eas",
        named => named,
    }
    .to_owned()
}

struct Scanner<'s> {
    rest: &'s str,
    words: Vec<String>,
    word: Option<String>,
    all: Vec<Vec<String>>,
    /// Whether the output of the last command goes to the next one.
    pipes: bool,
    /// Scripts that `echo` and `printf` print into a shell.
    printed: Vec<String>,
}

impl<'s> Scanner<'s> {
    /// A scanner that has read the script.
    fn of(script: &'s str) -> Self {
        let mut scanner = Self { rest: script, words: Vec::new(), word: None, all: Vec::new(), pipes: false, printed: Vec::new() };
        scanner.commands(0, None);
        scanner
    }

    /// Commands up to the end; those of a substitution within double quotes up to the character that closes it.
    fn commands(&mut self, depth: usize, close: Option<char>) {
        let mut subshells = 0_usize;
        while let Some(c) = self.rest.chars().next() {
            if self.expression() {
                continue;
            }
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                '\\' => self.escaped(),
                '\'' | '"' if depth == MAX_DEPTH => {}
                '\'' => self.quoted('\'', depth),
                '"' => self.quoted('"', depth),
                '$' if self.rest.starts_with('{') => self.braced(),
                '#' if self.word.is_none() => {
                    let ends = |c: char| c == '\n' || c == '`' && close == Some('`');
                    let end = self.rest.find(ends).unwrap_or(self.rest.len());
                    self.rest = &self.rest[end..];
                }
                c if close == Some(c) && subshells == 0 => break,
                // PowerShell continues a line with it.
                '`' if self.rest.starts_with(['\n', '\r']) => {
                    self.end_word();
                    self.rest = self.rest.trim_start_matches(['\r', '\n']);
                }
                '\n' | ';' | '|' | '&' | '(' | ')' | '`' => {
                    match c {
                        '(' => subshells += 1,
                        ')' => subshells = subshells.saturating_sub(1),
                        _ => {}
                    }
                    self.end_command();
                    match c {
                        '|' => self.pipes = !self.skip_or(),
                        // The other end of a pipe may be on the next line.
                        '\n' => {}
                        _ => self.pipes = false,
                    }
                }
                c if c.is_whitespace() => self.end_word(),
                c => self.word.get_or_insert_default().push(c),
            }
        }
        self.end_command();
    }

    /// Whether a bar begins `a || b`, whose second one is skipped: it does not pipe.
    fn skip_or(&mut self) -> bool {
        let rest = self.rest.strip_prefix('|');
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// `${{ … }}` is one part of a word, regardless of its content.
    fn expression(&mut self) -> bool {
        let Some(inside) = self.rest.strip_prefix("${{") else { return false };
        let end = inside.find("}}").map_or(inside.len(), |at| at + 2);
        let (body, rest) = inside.split_at(end);
        let text: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        self.word.get_or_insert_default().push_str(&format!("${{{{{text}"));
        self.rest = rest;
        true
    }

    fn braced(&mut self) {
        // `${A+"${B}"}`: one within another. If the last one is not closed, the first brace is taken to close the first one.
        let (mut open, mut before) = (0_usize, '$');
        let closes = |c: char| {
            let opens = std::mem::replace(&mut before, c) == '$' && c == '{';
            open = if opens { open + 1 } else { open.saturating_sub(usize::from(c == '}')) };
            c == '}' && open == 0
        };
        let end = self.rest.find(closes).or_else(|| self.rest.find('}')).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.word.get_or_insert_default().push_str(&format!("${name}}}"));
        self.rest = rest.strip_prefix('}').unwrap_or(rest);
    }

    fn escaped(&mut self) {
        let Some(c) = self.rest.chars().next() else { return };
        self.rest = &self.rest[c.len_utf8()..];
        match c {
            // A continued line.
            '\n' => {}
            '\r' if self.rest.starts_with('\n') => self.rest = &self.rest[1..],
            c => self.word.get_or_insert_default().push(c),
        }
    }

    fn quoted(&mut self, quote: char, depth: usize) {
        self.word.get_or_insert_default();
        while let Some(c) = self.rest.chars().next() {
            if self.expression() {
                continue;
            }
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                c if c == quote => return,
                '\\' if quote == '"' && self.rest.starts_with(['"', '\\', '$', '`', '\n']) => self.escaped(),
                '`' if quote == '"' => self.substitution('`', depth),
                '$' if quote == '"' && self.rest.starts_with('(') => {
                    self.rest = &self.rest[1..];
                    self.substitution(')', depth);
                }
                c => self.word.get_or_insert_default().push(c),
            }
        }
    }

    /// The commands of a substitution; the word around it goes on behind it.
    fn substitution(&mut self, close: char, depth: usize) {
        let around = (std::mem::take(&mut self.words), self.word.take());
        self.commands(depth + 1, Some(close));
        (self.words, self.word) = around;
        self.word.get_or_insert_default().push('$');
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn end_command(&mut self) {
        self.end_word();
        let words = std::mem::take(&mut self.words);
        // `then heroku …`, `! heroku …`, `{ heroku …; }`: the command is what follows.
        let keyword = |word: &&String| {
            ["if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "fi", "done", "time", "exec", "sudo", "command"]
                .contains(&word.as_str())
        };
        let mut start = words.iter().take_while(keyword).count();
        // `command -v ssh` only looks the name up, and `command -p ssh` runs it.
        let lookup = |word: &String| word.starts_with('-') && word.contains(['v', 'V']);
        if start > 0 && words.get(start - 1).is_some_and(|word| word == "command") {
            match words.get(start) {
                Some(option) if lookup(option) => start -= 1,
                Some(option) if option == "-p" || option == "--" => start += 1,
                _ => {}
            }
        }
        let words: Vec<String> = words.into_iter().skip(start).collect();
        if words.is_empty() {
            return;
        }
        let prints = |words: &&Vec<String>| words.first().is_some_and(|word| ["echo", "printf"].contains(&word.as_str()));
        if std::mem::take(&mut self.pipes) && reads_script(&words) {
            self.printed.extend(self.all.last().filter(prints).map(|words| words.get(1..).unwrap_or_default().join(" ")));
        }
        self.all.push(words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(script: &str) -> Vec<String> {
        commands(script).into_iter().map(|words| words.join(" ")).collect()
    }

    #[test]
    fn each_form_comes_to_its_commands() {
        for (script, want) in [
            ("a b && c || d; e", vec!["a b", "c", "d", "e"]),
            ("a 'b c' \"d;e\"", vec!["a b c d;e"]),
            ("a \\\n  b\n# c\nd # e", vec!["a b", "d"]),
            ("if a; then b; fi", vec!["a", "b"]),
            ("bash -c 'a && b'", vec!["a", "b", "bash -c a && b"]),
            ("sudo bash -euc \"a $(b c)\"", vec!["a $", "b c", "bash -euc a $"]),
            ("x=$(a b)", vec!["x=$", "a b"]),
            ("x \"$(a b)-c\" d", vec!["x $-c d", "a b"]),
            ("x \"$(a \"b c\" | d)\"; e", vec!["x $", "a b c", "d", "e"]),
            ("x \"$( (a; b) && c )\" d", vec!["x $ d", "a", "b", "c"]),
            ("x \"`a b`\" `c`", vec!["x $", "a b", "c"]),
            ("x \"`# a`\"; b # `c`", vec!["x $", "b"]),
            ("x '$(a)' '`b`' \"$c\" \"(d)\"", vec!["x $(a) `b` $c (d)"]),
            ("(a; b) && c", vec!["a", "b", "c"]),
            ("a ${{ inputs.x || 'y' }} b", vec!["a ${{inputs.x||'y'}} b"]),
            (r#"x 'a\"b' "a\b" "c\"d" e\ f"#, vec![r#"x a\"b a\b c"d e f"#]),
            ("a ${B:-c d}", vec!["a ${B:-c d}"]),
            ("a ${B:-c;d;} e", vec!["a ${B:-c;d;} e"]),
            ("a ${B+\"${C}\"} d; e 'f g'", vec!["a ${B+\"${C}\"} d", "e f g"]),
            ("a ${B#{}; c", vec!["a ${B#{}", "c"]),
            ("a ${B${C}; d", vec!["a ${B${C}", "d"]),
            ("a b#c", vec!["a b#c"]),
            ("a `\n  -b `\r\n  c\nd", vec!["a -b c", "d"]),
            ("a \\\r\n b\\\rc", vec!["a b\rc"]),
            ("if ! command -v a; then sudo command b; fi", vec!["command -v a", "b"]),
            ("command -pV a | command -p b && command -- c", vec!["command -pV a", "b", "c"]),
            ("eval a b", vec!["a b", "eval a b"]),
            ("echo 'a b; c' | sudo bash -x", vec!["echo a b; c", "bash -x", "a b", "c"]),
            ("echo 'a b' |\n bash", vec!["echo a b", "bash", "a b"]),
            ("echo 'a b'\nbash", vec!["echo a b", "bash"]),
            ("echo 'a b' | tee c | sh d", vec!["echo a b", "tee c", "sh d"]),
            ("echo 'a b' || sh", vec!["echo a b", "sh"]),
            ("bash <<< 'a b'", vec!["bash <<< a b", "a b"]),
            ("bash <<<\"a $X\"", vec!["bash <<<a $X", "a $X"]),
            ("env -S 'a b'; alias c='d e'", vec!["env -S a b", "a b", "alias c=d e", "d e"]),
            ("parallel 'a {}' ::: b", vec!["parallel a {} ::: b", "a {}"]),
            // The quotes of four levels are followed, and those of deeper ones are ignored.
            (r#"x "$(1 "$(2 "$(3 "$(4 "$(5)" "`6`")")")")""#, vec!["x $", "1 $", "2 $", "3 $", "4 $", "5", "6"]),
            (
                "eval eval eval eval eval eval a",
                vec![
                    "a",
                    "eval eval a",
                    "eval eval eval a",
                    "eval eval eval eval a",
                    "eval eval eval eval eval a",
                    "eval eval eval eval eval eval a",
                ],
            ),
        ] {
            let mut found = of(script);
            let mut want: Vec<String> = want.into_iter().map(str::to_owned).collect();
            found.sort();
            found.dedup();
            want.sort();
            assert_eq!(found, want, "{script}");
        }
    }

    #[test]
    fn a_command_is_found_at_any_depth() {
        let mut script = "git push heroku main".to_owned();
        for depth in 0..8 {
            assert!(of(&script).iter().any(|words| words.starts_with("git push heroku")), "{depth}: {script}");
            script = format!("sh -c '{}'", script.replace('\'', "'\\''"));
        }
        assert!(of(&format!("{}git push", "eval ".repeat(20))).contains(&"git push".to_owned()));
    }

    #[test]
    fn substitutions_that_nothing_closes_are_read_once() {
        for open in ["\"$(", "\"`", "eval ", "sh -c \"", "("] {
            assert!(commands(&open.repeat(5_000)).len() <= 20_000, "{open}");
        }
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_scripts_never_panic(script in "[a$(){}'\"\\\\;|&#\\n é`]{0,60}") {
            let _ = commands(&script);
        }
    }
}
