//! A `run` script as the simple commands that a POSIX shell would run, for a proof: [`crate::workflows::deploys`] finds whatever
//! may be a command, and this says what certainly runs.
//!
//! Owns word splitting, quoting, operators and redirections. It reads a script from the top and stops at the first
//! construct that it does not understand (substitutions, compound commands, here-documents): everything before that is
//! read, everything after it is not. Must not know what any command does.

/// A script, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Script {
    /// The statements that were read, in order.
    pub(super) statements: Vec<Statement>,
    /// Whether that is all of the script.
    pub(super) complete: bool,
}

/// Commands joined by `&&`, `||` and `|`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Statement {
    /// The commands, each with how it is joined to the one before it.
    pub(super) commands: Vec<(Join, Command)>,
    /// Whether the script does not wait for it (`&`).
    pub(super) background: bool,
}

/// How a command is joined to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// It is the first one of its statement.
    First,
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// `|`.
    Pipe,
}

/// One simple command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Command {
    /// `NAME=value` before the command's name, or alone.
    pub(super) assignments: Vec<(String, Word)>,
    /// The command's name and its arguments.
    pub(super) words: Vec<Word>,
    /// Files that it writes to.
    pub(super) writes: Vec<Word>,
}

/// One word after quotes are removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Word {
    /// Its text; expansions are kept as written.
    pub(super) text: String,
    /// Whether the shell expands nothing in it.
    pub(super) literal: bool,
    /// Whether any of it is quoted.
    quoted: bool,
}

impl Command {
    /// The words as written, if the shell expands none of them.
    pub(super) fn literal(&self) -> Option<Vec<&str>> {
        self.words.iter().map(|word| word.literal.then_some(word.text.as_str())).collect()
    }
}

/// Words that begin or end a compound command.
const RESERVED: &[&str] = &[
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "select", "function", "time", "coproc", "{",
    "}", "!", "[[",
];

/// Reads a script; a NUL stands for a text that may hold anything, so nothing is read from there on.
pub(super) fn read(text: &str) -> Script {
    let (rest, is_cut) = text.split_once('\0').map_or((text, false), |(before, _)| (before, true));
    let mut reader = Reader { rest, is_cut, script: Script::default(), statement: Statement::default(), join: Join::First };
    reader.script.complete = reader.all().is_some() && !is_cut;
    reader.script
}

struct Reader<'a> {
    rest: &'a str,
    /// Whether the end of `rest` is not the end of the script.
    is_cut: bool,
    script: Script,
    statement: Statement,
    join: Join,
}

