//! The import arrows of the design: who may know whom.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module with the ones it may name. `model` knows nobody; `commands` is where all layers meet.
const ARROWS: &[(&str, &[&str])] = &[
    ("apply", &["http", "model", "stop"]),
    ("cli", &["desired", "freeze", "model", "providers", "render", "sandbox"]),
    ("config", &["desired", "freeze", "model"]),
    ("credentials", &["http"]),
    ("desired", &["freeze", "model"]),
    ("exit", &[]),
    ("findings", &["model"]),
    ("freeze", &["desired", "model"]),
    ("http", &["model", "stop"]),
    ("import", &["config", "desired", "model", "providers", "render"]),
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

fn sources(root: &Path) -> Vec<PathBuf> {
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
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs" | "cases.rs" | "conformance.rs")))
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
fn one_place_knows_the_http_library_and_planning_is_pure() {
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
        let pure = relative.starts_with("model/")
            || relative.starts_with("freeze/")
            || relative.starts_with("workflows/")
            || relative.starts_with("config/");
        if pure || relative.ends_with("/plan.rs") && relative.starts_with("providers/") {
            assert!(!code.contains("async ") && !code.contains("tokio::"), "{relative} must be pure");
        }
    }
}
