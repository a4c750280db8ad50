//! A repository of the fixtures: gate.toml, workflow files, and the live state that gate.toml declares. No requests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gatectl::config::{self, Config};
use gatectl::desired::github::{BranchPolicy, DesiredEnvironment, Gate, RefKind, Reviewer};
use gatectl::findings::{Finding, Severity};
use gatectl::model::{EnvName, RepoName};
use gatectl::providers::github::inspection::{Billing, Inspection, Listed, ProtectedBranches, WiderSecrets};
use gatectl::providers::github::live::{
    Access, Actor, LiveEnvironment, LiveReviewer, PolicyMode, Repository as LiveRepository, Visibility,
};
use gatectl::providers::github::rulesets::{Bypass, Ruleset};
use gatectl::verify::{Case, VerifyReport, check_live, judge};
use gatectl::workflows::check::{CheckReport, Origin, SourceFile, check};
use gatectl::workflows::facts::Facts;
use gatectl::workflows::resolve::Files;

/// One repository.
#[derive(Clone)]
pub(crate) struct Repository {
    pub(crate) name: String,
    /// The text of gate.toml.
    pub(crate) gate: String,
    pub(crate) config: Config,
    pub(crate) sources: Vec<SourceFile>,
}

/// Every repository in a folder of the fixtures, by name.
pub(crate) fn all(folder: &str) -> Vec<Repository> {
    let folder = fixtures().join(folder);
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.iter().map(|path| Repository::read(path)).collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

impl Repository {
    fn read(folder: &Path) -> Self {
        let gate = std::fs::read_to_string(folder.join("gate.toml")).unwrap();
        let mut sources = Vec::new();
        add(folder, folder, &mut sources);
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        Self { config: config::parse("gate.toml", &gate).unwrap_or_else(|_| panic!("{name}: gate.toml")), name, gate, sources }
    }

    /// The runbook's repository, with the gate.toml of this one's root.
    pub(crate) fn runbook() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let gate = std::fs::read_to_string(root.join("gate.toml")).unwrap();
        let mut sources = Vec::new();
        for entry in std::fs::read_dir(fixtures().join("workflows/runbook")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            sources.push(SourceFile::new(format!(".github/workflows/{name}"), std::fs::read(&path).unwrap()));
        }
        sources.sort_by(|a, b| a.path.cmp(&b.path));
        Self { name: "runbook".to_owned(), config: config::parse("gate.toml", &gate).unwrap(), gate, sources }
    }

    /// The text of a workflow file.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.sources.iter().find(|source| source.path == path).unwrap().text.as_ref().unwrap()
    }

    /// The same repository with another text of a file, or one file more.
    pub(crate) fn with(&self, path: &str, text: String) -> Self {
        let mut changed = self.clone();
        changed.sources.retain(|source| source.path != path);
        changed.sources.push(SourceFile::new(path, text));
        changed.sources.sort_by(|a, b| a.path.cmp(&b.path));
        changed
    }

    pub(crate) fn facts(&self) -> Facts {
        let desired = &self.config.desired;
        Facts::new(desired.github.repository.clone(), "main", &desired.github, &desired.heroku, &desired.workflows, &desired.verify)
    }

    pub(crate) fn files(&self) -> Files {
        Files::new(self.sources.clone(), self.config.desired.github.repository.as_ref())
    }

    /// What `check` says.
    pub(crate) fn check(&self) -> CheckReport {
        check(&self.files(), &self.facts())
    }

    /// What `verify` says if the live state is as gate.toml declares, but for a change.
    pub(crate) fn verify(&self, change: impl FnOnce(&mut Inspection)) -> VerifyReport {
        let mut live = self.live();
        change(&mut live);
        let desired = &self.config.desired;
        let asked: BTreeSet<EnvName> = desired.github.environments.keys().cloned().collect();
        let facts = self.facts();
        let checked = check_live(&self.files(), &facts, &live);
        judge(Case {
            repository: &self.repository(),
            want: &desired.github,
            asked: &asked,
            live: &live,
            workflows: Ok(&checked),
            expected: &facts.expectations.iter().flat_map(|one| one.expect.environments().cloned()).collect(),
            compensations: &BTreeMap::new(),
        })
    }

    fn repository(&self) -> RepoName {
        self.config.desired.github.repository.clone().unwrap()
    }

    /// The live state that gate.toml declares, in which nothing is open that gate.toml does not mention.
    pub(crate) fn live(&self) -> Inspection {
        let environments = &self.config.desired.github.environments;
        let present = || {
            environments
                .iter()
                .filter_map(|(name, one)| if let DesiredEnvironment::Present(gate) = one { Some((name, gate)) } else { None })
        };
        let reviewers: BTreeSet<&Reviewer> = present().flat_map(|(_, gate)| gate.reviewers.iter().flatten()).collect();
        let listed = reviewers.iter().map(|one| {
            let members = matches!(one, Reviewer::Team { .. }).then(|| Ok(["eve", "finn"].map(str::to_owned).into()));
            (live_reviewer(one).actor(), Listed { access: Access::Granted, members })
        });
        let actor = |one: &Reviewer| Actor { id: live_reviewer(one).actor(), name: "x".to_owned(), access: Access::Granted };
        let ruleset = |kind, name: &str| Ruleset {
            name: name.to_owned(),
            kind,
            include: vec!["~ALL".to_owned()],
            exclude: Vec::new(),
            rules: ["creation", "update"].map(str::to_owned).into(),
            bypass: Bypass::Listed(1),
        };
        Inspection {
            repository: Ok(LiveRepository {
                name: self.repository(),
                visibility: Visibility::Public,
                archived: false,
                in_organization: true,
                default_branch: "main".to_owned(),
                admin: Some(true),
            }),
            environments: Ok(present().map(|(name, gate)| (name.clone(), Ok(environment(name, gate)))).collect()),
            declared: reviewers.iter().map(|one| ((*one).clone(), Ok(actor(one)))).collect(),
            listed: listed.collect(),
            protected_branches: Ok(ProtectedBranches { names: ["main".to_owned()].into(), complete: true }),
            billing: Billing::Plan("enterprise".to_owned()),
            wider_secrets: Some(WiderSecrets { repository: Ok(BTreeSet::new()), organization: Ok(BTreeSet::new()) }),
            rulesets: Some(Ok(vec![ruleset(RefKind::Branch, "branches"), ruleset(RefKind::Tag, "tags")])),
            starters: None,
        }
    }

    /// What the fixture's comments say is to be found: `# expect: CODE` at the line of the finding.
    pub(crate) fn expected(&self) -> Vec<(String, usize, String)> {
        let mut found = Vec::new();
        for source in &self.sources {
            for (at, line) in source.text.as_ref().unwrap().lines().enumerate() {
                if let Some((_, code)) = line.split_once("# expect: ") {
                    found.push((source.path.clone(), at + 1, code.trim().to_owned()));
                }
            }
        }
        found
    }
}

