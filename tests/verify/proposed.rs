//! What import proposes about the workflow files of an ordinary repository holds, and decides every job once it is reviewed.

use gatectl::config;
use gatectl::findings::{Severity, Verdict};
use gatectl::import::{self, Imported, Source};
use gatectl::model::{Cause, Unknown};

use crate::repository::{Repository, all};

fn import(repository: &Repository, propose: impl Fn(Imported, &Source<'_>) -> Imported) -> Imported {
    let live = repository.live();
    let (name, environments) = (live.repository.unwrap().name, live.environments.unwrap());
    let protected = Ok(live.protected_branches.unwrap().names);
    let source = Source { repository: &name, api_url: None, only: &[], environments: &environments, protected_branches: Some(&protected) };
    propose(import::render(&source), &source)
}

/// The file with its proposed `[verify]` uncommented, as a person does who knows that none of these deploys.
fn reviewed(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with("[verify]") || rest.starts_with("harmless = ") => rest,
        _ => line,
    });
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn what_is_proposed_holds_and_names_every_job_that_is_undecided() {
    let mut wrong = Vec::new();
    for repository in all("repositories") {
        let imported = import(&repository, |imported, source| import::with_workflows(imported, source, &repository.files(), "main"));
        let with = |text: &str| {
            let config =
                config::parse("gate.toml", text).unwrap_or_else(|problems| panic!("{}: {}\n{text}", repository.name, problems.plain()));
            Repository { config, ..repository.clone() }.check()
        };
        let (proposed, reviewed) = (with(&imported.text), with(&reviewed(&imported.text)));
        let undecided = proposed.covered.unclassified > 0;
        let asks = imported.text.contains("\n# harmless = [");
        let errors: Vec<_> = reviewed.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
        let declared = |text: &str| text.matches("[[workflows]]\n").count();
        if undecided != asks || reviewed.verdict != Verdict::Gated || declared(&imported.text) == 0 {
            wrong.push(format!("{}: {:?}\n{}\n{errors:#?}", repository.name, proposed.verdict, imported.text));
        }
        if proposed.verdict == Verdict::Ungated {
            wrong.push(format!("{}: {:#?}", repository.name, proposed.findings));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_environment_that_a_job_would_create_is_named() {
    let mut repository = all("repositories").into_iter().find(|one| one.name == "web-app").unwrap();
    let deploy = repository.sources.iter_mut().find(|source| source.path.ends_with("/deploy.yml")).unwrap();
    deploy.text = Ok(deploy.text.clone().unwrap().replace("name: production\n", "name: live\n"));
    let imported = import(&repository, |imported, source| import::with_workflows(imported, source, &repository.files(), "main"));
    assert!(imported.text.contains("# deploy.yml:deploy names the environment `live`, which does not exist"), "{}", imported.text);
    assert!(!imported.text.contains("file = \".github/workflows/deploy.yml\""), "{}", imported.text);
}

#[test]
fn workflow_files_that_cannot_be_read_are_not_taken_for_none() {
    let repository = Repository::runbook();
    let why = Unknown { reason: "403\n[environments.open]".to_owned(), hint: "a token".to_owned(), cause: Cause::Credentials };
    let imported = import(&repository, |imported, source| import::without_workflows(imported, source, why.clone()));
    assert!(imported.unknown.iter().any(|(_, unknown)| unknown.reason.contains("workflow files")));
    assert!(imported.text.contains("# unknown: the workflow files could not be read: 403"), "{}", imported.text);
    assert!(!config::parse("gate.toml", &imported.text).unwrap().desired.github.environments.keys().any(|name| name.as_str() == "open"));
}
