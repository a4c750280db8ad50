//! The import arrows of the design: which module may name which.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module with the ones it may name. `model` knows no other module; `commands` is where all layers meet.
const ARROWS: &[(&str, &[&str])] = &[
    ("apply", &["http", "model", "stop"]),
    ("cli", &["desired", "freeze", "model", "providers", "render", "sandbox"]),
    ("config", &["desired", "files", "freeze", "model"]),
    ("credentials", &["files", "http"]),
    ("desired", &["freeze", "model"]),
    ("exit", &["model"]),
    ("files", &[]),
    ("findings", &["model"]),
    ("freeze", &["desired", "model"]),
    ("http", &["model", "stop"]),
    ("import", &["config", "desired", "model", "providers", "render", "workflows"]),
    ("model", &[]),
    ("progress", &["render"]),
    ("providers", &["apply", "desired", "freeze", "http", "model"]),
    ("reconcile", &["apply", "desired", "exit", "freeze", "http", "model", "providers", "stop"]),
    ("render", &["model"]),
    ("sandbox", &["desired", "model"]),
    ("stop", &[]),
    ("verify", &["desired", "findings", "freeze", "model", "providers", "workflows"]),
    ("views", &["desired", "exit", "findings", "freeze", "http", "model", "providers", "render", "verify", "workflows"]),
    ("workflows", &["desired", "findings", "model"]),
];

/// What decides, shows or compares: the same arguments give the same answer.
const PURE: &[&str] = &[
    "config/",
    "desired/",
    "findings/",
    "freeze/",
    "import/",
    "model/",
    "providers/freeze_store/plan.rs",
    "providers/github/api.rs",
    "providers/github/plan.rs",
    "providers/github/plan/",
    "providers/github/read_back.rs",
    "providers/github/refusal.rs",
    "providers/github/runs/admit.rs",
    "providers/github/runs/evidence.rs",
    "providers/github/runs/evidence/",
    "providers/github/strictness.rs",
    "providers/heroku/api.rs",
    "providers/heroku/plan.rs",
    "reconcile/exit.rs",
    "reconcile/fingerprint.rs",
    "render/",
    "verify/",
    "views/",
    "workflows/",
];

/// The thin edges of these: how a file is found, read and written, and what a terminal is like.
const SHELLS: &[&str] = &["config/discover.rs", "config/load.rs", "render/style.rs"];

/// What a pure module has none of: input and output, waiting, the environment, the clock, chance.
const IMPURE: &[&str] = &[
    "async ",
    "tokio::",
    "std::fs",
    "std::env",
    "std::net::Tcp",
    "std::process",
    "std::thread",
    "io::stdin",
    "io::stdout",
    "io::stderr",
    "println!",
    "Timestamp::now",
    "SystemTime::now",
    "Instant::now",
    "new_v4",
    "rand::",
];

/// Who reads the clock: `Session::now` for all that is decided or recorded. A client measures waits against the times in answers, and
/// the emulator has a clock of its own. What an App signs states when it was made.
const CLOCKS: &[&str] = &["commands/session.rs", "credentials/app.rs", "http/", "sandbox/"];

pub(super) fn sources(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The code of a file without comments; test modules may know more than the code they test.
pub(super) fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

pub(super) fn is_test(path: &Path) -> bool {
    path.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs" | "cases.rs")))
}

fn named(code: &str) -> BTreeSet<String> {
    let word = |rest: &str| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>();
    let mut names: BTreeSet<String> = code.split("crate::").skip(1).map(word).collect();
    for group in code.split("use crate::{").skip(1) {
        let group = group.split('}').next().unwrap_or_default();
        names.extend(group.split(',').map(|part| word(part.trim())));
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn every_module_names_only_those_it_may_know() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for path in sources(&src) {
        let relative = path.strip_prefix(&src).unwrap();
        let module = relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if is_test(relative) || matches!(module.as_str(), "lib" | "main" | "commands") {
            continue;
        }
        seen.insert(module.clone());
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{module} has no line in the table"));
            continue;
        };
        for name in named(&code(&path)) {
            if name != module && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{}: {module} must not know {name}", relative.display()));
            }
        }
    }
    for (name, _) in ARROWS {
        if !seen.contains(*name) {
            wrong.push(format!("the table has a line for {name}, which does not exist"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_place_knows_the_http_library_one_reads_the_clock_and_what_decides_is_pure() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&src) {
        let relative = path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        if is_test(Path::new(&relative)) {
            continue;
        }
        let code = code(&path);
        if code.contains("octocrab") {
            assert!(relative.starts_with("http/"), "{relative} names octocrab");
        }
        if code.contains("hyper::") || code.contains("hyper_util::") {
            assert!(relative.starts_with("http/") || relative.starts_with("sandbox/"), "{relative} names hyper");
        }
        if PURE.iter().any(|place| relative.starts_with(place)) && !SHELLS.contains(&relative.as_str()) {
            for sign in IMPURE {
                assert!(!code.contains(sign), "{relative} must be pure, and has `{sign}`");
            }
        }
        if !CLOCKS.iter().any(|place| relative.starts_with(place)) {
            for clock in ["Timestamp::now", "SystemTime::now", "Zoned::now", "Utc::now"] {
                assert!(!code.contains(clock), "{relative} reads the clock; the time is an argument");
            }
        }
    }
}

#[test]
fn what_is_called_pure_is_there() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for place in PURE.iter().chain(SHELLS).chain(CLOCKS) {
        assert!(src.join(place).exists(), "{place} does not exist");
    }
}

#[test]
fn whatever_waits_around_a_write_is_in_the_one_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let table = page.split("## What waits or retries around a write").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let src = root.join("src");
    let waits = |path: &&PathBuf| code(path).contains("time::sleep");
    let files: Vec<String> = sources(&src)
        .iter()
        .filter(waits)
        .map(|path| path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned())
        .filter(|file| !is_test(Path::new(file)) && !file.starts_with("sandbox/"))
        .collect();
    assert!(files.len() > 5, "{files:?}");
    for file in files {
        assert!(table.contains(&format!("`{file}`")), "{file} waits, and the table in docs/architecture.md does not say for what");
    }
}
