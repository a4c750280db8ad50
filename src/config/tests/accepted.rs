//! Files that read: what each key becomes, and what stays undeclared.

use std::time::Duration;

use super::*;
use crate::desired::freeze::{Length, OnUnreachable, Policy, Schedule};
use crate::desired::github::{BranchPolicy, DesiredEnvironment, Gate, Reviewer};
use crate::desired::verify::Harmless;
use crate::desired::workflows::{Expected, InputValue};
use crate::model::{EnvName, GateKey};

#[test]
fn every_key_of_the_table_is_read() {
    let read: BTreeSet<&str> = keys::ENVIRONMENT.keys.iter().map(|key| key.name).collect();
    assert_eq!(read, GateKey::ALL.iter().map(|key| key.name()).collect());
}

#[test]
fn every_key_of_the_format_reads() {
    let desired = read(DESIGN);
    let repository = desired.github.repository.unwrap();
    assert_eq!(repository.to_string(), "raxx-app/TradeMasterAPI");
    let name = |text: &str| EnvName::new(text).unwrap();
    assert_eq!(desired.github.environments[&name("old")], DesiredEnvironment::Absent);
    assert_eq!(
        desired.github.environments[&name("production")],
        DesiredEnvironment::Present(Gate {
            reviewers: Some(vec![
                Reviewer::User { login: "MooseQuest".to_owned(), id: Some(20_930_225) },
                Reviewer::Team { org: None, slug: "sre".to_owned(), id: None },
            ]),
            prevent_self_review: Some(false),
            can_admins_bypass: Some(false),
            wait_timer: Some(0),
            deployment_branch_policy: Some(BranchPolicy::Protected),
            protection_rules: Some(BTreeSet::from(["some-app-slug".to_owned()])),
            variables: [("TIER".to_owned(), "prod".to_owned())].into(),
            secrets: BTreeSet::from(["HEROKU_API_KEY".to_owned()]),
            approvals: Some(1),
        })
    );
    let [workflow] = &desired.workflows[..] else { panic!("one workflow") };
    let production = Expected::Environments(vec![EnvName::new("production").unwrap()]);
    assert_eq!((workflow.file.as_str(), &workflow.expect), (".github/workflows/deploy-heroku.yml", &production));
    let [when] = &workflow.when[..] else { panic!("one scenario") };
    assert_eq!((when.event.as_str(), &when.git_ref), ("workflow_dispatch", &None));
    assert_eq!(when.inputs["environment"], InputValue::String("production".to_owned()));
    assert_eq!(desired.heroku.config["raxx-console-prod"]["DEPLOY_FREEZE_OVERRIDE"], "0");
    let freeze = desired.freeze.unwrap();
    assert_eq!((freeze.flag.as_str(), freeze.override_flag.as_str()), (Policy::FLAG, Policy::OVERRIDE));
    assert_eq!((freeze.frozen, freeze.compensates, freeze.on_unreachable), (false, false, OnUnreachable::Frozen));
    let [window] = &freeze.windows[..] else { panic!("one window") };
    let length = Length::Duration(Duration::from_secs(64 * 3600));
    assert_eq!(window.schedule, Schedule::Recurring { start: "0 16 * * FRI".to_owned(), length });
    assert_eq!((window.timezone.as_str(), window.reason.as_deref()), ("America/New_York", Some("no weekend deploys")));
}

#[test]
fn the_projects_own_gate_reads() {
    assert_eq!(read(include_str!("../../../gate.toml")).workflows.len(), 3);
}

#[test]
fn what_is_not_declared_stays_undeclared() {
    let desired = read("version = 1\n[environments.production]\n");
    let environment = &desired.github.environments[&EnvName::new("production").unwrap()];
    assert_eq!(*environment, DesiredEnvironment::Present(Gate::default()));
    assert_eq!((desired.freeze, desired.workflows.len(), desired.heroku.config.len()), (None, 0, 0));
    assert_eq!(read("version = 1").github, Default::default());
}

#[test]
fn the_other_forms_read() {
    let desired = read(FULL);
    assert_eq!(desired.github.api_url.as_deref(), Some("http://127.0.0.1:8080/api/v3"));
    let DesiredEnvironment::Present(gate) = &desired.github.environments[&EnvName::new("a").unwrap()] else { panic!("present") };
    let team = Reviewer::Team { org: Some("org".to_owned()), slug: "sre".to_owned(), id: Some(7) };
    let user = Reviewer::User { login: "moose".to_owned(), id: None };
    assert_eq!(gate.reviewers.as_deref(), Some(&[team, user][..]));
    assert_eq!((gate.prevent_self_review, gate.can_admins_bypass, gate.wait_timer), (Some(true), Some(true), Some(43_200)));
    let Some(BranchPolicy::Selected(patterns)) = &gate.deployment_branch_policy else { panic!("patterns") };
    assert_eq!(patterns.len(), 3);
    assert_eq!(gate.variables["TIER"], "prod", "GitHub returns names in upper case");
    assert!(gate.secrets.contains("KEY"));
    let refs: Vec<_> = desired.workflows[0].when.iter().map(|when| when.git_ref.as_deref()).collect();
    let (main, v1, topic, v2) = ("refs/heads/main", "refs/tags/v1", "refs/heads/topic/x", "refs/tags/v2");
    assert_eq!(refs, [Some(main), Some(v1), None, Some(v1), Some(topic), Some(v2)]);
    let inputs = &desired.workflows[0].when[3].inputs;
    assert_eq!((&inputs["dry"], &inputs["n"], &inputs["x"]), (&InputValue::Bool(true), &InputValue::Number(2.0), &InputValue::Number(1.5)));
    let env = |name: &str| EnvName::new(name).unwrap();
    assert_eq!(desired.workflows[1].expect, Expected::Environments(vec![env("staging"), env("Elsewhere")]));
    let jobs = [("deploy", Some(env("elsewhere"))), ("docs", None)];
    assert_eq!(desired.workflows[2].expect, Expected::Jobs(jobs.into_iter().map(|(id, name)| (id.to_owned(), name)).collect()));
    let harmless = desired.verify.harmless.iter().map(Harmless::to_string).collect::<Vec<_>>();
    assert_eq!(harmless, ["CODECOV_TOKEN", "SLACK_*", "ci.yml:lint"]);
    assert!(desired.verify.trusts("slsa-framework/slsa-github-generator/.github/workflows/x.yml"));
    let freeze = desired.freeze.unwrap();
    assert_eq!((freeze.frozen, freeze.compensates, freeze.on_unreachable), (true, true, OnUnreachable::Open));
    assert_eq!((freeze.flag.as_str(), freeze.override_flag.as_str()), ("F", "O"));
    assert_eq!(freeze.check_commands, ["./scripts/freeze-check.sh", "make freeze-check"]);
    let Schedule::Once { from, until } = freeze.windows[0].schedule else { panic!("once") };
    assert_eq!((from.to_string(), until.to_string()), ("2026-12-21T00:00:00".to_owned(), "2027-01-04T08:00:00".to_owned()));
}
