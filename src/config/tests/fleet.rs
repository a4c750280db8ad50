use jiff::civil::date;

use super::{expect, one, read};
use crate::desired::fleet::{Fleet, Members, NamePattern};
use crate::desired::github::{BranchPolicy, DesiredEnvironment, Gate, Reviewer};
use crate::model::EnvName;

const FLEET: &str = "[fleet]\norganization = \"acme\"\nrepositories = [\"svc-*\"]\n";

/// Every key of a fleet once.
pub(super) const FULL: &str = r#"version = 1
[fleet]
organization = "acme"
repositories = ["svc-*", "!svc-x"]
[environments.production]
state = "optional"
wait_timer = 5
[fleet.only."svc-pay".environments.production]
wait_timer = 7
[fleet.except."svc-old"]
reason = "retired"
owner = "@ann"
until = 2027-01-31
"#;

/// The other form of `repositories`.
pub(super) const BY_PROPERTY: &str = r#"version = 1
[fleet]
organization = "acme"
repositories = { property = { tier = "production" } }
"#;

fn fleet(text: &str) -> Fleet {
    read(&format!("version = 1\n{text}")).fleet.unwrap()
}

fn gate(fleet: &Fleet, only: usize, name: &str) -> Gate {
    fleet.only[only].environments[&EnvName::new(name).unwrap()].gate().unwrap().clone()
}

#[test]
fn the_example_reads() {
    let fleet = fleet(include_str!("../../../examples/fleet.toml").split_once("version = 1").unwrap().1);
    assert_eq!(fleet.organization, "acme");
    assert_eq!(fleet.members, Members::Named(["svc-*", "web", "!svc-sandbox"].map(NamePattern::new).to_vec()));
    let [exception] = fleet.except.as_slice() else { panic!("{:?}", fleet.except) };
    assert_eq!((exception.repositories.text(), exception.owner.as_str(), exception.until), ("svc-legacy", "@ann", date(2099, 1, 31)));
}

#[test]
fn a_whole_key_replaces_a_whole_key_and_the_others_stay() {
    let fleet = fleet(
        r#"[fleet]
organization = "acme"
repositories = { property = { tier = "production" } }
[environments.production]
reviewers = [{ team = "sre" }, { team = "leads" }]
prevent_self_review = true
variables = { TIER = "prod", ZONE = "a" }
[environments.staging]
state = "optional"
wait_timer = 5
[fleet.only."svc-pay".environments.Production]
reviewers = [{ team = "payments" }]
variables = { TIER = "pay" }
[fleet.only."svc-pay".environments.canary]
deployment_branch_policy = "all"
[fleet.only."svc-new".environments.production]
state = "absent"
"#,
    );
    assert!(matches!(&fleet.members, Members::WithProperties(wanted) if wanted["tier"] == "production"));
    let named = |name: &str| fleet.only.iter().position(|only| only.repositories.text() == name).unwrap();
    let (pay, new) = (named("svc-pay"), named("svc-new"));
    let production = gate(&fleet, pay, "production");
    assert_eq!(production.reviewers, Some(vec![Reviewer::Team { org: None, slug: "payments".to_owned(), id: None }]));
    assert_eq!(production.prevent_self_review, Some(true));
    assert_eq!(production.variables.into_iter().collect::<Vec<_>>(), [("TIER".to_owned(), "pay".to_owned())]);
    assert_eq!(gate(&fleet, pay, "canary").deployment_branch_policy, Some(BranchPolicy::All));
    let staging = &fleet.only[pay].environments[&EnvName::new("staging").unwrap()];
    assert!(matches!(staging, DesiredEnvironment::Optional(gate) if gate.wait_timer == Some(5)));
    assert_eq!(fleet.only[new].environments[&EnvName::new("production").unwrap()], DesiredEnvironment::Absent);
    assert_eq!(fleet.only[new].environments.len(), 2);
}

#[test]
fn what_belongs_to_one_repository_is_refused_with_the_reason() {
    let text = format!(
        "{FLEET}[environments.production]\n[§heroku.config.app]\nK = \"1\"\n[§freeze]\nheroku_app = \"app\"\nenvironments = [\"production\"]\n[[§workflows]]\nfile = \".github/workflows/a.yml\"\nenvironment = \"production\"\n[github]\n§repository = \"acme/a\"\n"
    );
    let own = "own gate.toml";
    expect(
        &text,
        &[
            ("no `heroku`: a Heroku app belongs to one repository", own),
            ("no `freeze`", own),
            ("no `workflows`", own),
            ("for one repository or for a fleet", "remove"),
        ],
    );
}

#[test]
fn every_problem_of_a_fleet_has_its_place() {
    one("§[fleet]\norganization = \"acme\"\n", "needs `repositories`", "repositories = ");
    one("[fleet]\norganization = \"acme\"\nrepositories = §[]\n", "an empty list", "at least one");
    one("[fleet]\norganization = \"acme\"\nrepositories = §[\"!a\"]\n", "every pattern excludes", "\"*\"");
    one("[fleet]\norganization = \"acme\"\nrepositories = §{ property = {} }\n", "no custom property", "tier");
    one("[fleet]\norganization = \"acme\"\nrepositories = [\"svc-*\", §\"acme/web\"]\n", "named once", "write `web`");
    one("[fleet]\norganization = \"acme\"\nrepositories = [§\"svc web\"]\n", "letters, digits", "remove");
    one("[fleet]\norganization = \"acme\"\nrepositories = [\"a\", §\"A\"]\n", "same name", "keep one");
    one("[fleet]\norganization = \"acme\"\n§repostories = [\"a\"]\n", "unknown key `repostories`", "repositories");
    one(&format!("{FLEET}[fleet.only.§\"!a\".environments.b]\n"), "has no effect here", "write `a`");
    one(&format!("{FLEET}[fleet.only.a]\n§environment = {{}}\n"), "unknown key `environment`", "environments");
    one(&format!("{FLEET}[fleet.except.a]\nreason = \"r\"\nowner = §\" \"\nuntil = 2027-01-31\n"), "an empty name", "write");
    one(
        &format!("{FLEET}[fleet.except.a]\nreason = \"r\"\nowner = \"o\"\nuntil = §2027-01-31T00:00:00\n"),
        "a date without a time",
        "2027-01-31",
    );
    one(&format!("{FLEET}[fleet.except.a]\nreason = \"r\"\nowner = \"o\"\nuntil = §\"2027-01-31\"\n"), "must be a date", "until = ");
    one(&format!("{FLEET}§[fleet.except.a]\nreason = \"r\"\nowner = \"o\"\n"), "needs `until`", "until = ");
}

#[test]
fn what_an_only_table_makes_of_the_default_is_checked_too() {
    one(
        &format!(
            "{FLEET}[environments.production]\nreviewers = [{{ team = \"sre\" }}]\n§prevent_self_review = true\n[fleet.only.a.environments.production]\nreviewers = []\n"
        ),
        "has no effect without reviewers",
        "reviewer",
    );
}
