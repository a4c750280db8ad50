use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::model::RepoName;
use crate::workflows::read::read;
use crate::workflows::scenario::{declared, derived};
use crate::workflows::{InputValue, When};

fn facts() -> Facts {
    let repository = RepoName::parse("raxx-app/TradeMasterAPI").unwrap();
    Facts { repository: Some(repository), default_branch: "main".to_owned(), ..Facts::default() }
}

fn files(texts: &[(&str, &str)]) -> Files {
    let path = |name: &str| format!(".github/workflows/{name}");
    texts.iter().map(|(name, text)| (path(name), read(&path(name), text))).collect()
}

/// `push refs/tags/v1 environment=production` as gate.toml would say it.
fn when(words: &str) -> When {
    let mut words = words.split(' ');
    let event = words.next().unwrap().to_owned();
    let mut when = When { event, git_ref: None, inputs: BTreeMap::new() };
    for word in words {
        match word.split_once('=') {
            Some((key, value)) => _ = when.inputs.insert(key.to_owned(), InputValue::String(value.to_owned())),
            None => when.git_ref = Some(word.to_owned()),
        }
    }
    when
}

fn shown(entries: &[JobEntry]) -> String {
    let one = |entry: &JobEntry| {
        let verdict = serde_json::to_value(entry.verdict).unwrap().as_str().unwrap().to_owned();
        let names = entry.environments.join(", ");
        if names.is_empty() { format!("{} {verdict}", entry.path) } else { format!("{} {verdict}({names})", entry.path) }
    };
    entries.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn resolved(files: &Files, path: &str, words: &str) -> String {
    let workflow = files[path].as_ref().unwrap();
    match declared(workflow, &when(words), &facts()) {
        Ok(scenario) => shown(&resolve(files, workflow, &scenario, &facts())),
        Err(_) => "not started".to_owned(),
    }
}

#[expect(dead_code)]
/// Resolves `ship.yml` and the files beside it.
fn ship(words: &str, texts: &[(&str, &str)]) -> String {
    resolved(&files(texts), ".github/workflows/ship.yml", words)
}

/// Each folder is a small repository; lines `#? SCENARIO => JOBS` of a file say what it must come to.
#[test]
fn every_form_of_the_corpus_has_its_verdict() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/workflows/forms");
    let mut folders = 0;
    for folder in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        let texts: Vec<(String, String)> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap()))
            .collect();
        let pairs: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let files = files(&pairs);
        let mut checked = 0;
        folders += 1;
        for (name, text) in &pairs {
            let path = format!(".github/workflows/{name}");
            for line in text.lines().filter_map(|line| line.strip_prefix("#? ")) {
                let (scenario, want) = line.split_once(" => ").unwrap();
                assert_eq!(resolved(&files, &path, scenario), want, "{} {line}", folder.display());
                checked += 1;
            }
            let workflow = files[&path].as_ref().unwrap();
            assert!(workflow.unknown_keys.is_empty(), "{}: {:?}", folder.display(), workflow.unknown_keys);
            for scenario in derived(workflow, &facts()) {
                assert!(!resolve(&files, workflow, &scenario, &facts()).is_empty(), "{} {}", folder.display(), scenario.label);
            }
        }
        assert!(checked > 0, "{}", folder.display());
    }
    assert_eq!(folders, 40);
}
