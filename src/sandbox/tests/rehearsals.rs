//! Each scenario is the declared world, broken in its own way.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::desired::github::{self as desired, BranchPolicy, Desired, Gate, Pattern, RefKind, Reviewer};
use crate::desired::heroku as declared;
use crate::model::EnvName;

/// A file with a gated, an open and an absent environment.
fn setup() -> Setup {
    let name = |name: &str| EnvName::new(name).unwrap();
    let production = Gate {
        reviewers: Some(vec![
            Reviewer::User { login: "MooseQuest".to_owned(), id: Some(20_930_225) },
            Reviewer::Team { org: None, slug: "sre".to_owned(), id: None },
        ]),
        wait_timer: Some(10),
        deployment_branch_policy: Some(BranchPolicy::Protected),
        protection_rules: Some(std::iter::once("gatekeeper".to_owned()).collect()),
        variables: BTreeMap::from([("TIER".to_owned(), "prod".to_owned())]),
        secrets: BTreeSet::from(["KEY".to_owned()]),
        ..Gate::default()
    };
    let pattern = Pattern { kind: RefKind::Tag, name: "v*".to_owned() };
    let canary = Gate { deployment_branch_policy: Some(BranchPolicy::Selected(BTreeSet::from([pattern]))), ..Gate::default() };
    let github = Desired {
        environments: BTreeMap::from([
            (name("production"), desired::DesiredEnvironment::Present(production)),
            (name("canary"), desired::DesiredEnvironment::Present(canary)),
            (name("old"), desired::DesiredEnvironment::Absent),
        ]),
        ..Desired::default()
    };
    let config = BTreeMap::from([("shop-prod".to_owned(), BTreeMap::from([("DEPLOY_FREEZE_OVERRIDE".to_owned(), "0".to_owned())]))]);
    Setup::new(RepoName::parse("raxx-app/TradeMasterAPI").unwrap(), &github, &declared::Desired { config })
}

fn rehearse(scenario: Scenario) -> State {
    State::rehearsal(scenario, &setup())
}

#[test]
fn every_name_reads_back_and_others_are_refused_with_the_list() {
    for scenario in Scenario::ALL {
        assert_eq!(scenario.to_string().parse(), Ok(scenario));
        assert!(!scenario.description().is_empty());
    }
    assert!("gatd".parse::<Scenario>().unwrap_err().contains("missing-environment"));
}

#[test]
fn gated_is_the_declared_world() {
    let mut state = rehearse(Scenario::Gated);
    let people = state.github.people.clone();
    let repo = state.repo("raxx-app/TradeMasterAPI").unwrap();
    let production = repo.environment("production").unwrap();
    assert_eq!(production.reviewers[0], ReviewerRef::User(20_930_225));
    assert_eq!(people.accounts[&20_930_225].login, "MooseQuest");
    let sre = people.team("raxx-app", "sre").unwrap();
    assert_eq!(production.reviewers[1], ReviewerRef::Team(sre.id));
    assert!(repo.team_permission(&people, sre.id) >= Permission::Write && !sre.members.is_empty());
    assert_eq!((production.wait_timer, production.policy, production.custom_rules.len()), (10, Some(PolicyMode::Protected), 1));
    assert_eq!((production.variables["TIER"].value.as_str(), production.secrets.contains_key("KEY")), ("prod", true));
    assert_eq!(repo.environment("canary").unwrap().patterns[0].kind, RefType::Tag);
    assert!(repo.environment("old").is_none() && repo.environment("staging").is_some());
    assert_eq!(state.heroku.apps["shop-prod"].config["DEPLOY_FREEZE_OVERRIDE"], "0");
}

