//! The scope of a run by its flags, and the GitHub that it is about: every command that gatectl suggests repeats them (law 9).
//!
//! Owns which flags a command takes. Must not know how text is printed. Tested here, and by running what the program
//! suggests in `tests/program/next.rs`.

use std::sync::OnceLock;

use crate::findings;
use crate::model::shell_word;
use crate::render::{Block, Document, Finding};

/// The flags of a run that a suggested command repeats; the default repeats none.
#[derive(Debug, Clone, Default)]
pub struct RunScope {
    flags: Vec<Flag>,
    /// Where the GitHub CLI must go if not to github.com; known only once the server is.
    gh_host: OnceLock<String>,
}

/// One flag of the run.
#[derive(Debug, Clone)]
struct Flag {
    row: &'static Row,
    /// As it is written, quoted for a shell.
    text: String,
}

/// A flag that can be repeated.
#[derive(Debug)]
struct Row {
    name: &'static str,
    /// How it, or a flag in its place, is recognized in a command.
    forms: &'static [&'static str],
    /// Whether a command takes it.
    takes: fn(&Suggested<'_>) -> bool,
}

const fn row(name: &'static str, forms: &'static [&'static str], takes: fn(&Suggested<'_>) -> bool) -> Row {
    Row { name, forms, takes }
}

static ROWS: &[Row] = &[
    row("-c", &["-c ", "--config"], |it| it.is_live() || it.is(&["check", "validate", "import"])),
    row("-R", &["-R ", "--repo "], |it| it.is_live()),
    row("--environment", &["--environment"], |it| {
        it.is(&["plan", "apply", "verify", "check", "explain", "evidence", "pending", "freeze check"]) && !it.is_saved()
    }),
    row("--sandbox", &["--sandbox"], |it| it.is_live()),
    row("--prune", &["--prune"], |it| it.is(&["plan", "apply"]) && !it.is_saved()),
    row("--repository", &["--repository"], |it| it.is_for_fleets()),
    row("--shard", &["--shard"], |it| it.is_for_fleets()),
    row("--workflows", &["--workflows"], |it| it.is(&["check", "verify"])),
    row("--remote", &["--remote", "--live-only"], |it| it.is(&["verify"])),
    row("--live-only", &["--remote", "--live-only"], |it| it.is(&["verify"])),
    row("--app", &["--app", "--github"], |it| it.is_freeze()),
    row("--github", &["--app", "--github"], |it| it.is_freeze()),
];

/// A command in a text.
struct Suggested<'t> {
    /// Its name: `plan`, `freeze on`.
    verb: &'t str,
    /// Its own arguments.
    own: &'t str,
    /// Whether it stands between backticks.
    is_code: bool,
}

impl Suggested<'_> {
    fn is(&self, verbs: &[&str]) -> bool {
        verbs.contains(&self.verb)
    }

    fn is_freeze(&self) -> bool {
        self.verb.starts_with("freeze ")
    }

    /// Whether it reads the live state.
    fn is_live(&self) -> bool {
        self.is_freeze() || self.is(&["plan", "apply", "verify", "explain", "pending", "approve", "reject", "evidence"])
    }

    fn is_for_fleets(&self) -> bool {
        self.is(&["plan", "apply", "verify", "evidence", "freeze status", "freeze on"]) && !self.is_saved()
    }

    /// Whether it applies a saved plan, which has its own limits.
    fn is_saved(&self) -> bool {
        self.verb == "apply" && self.is_code && self.own.trim_start().starts_with(|c: char| c != '-' && c != '<')
    }

    /// Whether it is the step of a workflow: that runs on another machine and not in the emulator.
    fn is_step(&self) -> bool {
        self.verb == "freeze check" && self.is_code
    }

    /// Whether a flag is added to it.
    fn lacks(&self, row: &Row) -> bool {
        // An import names its repository itself.
        let names_its_own = self.verb == "import" && !self.own.contains("--update");
        // A step reads the live state where it runs, and gate.toml only if it does not name the store.
        let is_elsewhere = self.is_step()
            && match row.name {
                "-R" | "--sandbox" => true,
                "-c" => self.own.contains("--app") || self.own.contains("--github"),
                _ => false,
            };
        (row.takes)(self) && !names_its_own && !is_elsewhere && !row.forms.iter().any(|form| self.own.contains(form))
    }
}