impl Reader<'_> {
    fn take(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    /// Everything; `None` at the first construct that it does not understand.
    fn all(&mut self) -> Option<()> {
        loop {
            self.blanks();
            if self.rest.is_empty() {
                return if self.statement.commands.is_empty() { Some(()) } else { None };
            }
            if self.statement.commands.is_empty() && (self.take("\n") || self.comment()) {
                continue;
            }
            // After `&&`, `||` and `|` a line may end.
            if self.take("\n") || self.comment() {
                continue;
            }
            let command = self.command()?;
            self.statement.commands.push((self.join, command));
            self.joined()?;
        }
    }

    /// What follows a command: the join to the next one, or the end of the statement.
    fn joined(&mut self) -> Option<()> {
        self.blanks();
        if self.take("&&") {
            self.join = Join::And;
        } else if self.take("||") {
            self.join = Join::Or;
        } else if self.take("|&") {
            return None;
        } else if self.take("|") {
            self.join = Join::Pipe;
        } else {
            self.statement.background = self.take("&");
            let ended =
                self.statement.background || self.take(";") || self.take("\n") || self.comment() || (self.rest.is_empty() && !self.is_cut);
            // `;;` belongs to `case`.
            if !ended || self.rest.starts_with(';') {
                return None;
            }
            self.script.statements.push(std::mem::take(&mut self.statement));
            self.join = Join::First;
        }
        Some(())
    }

    fn blanks(&mut self) {
        while self.take(" ") || self.take("\t") || self.take("\r") || self.take("\\\n") {}
    }

    /// A comment up to the end of its line.
    fn comment(&mut self) -> bool {
        if !self.rest.starts_with('#') {
            return false;
        }
        let end = self.rest.find('\n');
        self.rest = end.map_or("", |end| &self.rest[end..]);
        end.is_some() || !self.is_cut
    }

    fn command(&mut self) -> Option<Command> {
        let mut command = Command::default();
        loop {
            self.blanks();
            if self.rest.is_empty() || self.rest.starts_with(['\n', ';', '|', '#']) {
                break;
            }
            if self.redirection(&mut command)? {
                continue;
            }
            if self.rest.starts_with('&') {
                break;
            }
            let word = self.word()?;
            if command.words.is_empty() {
                if let Some((name, value)) = assignment(&word) {
                    command.assignments.push((name, value));
                    continue;
                }
                if !word.quoted && RESERVED.contains(&word.text.as_str()) {
                    return None;
                }
            }
            command.words.push(word);
        }
        let is_empty = command.words.is_empty() && command.assignments.is_empty() && command.writes.is_empty();
        (!is_empty).then_some(command)
    }

    /// `> file`, `2>&1`, `< file`; whether there was one.
    fn redirection(&mut self, command: &mut Command) -> Option<bool> {
        let start = self.rest;
        let digits = self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        self.rest = &self.rest[digits..];
        if digits == 0 && (self.take("&>>") || self.take("&>")) || self.take(">>") || self.take(">|") {
            self.target(command)?;
        } else if self.take(">&") {
            let word = self.word()?;
            if !(word.literal && word.text.chars().all(|c| c.is_ascii_digit() || c == '-')) {
                command.writes.push(word);
            }
        } else if self.take(">") {
            self.target(command)?;
        } else if self.rest.starts_with("<<") || self.rest.starts_with("<(") || self.rest.starts_with("<>") || self.rest.starts_with("<&") {
            return None;
        } else if self.take("<") {
            self.blanks();
            self.word()?;
        } else {
            self.rest = start;
            return Some(false);
        }
        Some(true)
    }

    fn target(&mut self, command: &mut Command) -> Option<()> {
        self.blanks();
        let word = self.word()?;
        command.writes.push(word);
        Some(())
    }

    fn word(&mut self) -> Option<Word> {
        let mut word = Word { literal: true, ..Word::default() };
        let start = self.rest.len();
        while let Some(c) = self.rest.chars().next() {
            match c {
                ' ' | '\t' | '\r' | '\n' | ';' | '|' | '&' | '<' | '>' => break,
                '(' | ')' | '`' => return None,
                _ => {}
            }
            self.next();
            match c {
                '\'' => {
                    let end = self.rest.find('\'')?;
                    word.text.push_str(&self.rest[..end]);
                    self.rest = &self.rest[end + 1..];
                    word.quoted = true;
                }
                '"' => self.double(&mut word)?,
                '\\' => match self.next()? {
                    '\n' => {}
                    escaped => {
                        word.text.push(escaped);
                        word.quoted = true;
                    }
                },
                '$' => self.expansion(&mut word)?,
                '*' | '?' | '[' | '{' | '~' => {
                    word.text.push(c);
                    // `[` is a command, `{` is reserved; both stand alone.
                    word.literal &= word.text.len() == 1 && "[{".contains(c) && self.rest.starts_with([' ', '\n']);
                }
                c => word.text.push(c),
            }
        }
        (self.rest.len() < start).then_some(word)
    }

    fn double(&mut self, word: &mut Word) -> Option<()> {
        word.quoted = true;
        loop {
            match self.next()? {
                '"' => return Some(()),
                '`' => return None,
                '$' => self.expansion(word)?,
                '\\' => match self.next()? {
                    '\n' => {}
                    c if "$`\"\\".contains(c) => word.text.push(c),
                    c => word.text.extend(['\\', c]),
                },
                c => word.text.push(c),
            }
        }
    }

    /// What follows a `$`. Only expansions that run nothing are understood.
    fn expansion(&mut self, word: &mut Word) -> Option<()> {
        if self.rest.starts_with(['(', '\'', '"', '[']) {
            return None;
        }
        word.text.push('$');
        if !self.take("{") {
            word.literal &= !self.rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "_@*#?$!-".contains(c));
            return Some(());
        }
        word.literal = false;
        let end = self.rest.find('}')?;
        let inside = &self.rest[..end];
        if inside.contains(['$', '`', '(', '\'', '"', '\\', '{', '=']) {
            return None;
        }
        word.text.push('{');
        word.text.push_str(inside);
        word.text.push('}');
        self.rest = &self.rest[end + 1..];
        Some(())
    }
}