#[test]
fn each_scenario_breaks_what_it_names_and_nothing_else() {
    let gated = rehearse(Scenario::Gated).snapshot();
    let key = "raxx-app/TradeMasterAPI/production";
    for scenario in Scenario::ALL.into_iter().filter(|scenario| *scenario != Scenario::Fleet) {
        let state = rehearse(scenario);
        let mut now = state.snapshot();
        let production = now.gates.remove(key);
        let mut rest = gated.clone();
        rest.gates.remove(key);
        assert_eq!(now, rest, "{scenario}");
        let repo = &state.github.repos[0];
        match (scenario, production) {
            (Scenario::Gated, Some(production)) => assert_eq!(production, gated.gates[key]),
            (Scenario::MissingEnvironment, None) => {}
            (Scenario::PlanLimit, None) => {
                assert_eq!((repo.visibility, state.github.people.plan("raxx-app")), (Visibility::Private, Plan::Team));
            }
            (Scenario::NoRules, Some(production)) => {
                assert!(production.reviewers.is_empty() && production.policy.is_none() && production.wait_timer == 0);
            }
            (Scenario::WrongReviewer, Some(production)) => {
                let ReviewerRef::User(robot) = production.reviewers[0] else { panic!("a team") };
                assert_eq!(state.github.people.accounts[&robot].login, "raxx-app-deploy-bot");
            }
            (Scenario::UnprotectedBranches, Some(production)) => {
                assert!(production.policy == Some(PolicyMode::Protected) && repo.branches.iter().all(|branch| !branch.protected));
            }
            (scenario, production) => panic!("{scenario}: {production:?}"),
        }
    }
}

#[test]
fn a_personal_repository_is_public_unless_the_plan_is_the_point() {
    let reviewers = Some(vec![Reviewer::User { login: "moose".to_owned(), id: None }]);
    let gate = desired::DesiredEnvironment::Present(Gate { reviewers, ..Gate::default() });
    let github = Desired { environments: BTreeMap::from([(EnvName::new("production").unwrap(), gate)]), ..Desired::default() };
    let setup = Setup::new(RepoName::parse("Moose/app").unwrap(), &github, &declared::Desired::default());
    let state = State::rehearsal(Scenario::Gated, &setup);
    assert_eq!(
        (state.github.repos[0].visibility, state.github.people.account("moose").unwrap().kind),
        (Visibility::Public, AccountKind::User)
    );
    let state = State::rehearsal(Scenario::PlanLimit, &setup);
    assert_eq!((state.github.repos[0].visibility, state.github.people.plan("moose")), (Visibility::Private, Plan::Pro));
}

/// Each repository is in the condition of its place, and everything that they share exists once.
#[test]
fn a_fleet_has_a_share_of_each_condition() {
    let mut world = World { state: rehearse(Scenario::Fleet), token: "t".to_owned(), accept: "application/json".to_owned() };
    let gated = rehearse(Scenario::Gated);
    let names = fleet_names(&["svc-*"], 119);
    assert_eq!(world.state.github.repos.len(), names.len() + 1);
    assert_eq!(world.state.github.people.teams.len(), gated.github.people.teams.len());
    let accounts = world.state.github.people.accounts.len();
    assert_eq!(accounts, gated.github.people.accounts.len() + 1, "the machine account");
    let mut seen = BTreeMap::new();
    for (place, name) in names.iter().enumerate() {
        let condition = Condition::of(place);
        *seen.entry(condition).or_insert(0) += 1;
        let whole = format!("raxx-app/{name}");
        let repo = world.state.repo(&whole).unwrap().clone();
        let production = repo.environment("production").cloned();
        let reviewers = production.as_ref().map_or(0, |production| production.reviewers.len());
        let (status, _) = world.call("GET", &format!("/repos/{whole}/environments"), &Value::Null);
        assert_eq!((status, repo.archived), (200, condition == Condition::Archived), "{whole}");
        let faulty = world.state.faults.iter().any(|fault| fault.path.starts_with(&format!("/repos/{whole}/")));
        assert_eq!(faulty, condition == Condition::Unreadable, "{whole}");
        let put = match condition {
            Condition::Archived => 403,
            Condition::PlanLimit => 422,
            _ => 200,
        };
        let body = json!({"reviewers": [user(20_930_225)]});
        assert_eq!(world.call("PUT", &format!("/repos/{whole}/environments/production"), &body).0, put, "{whole}");
        match condition {
            Condition::Missing | Condition::PlanLimit => assert!(production.is_none(), "{whole}"),
            Condition::NoRules => assert_eq!(reviewers, 0, "{whole}"),
            Condition::WrongReviewer => assert_eq!(reviewers, 1, "{whole}"),
            Condition::Gated | Condition::Unreadable | Condition::Archived => assert_eq!(reviewers, 2, "{whole}"),
        }
    }
    assert_eq!(seen.into_values().collect::<Vec<_>>(), [54, 12, 12, 12, 12, 11, 6]);
}