fn add(root: &Path, folder: &Path, sources: &mut Vec<SourceFile>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add(root, &path, sources);
            continue;
        }
        let name = path.strip_prefix(root).unwrap().iter().map(|part| part.to_str().unwrap()).collect::<Vec<_>>().join("/");
        let source = SourceFile::new(name.clone(), std::fs::read(&path).unwrap());
        match name.as_str() {
            "gate.toml" => {}
            name if name.starts_with(".github/workflows/") => sources.push(source),
            _ => sources.push(source.of(Origin::Checkout)),
        }
    }
}

fn live_reviewer(reviewer: &Reviewer) -> LiveReviewer {
    match reviewer {
        Reviewer::User { login, id } => LiveReviewer::User { login: login.clone(), id: id.unwrap(), kind: "User".to_owned() },
        Reviewer::Team { slug, id, .. } => LiveReviewer::Team { slug: slug.clone(), id: id.unwrap() },
    }
}

pub(crate) fn environment(name: &EnvName, gate: &Gate) -> LiveEnvironment {
    let policy = gate.deployment_branch_policy.clone().unwrap_or(BranchPolicy::Protected);
    LiveEnvironment {
        name: name.clone(),
        id: 1,
        reviewers: gate.reviewers.iter().flatten().map(live_reviewer).collect(),
        prevent_self_review: gate.prevent_self_review.unwrap_or(true),
        can_admins_bypass: Some(gate.can_admins_bypass.unwrap_or(false)),
        wait_timer: gate.wait_timer.unwrap_or(0),
        policy: PolicyMode::from(&policy),
        patterns: match policy {
            BranchPolicy::Selected(patterns) => Some(Ok(patterns.into_iter().zip(1..).collect())),
            BranchPolicy::All | BranchPolicy::Protected => None,
        },
        protection_rules: gate.protection_rules.as_ref().map(|rules| Ok(rules.iter().cloned().zip(1..).collect())),
        variables: None,
        secrets: Some(Ok(gate.secrets.clone())),
    }
}

/// Every finding of a report once, without those that only inform.
pub(crate) fn findings(report: &VerifyReport) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for finding in report.environments.iter().flat_map(|one| &one.findings) {
        if finding.severity != Severity::Info && !all.contains(finding) {
            all.push(finding.clone());
        }
    }
    all
}
