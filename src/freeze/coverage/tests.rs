use jiff::Timestamp;

use super::*;
use crate::freeze::{FreezeVars, Keys, Status};
use crate::model::{Answer, Cause};

fn status() -> Status {
    let keys = Keys::standard(Store::Github("acme".to_owned()));
    Status::at(&keys, None, &Answer::Present(FreezeVars::default()), None, Timestamp::constant(1_780_000_000, 0))
}

fn repository(name: &str) -> RepoName {
    RepoName::parse(&format!("acme/{name}")).unwrap()
}

fn job(name: &str, gap: Option<&str>) -> WorkflowStatus {
    WorkflowStatus {
        repository: Some(repository(name)),
        file: ".github/workflows/deploy.yml".to_owned(),
        job: "deploy.yml:deploy".to_owned(),
        environment: EnvName::new("production").unwrap(),
        gap: gap.map(str::to_owned),
        only_at_start: false,
    }
}

#[test]
fn each_repository_of_a_fleet_is_counted_once_and_what_is_not_known_is_not_called_checked() {
    let unknown = Unknown { reason: "403".to_owned(), hint: String::new(), cause: Cause::Credentials };
    let read = vec![
        (repository("a"), Ok(vec![job("a", None)])),
        (repository("b"), Ok(vec![job("b", None), job("b", Some("line 9: no step checks"))])),
        (repository("c"), Ok(Vec::new())),
        (repository("d"), Err(unknown)),
    ];
    let status = status().with_repositories(read);
    let coverage: Vec<Coverage> = status.repositories.iter().map(|one| one.coverage).collect();
    assert_eq!(coverage, [Coverage::Checked, Coverage::NotChecked, Coverage::NoDeploys, Coverage::Unknown]);
    assert_eq!(status.workflows.len(), 3);
    assert!(status.warnings[0].starts_with("1 of 4 repositories have jobs that deploy") && status.warnings[0].contains(": acme/b. "));
    assert!(status.warnings[0].contains("`gatectl freeze check --github acme`"), "{:?}", status.warnings);
    assert!(status.warnings[1].contains("1 of 4 repositories is unknown") && status.warnings[1].ends_with(": acme/d"));
}

#[test]
fn a_warning_names_ten_and_counts_the_rest() {
    let all: Vec<WorkflowStatus> = (0..12).map(|number| job(&format!("r{number}"), Some("no"))).collect();
    let status = status().with_workflows(all);
    assert!(status.warnings[0].contains("12 of 12 jobs") && status.warnings[0].contains("and 2 more"), "{:?}", status.warnings);
}