#[test]
fn the_repositories_of_an_organization_come_in_pages_with_what_a_fleet_asks_of_each() {
    let member = |name: &String| {
        let tier = if name.ends_with('1') { "production" } else { "internal" };
        let properties = [("tier".to_owned(), tier.to_owned())].into();
        Member { properties, ..Member::new(RepoName::parse(&format!("raxx-app/{name}")).unwrap(), setup().environments) }
    };
    let setup = setup().with_fleet(fleet_names(&["svc-*"], 130).iter().map(member).collect());
    let mut world = World { state: State::rehearsal(Scenario::Fleet, &setup), token: "t".to_owned(), accept: "*/*".to_owned() };
    let first = world.raw("GET", "/orgs/raxx-app/repos?per_page=100&sort=full_name", b"", &[]);
    assert!(first.header("link").unwrap().contains("page=2>; rel=\"next\""));
    let mut all: Vec<Value> = serde_json::from_slice(&first.body).unwrap();
    all.extend(world.get("/orgs/raxx-app/repos?per_page=100&sort=full_name&page=2").as_array().unwrap().clone());
    assert_eq!((all.len(), &all[0]["name"], &all[130]["name"]), (131, &json!("svc-001"), &json!("TradeMasterAPI")));
    let archived = all.iter().find(|repo| repo["name"] == "svc-016").unwrap();
    assert_eq!(archived["archived"], true);
    let limited = all.iter().find(|repo| repo["name"] == "svc-009").unwrap();
    assert_eq!(
        (&limited["visibility"], &limited["default_branch"], &limited["permissions"]["admin"]),
        (&json!("private"), &json!("main"), &json!(true))
    );
    let values = world.get("/orgs/raxx-app/properties/values?per_page=100&repository_query=props.tier:production");
    assert_eq!(values.as_array().unwrap().len(), 13);
    assert_eq!(values[0]["properties"], json!([{"property_name": "tier", "value": "production"}]));
    assert_eq!(world.get("/repos/raxx-app/svc-002/properties/values")[0]["value"], "internal");
    let body = json!({"repository_names": ["svc-002"], "properties": [{"property_name": "tier", "value": null}]});
    assert_eq!(world.call("PATCH", "/orgs/raxx-app/properties/values", &body).0, 204);
    assert_eq!(world.get("/repos/raxx-app/svc-002/properties/values"), json!([]));
}

#[test]
fn patterns_stand_for_names() {
    assert_eq!(fleet_names(&["svc-*", "!svc-sandbox", "api"], 2), ["api", "svc-001", "svc-002", "svc-sandbox"]);
    assert_eq!(fleet_names(&["a-*", "*-b"], 4).len(), 4);
}

#[test]
fn ids_follow_from_names_alone() {
    let ids = |scenario| {
        rehearse(scenario).github.people.accounts.into_values().map(|account| (account.login, account.id)).collect::<BTreeMap<_, _>>()
    };
    let (gated, wrong) = (ids(Scenario::Gated), ids(Scenario::WrongReviewer));
    assert!(gated.iter().all(|(login, id)| wrong.get(login) == Some(id)));
}