/// `NAME=value`, if the name is not quoted.
fn assignment(word: &Word) -> Option<(String, Word)> {
    let (name, value) = word.text.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let is_name =
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| (name.to_owned(), Word { text: value.to_owned(), ..word.clone() }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The statements as text: joins and words, `*` after words that the shell expands.
    fn shown(text: &str) -> String {
        let script = read(text);
        let word = |word: &Word| format!("{}{}", word.text, if word.literal { "" } else { "*" });
        let command = |(join, command): &(Join, Command)| {
            let sign = match join {
                Join::First => "",
                Join::And => "&& ",
                Join::Or => "|| ",
                Join::Pipe => "| ",
            };
            let assigned = command.assignments.iter().map(|(name, value)| format!("{name}:={}", word(value)));
            let all: Vec<String> = assigned
                .chain(command.words.iter().map(word))
                .chain(command.writes.iter().map(|file| format!(">{}", word(file))))
                .collect();
            format!("{sign}{}", all.join(" "))
        };
        let statement = |statement: &Statement| {
            let all: Vec<String> = statement.commands.iter().map(command).collect();
            format!("{}{}", all.join(" "), if statement.background { " &" } else { "" })
        };
        let mut all: Vec<String> = script.statements.iter().map(statement).collect();
        if !script.complete {
            all.push("...".to_owned());
        }
        all.join("; ")
    }

    #[test]
    fn scripts_are_read_as_a_shell_does() {
        for (text, want) in [
            ("a b\nc", "a b; c"),
            ("  a  'b c' \"d $e\" # x\n# y\n", "a b c d $e*"),
            ("a && b || c | d ; e & f", "a && b || c | d; e &; f"),
            ("a \\\n  b", "a b"),
            ("a &&\n  # why\n  b", "a && b"),
            ("X=1 Y=\"$Z\" a b=c", "X:=1 Y:=$Z* a b=c"),
            ("X=1", "X:=1"),
            ("a >> \"$GITHUB_OUTPUT\" 2>&1 < in", "a >$GITHUB_OUTPUT*"),
            ("a &> log", "a >log"),
            ("a 2>err b", "a b >err"),
            ("echo a\\ b \"c\\\"d\"", "echo a b c\"d"),
            ("a *.txt ~/x ${HOME}/y {b,c}", "a *.txt* ~/x* ${HOME}/y* {b,c}*"),
            ("[ -f x ] && a", "[ -f x ] && a"),
            ("echo 'a\nb'\nc", "echo a\nb; c"),
            ("echo a#b", "echo a#b"),
            ("echo if", "echo if"),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
    }

    #[test]
    fn nothing_is_read_beyond_what_is_not_understood() {
        for text in [
            "a; if b; then c; fi",
            "a\nb $(c)",
            "a\nb `c`",
            "a; (b)",
            "a; { b; }",
            "a\nb <<E\nc\nE",
            "a\n! b",
            "a; b() { c; }",
            "a; b \"$(c)\"",
            "a; b ${c:-$(d)}",
            "a; b 'c",
            "a; b <(c)",
            "a; ;; b",
            "a; b |& c",
            "a; for b in c; do d; done",
            "a; b &&",
            "a; [[ b ]] && c",
            "a; b $'c'",
            "a; b \0",
            "a; b '\0'",
            "a; b # \0",
            "a; b${c:=d}",
        ] {
            assert_eq!(shown(text), "a; ...", "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "[a-z $\"'\\\\\n;&|<>(){}#=*é`]{0,40}") {
            let _ = read(&text);
        }
    }
}
