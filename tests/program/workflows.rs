//! The workflows to copy, as gatectl itself sees them.

use std::collections::BTreeSet;
use std::fs;

use gatectl::config;
use gatectl::desired::github::{BranchPolicy, DesiredEnvironment};
use gatectl::model::EnvName;
use gatectl::workflows::check::{CheckReport, SourceFile, check};
use gatectl::workflows::deploys::Targets;
use gatectl::workflows::facts::Facts;
use gatectl::workflows::read::read;
use gatectl::workflows::resolve::Files;
use gatectl::workflows::resolve::Verdict;

use super::run::{gatectl, root};

fn examples() -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(root().join("examples/workflows"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .map(|path| (format!(".github/workflows/{}", path.file_name().unwrap().to_str().unwrap()), fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

fn declared((name, environment): (&EnvName, &DesiredEnvironment)) -> Option<(EnvName, Option<BranchPolicy>)> {
    Some((name.clone(), environment.gate()?.deployment_branch_policy.clone()))
}

/// Checks the examples against the gate.toml beside them, with the admin token bound to its environment.
fn checked() -> CheckReport {
    let text = fs::read_to_string(root().join("examples/workflows/gate.toml")).unwrap();
    let desired = config::parse("gate.toml", &text).unwrap_or_else(|problems| panic!("{}", problems.plain())).desired;
    let facts = Facts {
        repository: desired.github.repository.clone(),
        default_branch: "main".to_owned(),
        expectations: desired.workflows.clone(),
        environments: desired.github.environments.iter().filter_map(declared).collect(),
        verify: desired.verify.clone(),
        open: BTreeSet::new(),
        live: None,
        wider_secrets: None,
        targets: Targets {
            secrets: BTreeSet::from(["GATECTL_ADMIN_TOKEN".to_owned(), "HEROKU_API_KEY".to_owned()]),
            apps: BTreeSet::from(["shop-prod".to_owned()]),
        },
    };
    let sources = examples().into_iter().map(|(path, text)| SourceFile::new(path, text));
    check(&Files::new(sources, None), &facts)
}

#[test]
fn every_example_can_be_read() {
    assert!(examples().len() >= 4);
    for (path, text) in examples() {
        let workflow = read(&path, &text).unwrap();
        let problems: Vec<_> = workflow.problems.iter().chain(workflow.jobs.iter().flat_map(|job| &job.problems)).collect();
        assert!(problems.is_empty(), "{path}: {problems:?}");
    }
}

#[test]
fn what_holds_a_secret_is_gated_and_nothing_else_is_needed() {
    let report = checked();
    assert_eq!(report.verdict, gatectl::findings::Verdict::Gated, "{:#?}", report.findings);
    for scenario in &report.workflows {
        for job in &scenario.jobs {
            let gated = ["deploy", "apply"].contains(&job.job.as_str());
            let environment = match scenario.file.as_str() {
                ".github/workflows/deploy.yml" => "production",
                _ => "gate-admin",
            };
            let (verdict, environments) = if gated { (Verdict::Env, vec![environment.to_owned()]) } else { (Verdict::None, Vec::new()) };
            assert_eq!((job.verdict, &job.environments), (verdict, &environments), "{} {}", scenario.file, job.job);
        }
    }
    let expected: BTreeSet<_> =
        report.workflows.iter().filter_map(|scenario| scenario.expect.as_ref()).flat_map(|expect| expect.environments()).collect();
    assert_eq!(expected.len(), 2, "both declared environments are looked at");
}

/// This repository has workflows of its own, and a gate.toml about another.
#[test]
fn the_sample_can_be_verified_in_a_clone() {
    assert!(root().join(".github/workflows").is_dir());
    let ran = gatectl(&["verify", "--sandbox=gated"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
}

/// Every line of every workflow and of the Action that uses another action.
fn uses() -> Vec<(String, String)> {
    let folder = |path: &str| fs::read_dir(root().join(path)).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let mut files = folder("examples/workflows");
    files.extend(folder(".github/workflows"));
    files.push(root().join("action.yml"));
    let mut found = Vec::new();
    for path in files {
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some(uses) = line.trim_start_matches([' ', '-']).strip_prefix("uses: ") {
                found.push((path.display().to_string(), uses.to_owned()));
            }
        }
    }
    found
}

#[test]
fn actions_are_pinned_by_hash_with_their_version() {
    for (path, uses) in uses().into_iter().filter(|(_, uses)| !uses.starts_with("./")) {
        let (action, rest) = uses.split_once('@').unwrap_or_else(|| panic!("{path}: {uses}"));
        let (hash, version) = rest.split_once(" # v").unwrap_or_else(|| panic!("{path}: {uses}"));
        assert!(hash.len() == 40 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{path}: {uses}");
        assert!(version.split('.').count() == 3, "{path}: {uses}");
        // One version of each, everywhere.
        assert!(uses_of(action).len() == 1, "{action} is used in several versions");
    }
}

fn uses_of(action: &str) -> BTreeSet<String> {
    uses().into_iter().map(|(_, uses)| uses).filter(|uses| uses.split('@').next() == Some(action)).collect()
}

#[test]
fn no_script_holds_an_expression() {
    for path in ["action.yml", ".github/workflows/ci.yml", ".github/workflows/release.yml"]
        .map(|path| root().join(path))
        .into_iter()
        .chain(fs::read_dir(root().join("examples/workflows")).unwrap().map(|entry| entry.unwrap().path()))
    {
        let text = fs::read_to_string(&path).unwrap();
        let held = text.lines().filter(|line| line.trim_start_matches([' ', '-']).starts_with("run:")).find(|line| line.contains("${{"));
        assert_eq!(held, None, "{}", path.display());
        // The check of single lines above would miss a script of several lines.
        assert!(!text.lines().any(|line| line.trim_end().ends_with("run: |") || line.trim_end().ends_with("run: >")), "{}", path.display());
    }
}