impl RunScope {
    /// Flags in the order in which they are repeated, each with its value if it takes one.
    pub fn of<'f>(flags: impl IntoIterator<Item = (&'f str, Option<String>)>) -> Self {
        let flag = |(name, value): (&str, Option<String>)| {
            let row = ROWS.iter().find(|row| row.name == name)?;
            let text = match (name, value) {
                (_, None) => name.to_owned(),
                ("--sandbox", Some(value)) => format!("{name}={value}"),
                (_, Some(value)) => format!("{name} {}", shell_word(&value)),
            };
            Some(Flag { row, text })
        };
        Self { flags: flags.into_iter().filter_map(flag).collect(), ..Self::default() }
    }

    /// The host of a GitHub other than github.com: a suggested `gh secret set` must not write to a repository of the same name there.
    pub fn keep_host(&self, host: &str) {
        // A second client of the run is for the same server.
        _ = self.gh_host.set(host.to_owned());
    }

    /// Whether no command would change.
    fn is_empty(&self) -> bool {
        self.flags.is_empty() && self.gh_host.get().is_none()
    }

    /// A text in which each command of the GitHub CLI goes to the host of this run.
    fn to_host(&self, text: &str) -> String {
        let Some(host) = self.gh_host.get() else { return text.to_owned() };
        let host = shell_word(host);
        let mut parts = text.split("gh ");
        let mut done = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let starts = done.chars().next_back().is_none_or(|c| matches!(c, '`' | ' ' | '\n'));
            let login = ["auth login", "auth refresh"].into_iter().find(|login| part.starts_with(login) && !part.contains("--hostname"));
            done.push_str(&match (starts, login) {
                (true, Some(login)) => format!("gh {login} --hostname {host}{}", &part[login.len()..]),
                (true, None) if ["api ", "repo ", "secret "].iter().any(|verb| part.starts_with(verb)) => {
                    format!("GH_HOST={host} gh {part}")
                }
                _ => format!("gh {part}"),
            });
        }
        done
    }

    /// A text with the scope added to each command in it.
    pub fn repeat(&self, text: &str) -> String {
        let text = self.to_host(text);
        if self.flags.is_empty() {
            return text;
        }
        let mut done = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find("gatectl ") {
            let (before, command) = rest.split_at(at);
            done.push_str(before);
            let starts = done.chars().next_back().is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '/' | '.'));
            let is_code = done.ends_with('`');
            let (verb, arguments) = command["gatectl ".len()..].split_at(verb_length(&command["gatectl ".len()..]));
            let own = arguments.split(if is_code { &['`', '\n'][..] } else { &[';', '\n'][..] }).next().unwrap_or_default();
            done.push_str("gatectl ");
            done.push_str(verb);
            if starts {
                let command = Suggested { verb, own, is_code };
                for flag in self.flags.iter().filter(|flag| command.lacks(flag.row)) {
                    done.push(' ');
                    done.push_str(&flag.text);
                }
            }
            rest = arguments;
        }
        done.push_str(rest);
        done
    }

    /// JSON in which every suggested command repeats the scope.
    pub fn repeat_in_json(&self, json: &str) -> String {
        if self.is_empty() {
            return json.to_owned();
        }
        let mut done = String::with_capacity(json.len());
        let mut rest = json;
        while let Some(start) = rest.find('"') {
            done.push_str(&rest[..start]);
            let literal = &rest[start..start + string_length(&rest[start..])];
            match serde_json::from_str::<String>(literal) {
                Ok(text) if text.contains("gatectl ") || text.contains("gh ") => {
                    done.push_str(crate::render::json::to_string(&self.repeat(&text)).trim_end());
                }
                _ => done.push_str(literal),
            }
            rest = &rest[start + literal.len()..];
        }
        done.push_str(rest);
        done
    }

    /// Findings whose suggested commands repeat the scope: for a page or a file that shows them without a document.
    pub fn repeat_in_findings<'f>(&self, findings: impl Iterator<Item = &'f mut findings::Finding>) {
        for finding in findings {
            finding.message = self.repeat(&finding.message);
            finding.fix = self.repeat(&finding.fix);
        }
    }

    /// A document in which every suggested command repeats the scope; quoted words and values stay as they are.
    pub fn repeat_in(&self, mut document: Document) -> Document {
        if self.is_empty() {
            return document;
        }
        let again = |text: &mut String| *text = self.repeat(text);
        let finding = |finding: &mut Finding| {
            again(&mut finding.message);
            again(&mut finding.fix);
        };
        again(&mut document.headline);
        document.next.iter_mut().for_each(again);
        for section in &mut document.sections {
            section.alerts.iter_mut().for_each(finding);
            for block in &mut section.blocks {
                match block {
                    Block::Text(text) | Block::Item { text, .. } => again(text),
                    Block::Steps(steps) => steps.iter_mut().for_each(again),
                    Block::Finding(one) => finding(one),
                    Block::Row(_) | Block::Quote(_) | Block::Link(_) | Block::Table(_) => {}
                }
            }
        }
        document
    }
}

