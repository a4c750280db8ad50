//! Pages that show what the program says: each such block is made by running it, so that none can go stale.
//!
//! `GATECTL_BLESS=1` rewrites the blocks.

use std::fs;
use std::path::Path;

use gatectl::config;
use gatectl::sandbox::{Fault, Plan, Response, Scenario, Setup, State, Visibility};

use super::emulator;
use super::run::{Ran, root, run};
use super::served::Served;

/// Compares a page with what it has to be, or writes it.
fn assert_page(path: &Path, page: &str, made: &str) {
    if std::env::var_os("GATECTL_BLESS").is_some() {
        fs::write(path, made).unwrap();
    } else if page != made {
        let diff = similar::TextDiff::from_lines(page, made);
        panic!("{}\nGATECTL_BLESS=1 accepts this", diff.unified_diff().header(&path.display().to_string(), "new"));
    }
}

/// A reader in an empty directory, with the emulator in another terminal once the page starts it.
struct Reader {
    dir: tempfile::TempDir,
    served: Option<emulator::Shell>,
    code: Option<i32>,
}

impl Reader {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), served: None, code: None }
    }

    /// `gatectl sandbox ARGS`. The reader ends it with Ctrl-C if the page only wants its gate.toml.
    fn serve(&mut self, args: &str) {
        let shell = emulator::Shell::open(self.dir.path(), &args.split_whitespace().collect::<Vec<_>>());
        if args == "--write-config" {
            shell.close();
        } else {
            self.served = Some(shell);
        }
    }

    /// What a person would see after this line.
    fn line(&mut self, line: &str) -> String {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["gatectl", args @ ..] => {
                let vars: Vec<(&str, &str)> =
                    self.served.iter().flat_map(|shell| &shell.vars).map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let Ran { code, stdout, stderr, .. } = run(self.dir.path(), args, &vars);
                self.code = code;
                stdout + &stderr
            }
            ["echo", "$?"] => format!("{}\n", self.code.unwrap_or_default()),
            ["cat", file] => fs::read_to_string(self.dir.path().join(file)).unwrap(),
            other => panic!("a page cannot run {other:?}"),
        }
    }
}

/// The words of a line; double quotes keep one together.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    let mut words: Vec<String> = Vec::new();
    for (at, part) in parts {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// Moments and random identifiers differ from run to run; everything else has to be the same.
fn settled(text: &str) -> String {
    let uuid = |word: &str| word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let moment = |word: &str| word.len() >= 16 && word.get(4..5) == Some("-") && word.get(13..14) == Some(":");
    let keep = |c: char| c.is_ascii_alphanumeric() || "-:.+".contains(c);
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(keep) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !keep(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(before);
        out.push_str(if uuid(word) {
            "<id>"
        } else if moment(word) {
            "<time>"
        } else {
            word
        });
        rest = after;
    }
    out + rest
}

/// The page with the output of every command rebuilt.
fn rerun(page: &str, reader: &mut Reader) -> String {
    let mut made = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        made.push_str(line);
        made.push('\n');
        if let Some(args) = line.strip_prefix("gatectl sandbox ") {
            reader.serve(args);
        }
        if line != "```console" {
            continue;
        }
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        for command in block.iter().filter_map(|line| line.strip_prefix("$ ")) {
            made.push_str(&format!("$ {command}\n{}", reader.line(command)));
        }
        made.push_str("```\n");
    }
    // Its moments and identifiers belong together: they change all at once or not at all.
    if settled(&made) == settled(page) { page.to_owned() } else { made }
}

#[test]
fn the_tutorial_shows_what_happens() {
    let path = root().join("docs/tutorial.md");
    let page = fs::read_to_string(&path).unwrap();
    let made = rerun(&page, &mut Reader::new());
    assert!(page.matches("```console").count() >= 6, "blocks are gone");
    assert_page(&path, &page, &made);
}

#[test]
fn only_moments_and_identifiers_may_differ() {
    assert_eq!(settled("since 2026-05-05T18:00:00-04:00, 6f9619ff-8b86-4d01-b42d-00cf4fc964ff\n"), "since <time>, <id>\n");
    let plain = "+ reviewers: (2 of 3), a-b-c: main -> \"v*\"\n";
    assert_eq!(settled(plain), plain);
}

/// The world of the page on pull requests: two gates are missing, one is stricter than declared, GitHub refuses reviewers, and
/// Heroku does not let config vars be read.
fn refusing_world(gate: &str) -> State {
    let desired = config::parse("gate.toml", gate).unwrap_or_else(|problems| panic!("{}", problems.plain())).desired;
    let setup = Setup::new(desired.github.repository.clone().unwrap(), &desired.github, &desired.heroku);
    let mut state = State::rehearsal(Scenario::Gated, &setup);
    state.github.set_plan("acme", Plan::Team);
    let repo = state.repo("acme/shop").unwrap();
    repo.visibility = Visibility::Private;
    for environment in ["production-eu", "production-us"] {
        repo.remove(environment);
    }
    repo.environment_mut("canary").unwrap().patterns.retain(|pattern| pattern.name == "main");
    let refusal = serde_json::json!({"id": "forbidden", "message": "You do not have access to the app shop-prod."});
    state.faults.push(Fault::before(Response::json(403, &refusal)).path("/apps/shop-prod/config-vars"));
    state
}

#[test]
fn the_page_on_pull_requests_shows_real_comments() {
    let path = root().join("docs/pull-requests.md");
    let page = fs::read_to_string(&path).unwrap();
    let gate = fs::read_to_string(root().join("tests/fixtures/pull-request.toml")).unwrap();
    let served = Served::of(refusing_world(&gate), &gate);
    let plan = served.run(&["plan", "--format", "markdown"]).stdout;
    let apply = served.run(&["apply", "--auto-approve", "--allow-weaken", "--format", "markdown"]).stdout;
    for (text, said) in [(&plan, "3 changes, 1 weakens canary"), (&plan, "weakens"), (&plan, "unknown"), (&apply, "manual steps")] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let mut made = page.clone();
    for (name, text) in [("gate.toml", format!("```toml\n{gate}```\n")), ("plan", plan), ("apply", apply)] {
        // The emulator's port differs from run to run.
        let text = text.replace(served.sandbox.heroku_url(), "https://api.heroku.com");
        let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
        let (before, rest) = made.split_once(&begin).unwrap_or_else(|| panic!("{name} has no place on the page"));
        let (shown, after) = rest.split_once(&end).unwrap();
        let fresh = format!("\n{text}\n");
        let text = if settled(shown) == settled(&fresh) { shown } else { &fresh };
        made = format!("{before}{begin}{text}{end}{after}");
    }
    assert_page(&path, &page, &made);
}