/// The length of the JSON string that a text begins with, its quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}

/// How much of a text is the name of a command: `plan`, `freeze on`.
fn verb_length(text: &str) -> usize {
    let word = |text: &str| text.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(text.len());
    let first = word(text);
    if &text[..first] != "freeze" || !text[first..].starts_with(' ') {
        return first;
    }
    first + 1 + word(&text[first + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Section;

    fn of(flags: &[(&str, &str)]) -> RunScope {
        let value = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        RunScope::of(flags.iter().map(|(name, text)| (*name, value(text))))
    }

    const FLAGS: [(&str, &str); 5] =
        [("-c", "ops/my gate.toml"), ("-R", "acme/shop"), ("--environment", "production"), ("--sandbox", "no-rules"), ("--prune", "")];

    fn scope() -> RunScope {
        of(&FLAGS)
    }

    #[test]
    fn a_command_repeats_the_flags_that_it_takes() {
        let every = "-c 'ops/my gate.toml' -R acme/shop --environment production --sandbox=no-rules";
        assert_eq!(scope().repeat("Next: `gatectl apply` makes it so."), format!("Next: `gatectl apply {every} --prune` makes it so."));
        assert_eq!(scope().repeat("gatectl verify"), format!("gatectl verify {every}"));
        assert_eq!(
            scope().repeat("`gatectl apply gate.plan`"),
            "`gatectl apply -c 'ops/my gate.toml' -R acme/shop --sandbox=no-rules gate.plan`"
        );
        assert_eq!(scope().repeat("`gatectl validate`"), "`gatectl validate -c 'ops/my gate.toml'`");
        assert_eq!(
            of(&[&FLAGS[..], &[("--app", "shop")]].concat()).repeat("run `gatectl freeze off --reason TEXT`"),
            "run `gatectl freeze off -c 'ops/my gate.toml' -R acme/shop --sandbox=no-rules --app shop --reason TEXT`"
        );
    }

    #[test]
    fn a_command_of_the_github_cli_goes_to_the_host_of_the_run() {
        let scope = RunScope::default();
        let set = "gh secret set KEY --env production --repo acme/shop";
        assert_eq!(scope.repeat(set), set);
        scope.keep_host("ghe.example.com");
        assert_eq!(scope.repeat(set), format!("GH_HOST=ghe.example.com {set}"));
        assert_eq!(
            scope.repeat("`gh secret set A --org acme && gh secret delete A --repo acme/shop`; high secret"),
            "`GH_HOST=ghe.example.com gh secret set A --org acme && GH_HOST=ghe.example.com gh secret delete A --repo acme/shop`; high secret"
        );
        assert_eq!(
            scope.repeat("log in with `gh auth login`; `gh auth login --hostname other`; `gh auth token`"),
            "log in with `gh auth login --hostname ghe.example.com`; `gh auth login --hostname other`; `gh auth token`"
        );
        let json = "{\"steps\":[\"gh secret set A\"],\"name\":\"high\"}";
        assert_eq!(scope.repeat_in_json(json), json.replace("gh secret", "GH_HOST=ghe.example.com gh secret"));
        let steps = Section { blocks: vec![Block::Steps(vec![set.to_owned()])], ..Section::default() };
        let shown = scope.repeat_in(Document { sections: vec![steps], ..Document::default() });
        assert_eq!(shown.sections[0].blocks, [Block::Steps(vec![format!("GH_HOST=ghe.example.com {set}")])]);
    }

    #[test]
    fn a_step_of_a_workflow_repeats_what_holds_there_too() {
        let step = "Make `gatectl freeze check` the first step of each";
        assert_eq!(
            scope().repeat(step),
            "Make `gatectl freeze check -c 'ops/my gate.toml' --environment production` the first step of each"
        );
        let named = scope().repeat("make `gatectl freeze check --github acme` the first step");
        assert_eq!(named, "make `gatectl freeze check --environment production --github acme` the first step");
        assert!(scope().repeat("gatectl freeze check").contains("--sandbox=no-rules"), "one to run here");
    }

    #[test]
    fn a_part_of_a_fleet_and_other_workflow_files_are_repeated() {
        let fleet = of(&[("-c", "fleet.toml"), ("--repository", "svc-*"), ("--repository", "web"), ("--shard", "1/4")]);
        let part = "-c fleet.toml --repository 'svc-*' --repository web --shard 1/4";
        assert_eq!(fleet.repeat("Next: `gatectl apply --allow-weaken`"), format!("Next: `gatectl apply {part} --allow-weaken`"));
        assert_eq!(fleet.repeat("`gatectl apply fleet.plan`"), "`gatectl apply -c fleet.toml fleet.plan`");
        let checked = of(&[("--workflows", "ci/my flows"), ("--remote", "")]);
        assert_eq!(checked.repeat("`gatectl verify`"), "`gatectl verify --workflows 'ci/my flows' --remote`");
        assert_eq!(checked.repeat("`gatectl check` and `gatectl plan`"), "`gatectl check --workflows 'ci/my flows'` and `gatectl plan`");
    }

    #[test]
    fn json_stays_json() {
        let json = "{\n \"fix\": \"gatectl apply\", \"a\\\"b\": [\"x\", \"\"], \"hint\": \"`gatectl plan`; \\\"q\\\"\"\n}";
        let scope = of(&[("-c", "o'k \"q\".toml")]);
        let done = scope.repeat_in_json(json);
        let value: serde_json::Value = serde_json::from_str(&done).unwrap();
        assert_eq!(value["fix"], "gatectl apply -c 'o'\\''k \"q\".toml'");
        assert_eq!(value["hint"], "`gatectl plan -c 'o'\\''k \"q\".toml'`; \"q\"");
        assert_eq!(value["a\"b"][0], "x");
    }

    #[test]
    fn what_a_command_says_itself_and_what_is_no_command_stays() {
        let once = scope().repeat("`gatectl apply --prune --environment staging`, then gatectl plan; done");
        assert_eq!(once.matches("--prune").count(), 2, "{once}");
        assert!(once.contains("--environment staging`") && once.contains("--environment production"), "{once}");
        assert_eq!(scope().repeat(&once), once, "twice is once");
        for text in ["gatectl import acme/shop > gate.toml", "gatectl sandbox", "see gatectl", "my-gatectl plan", "gatectl says no"] {
            assert_eq!(scope().repeat(text), text);
        }
        assert_eq!(RunScope::default().repeat("`gatectl plan`"), "`gatectl plan`");
    }
}
