//! Ordinary repositories are GATED, and each way around a gate has its finding and no other.

use std::collections::BTreeSet;

use gatectl::findings::{Severity, Verdict};
use gatectl::model::{EnvName, Unknown};
use gatectl::providers::github::inspection::{Billing, Inspection, Listed};
use gatectl::providers::github::live::{Access, LiveEnvironment, LiveReviewer, PolicyMode, Visibility};
use gatectl::providers::github::strictness::ActorId;
use gatectl::render::{Style, human};
use gatectl::views::verdict::{Jobs, check_document};
use gatectl_test_support::assert_golden;

use crate::repository::{Repository, all, findings};

/// The lines of gate.toml's `[verify]` that hold a value.
fn lines_of_verify(repository: &Repository) -> usize {
    repository.gate.lines().skip_while(|line| *line != "[verify]").skip(1).filter(|line| !line.trim().is_empty()).count()
}

#[test]
fn ordinary_repositories_are_gated_with_at_most_three_lines_of_verify() {
    let repositories = all("repositories");
    assert_eq!(repositories.len(), 10);
    let mut wrong = Vec::new();
    for repository in repositories {
        let name = &repository.name;
        assert!(lines_of_verify(&repository) <= 3, "{name}");
        let (check, report) = (repository.check(), repository.verify(|_| {}));
        let said = findings(&report);
        if (check.verdict, report.verdict) != (Verdict::Gated, Verdict::Gated) || !said.is_empty() {
            wrong.push(format!("{name}: check {:?}, verify {:?}: {said:#?}", check.verdict, report.verdict));
        }
        assert!(report.covered.can_deploy > 0 && report.covered.unclassified == 0, "{name}: {:?}", report.covered);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_runbooks_repository_is_gated_and_says_which_tags_are_refused() {
    let report = Repository::runbook().verify(|_| {});
    let codes: Vec<&str> = findings(&report).iter().map(|finding| finding.code.row().name).collect();
    assert_eq!((report.verdict, codes), (Verdict::Gated, vec!["ref-refused"]));
}

/// What is wrong with the live state of a repository whose files are in order, and what is said about it.
type Live = (&'static str, fn(&mut Inspection), Verdict, &'static str, Severity);

fn production(live: &mut Inspection) -> &mut LiveEnvironment {
    live.environments.as_mut().unwrap().get_mut(&EnvName::new("production").unwrap()).unwrap().as_mut().unwrap()
}

const LIVE: &[Live] = &[
    ("04-admin-bypass", |live| production(live).can_admins_bypass = Some(true), Verdict::Gated, "admins-may-bypass", Severity::Warning),
    (
        "05-only-reviewer-deploys",
        |live| live.starters = Some(vec!["dana".to_owned(); 5]),
        Verdict::Gated,
        "self-review-deadlock",
        Severity::Warning,
    ),
    (
        "06-tags-that-anyone-can-create",
        |live| live.rulesets = Some(Ok(Vec::new())),
        Verdict::Gated,
        "refs-anyone-can-create",
        Severity::Warning,
    ),
    (
        "09-secret-at-a-wider-scope",
        |live| live.wider_secrets.as_mut().unwrap().repository = Ok(["HEROKU_API_KEY".to_owned()].into()),
        Verdict::Gated,
        "wider-secret",
        Severity::Warning,
    ),
    ("10-any-branch-may-deploy", |live| production(live).policy = PolicyMode::All, Verdict::Gated, "open-refs", Severity::Warning),
    (
        "20-custom-rule-gone",
        |live| production(live).protection_rules = Some(Ok(std::collections::BTreeMap::new())),
        Verdict::Ungated,
        "custom-rule-missing",
        Severity::Error,
    ),
    (
        "21-rules-lost-with-the-plan",
        |live| {
            live.repository.as_mut().unwrap().visibility = Visibility::Private;
            live.billing = Billing::Plan("team".to_owned());
        },
        Verdict::Ungated,
        "reviewers-not-enforced",
        Severity::Error,
    ),
];

#[test]
fn each_way_around_a_gate_has_its_finding_and_no_other() {
    let repositories = all("attacks");
    assert!(repositories.len() >= 24);
    let mut wrong = Vec::new();
    for repository in repositories {
        let name = repository.name.as_str();
        let live = LIVE.iter().find(|(about, ..)| *about == name);
        let report = repository.verify(|inspection| {
            if let Some((_, change, ..)) = live {
                change(inspection);
            }
            undeclared(name, inspection);
        });
        let found = findings(&report);
        if let Some((_, _, verdict, code, severity)) = live {
            let codes: Vec<_> = found.iter().map(|finding| (finding.code.row().name, finding.severity)).collect();
            // Without the change, nothing is wrong.
            let clean = repository.verify(|_| {});
            let clean = (clean.verdict, findings(&clean));
            if (report.verdict, codes) != (*verdict, vec![(*code, *severity)]) || clean != (Verdict::Gated, vec![]) {
                wrong.push(format!("{name}: {:?} {found:#?}, before {clean:#?}", report.verdict));
            }
            continue;
        }
        let places: Vec<_> =
            found.iter().map(|one| (one.file.clone().unwrap_or_default(), one.line.unwrap_or(0), one.code.row().name.to_owned())).collect();
        let decides = found.iter().any(|finding| finding.severity == Severity::Error);
        if places != repository.expected() || (report.verdict == Verdict::Gated) == decides {
            wrong.push(format!("{name}: {:?} {found:#?}", report.verdict));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn account(kind: &str) -> LiveReviewer {
    LiveReviewer::User { login: "x".to_owned(), id: 9, kind: kind.to_owned() }
}

#[test]
fn an_undeclared_environment_holds_back_only_with_a_person_who_can_approve() {
    let repository = all("attacks").into_iter().find(|one| one.name == "19-environment-chosen-by-input").unwrap();
    let verdict = |change: fn(&mut Inspection, &mut LiveEnvironment)| {
        let report = repository.verify(|live| {
            let mut qa = LiveEnvironment { name: EnvName::new("qa").unwrap(), ..production(live).clone() };
            change(live, &mut qa);
            live.environments.as_mut().unwrap().insert(qa.name.clone(), Ok(qa));
        });
        report.verdict
    };
    assert_eq!(verdict(|_, _| {}), Verdict::Gated);
    assert_eq!(verdict(|_, qa| qa.reviewers.clear()), Verdict::Ungated);
    assert_eq!(verdict(|_, qa| qa.reviewers = vec![account("Bot")]), Verdict::Ungated);
    // A reviewer who was not looked up may be a person; one without access cannot approve, and neither can a team without members.
    assert_eq!(verdict(|_, qa| qa.reviewers = vec![account("User")]), Verdict::Gated);
    assert_eq!(
        verdict(|live, qa| {
            qa.reviewers = vec![account("User")];
            live.listed.insert(ActorId::User(9), Listed { access: Access::None, members: None });
        }),
        Verdict::Ungated
    );
    assert_eq!(
        verdict(|live, qa| {
            qa.reviewers = vec![LiveReviewer::Team { slug: "t".to_owned(), id: 8 }];
            live.listed.insert(ActorId::Team(8), Listed { access: Access::Granted, members: Some(Ok(BTreeSet::new())) });
        }),
        Verdict::Ungated
    );
    let team = |listed: Option<Listed>| {
        let report = repository.verify(|live| {
            let team = vec![LiveReviewer::Team { slug: "t".to_owned(), id: 8 }];
            let qa = LiveEnvironment { name: EnvName::new("qa").unwrap(), reviewers: team, ..production(live).clone() };
            live.environments.as_mut().unwrap().insert(qa.name.clone(), Ok(qa));
            live.listed.extend(listed.map(|listed| (ActorId::Team(8), listed)));
        });
        report.verdict
    };
    let members = || Some(Ok(BTreeSet::from(["eve".to_owned()])));
    let hidden = || Unknown::new("the token may not see it", "give it Members: read");
    assert_eq!(team(None), Verdict::Unknown, "nothing is known about the team");
    assert_eq!(team(Some(Listed { access: Access::Granted, members: Some(Err(hidden())) })), Verdict::Unknown);
    assert_eq!(team(Some(Listed { access: Access::Unknown(hidden()), members: members() })), Verdict::Unknown);
    assert_eq!(team(Some(Listed { access: Access::Granted, members: members() })), Verdict::Gated);
}

/// Environments that exist and that gate.toml does not declare.
fn undeclared(name: &str, live: &mut Inspection) {
    if name == "19-environment-chosen-by-input" {
        let open = LiveEnvironment { name: EnvName::new("qa").unwrap(), reviewers: Vec::new(), ..production(live).clone() };
        live.environments.as_mut().unwrap().insert(open.name.clone(), Ok(open));
    }
}

#[test]
fn a_deploy_in_an_undeclared_environment_needs_a_person_to_approve_there() {
    const DEPLOY: &str = ".github/workflows/deploy.yml";
    let repository = all("attacks").into_iter().find(|one| one.name == "24-environment-by-actor").unwrap();
    let job = |environment: &str| {
        let line = repository.text(DEPLOY).lines().find(|line| line.contains("environment:")).unwrap();
        repository.text(DEPLOY).replace(line, &format!("    environment: {environment}"))
    };
    let repository = repository.with(DEPLOY, job("production")).with(".github/workflows/hotfix.yml", job("hotfix"));
    let verdict = |reviewers: Vec<LiveReviewer>| {
        let report = repository.verify(|live| {
            let hotfix = LiveEnvironment { name: EnvName::new("hotfix").unwrap(), reviewers, ..production(live).clone() };
            live.environments.as_mut().unwrap().insert(hotfix.name.clone(), Ok(hotfix));
        });
        report.verdict
    };
    let user = |kind: &str| LiveReviewer::User { login: "erin".to_owned(), id: 909, kind: kind.to_owned() };
    let enterprise = || LiveReviewer::EnterpriseTeam { slug: "ent:sre".to_owned(), id: 7 };
    assert_eq!(verdict(vec![]), Verdict::Ungated, "no reviewer");
    assert_eq!(verdict(vec![user("Bot"), user("Organization")]), Verdict::Ungated, "machines alone");
    assert_eq!(verdict(vec![enterprise()]), Verdict::Unknown, "a team that cannot be looked at");
    assert_eq!(verdict(vec![user("Bot"), user("User")]), Verdict::Gated, "a person among them");
}

#[test]
fn a_promotion_out_of_an_open_environment_is_not_open_by_declaration() {
    let repository = all("repositories").into_iter().find(|one| one.name == "staging-to-production").unwrap();
    let verdict = |step: &str| {
        let text = format!(
            "on: {{push: {{branches: [main]}}}}\njobs:\n  stage:\n    runs-on: ubuntu-latest\n    environment: staging\n    steps: [{{run: {step}}}]\n"
        );
        repository.with(".github/workflows/stage.yml", text).verify(|_| {}).verdict
    };
    assert_eq!(verdict("heroku releases:rollback -a shop-staging"), Verdict::Gated);
    assert_eq!(verdict("heroku pipelines:promote -a shop-staging"), Verdict::Unknown, "to whatever stage comes next");
    assert_eq!(verdict("heroku pipelines:promote -a shop-staging --to shop-qa"), Verdict::Gated);
}

/// Every way around a gate in one repository: the workflow files of all attacks, and the gate.toml of the first.
#[test]
fn ten_findings_take_no_more_than_a_screenful() {
    let attacks = all("attacks");
    let mut joined = attacks.first().unwrap().clone();
    for attack in attacks.iter().skip(1) {
        for source in &attack.sources {
            if let Some(file) = source.path.strip_prefix(".github/workflows/") {
                joined = joined.with(&format!(".github/workflows/{}-{file}", &attack.name[..2]), source.text.clone().unwrap());
            }
        }
    }
    let report = joined.check();
    let text = human::render(&check_document(&report, Jobs::Counted), Style { width: 80, ..Style::PLAIN });
    let shown = report.findings.iter().filter(|finding| finding.severity != Severity::Info).count();
    let frame = text.lines().filter(|line| !line.starts_with("  ")).count();
    assert!(shown >= 18, "{text}");
    assert!(text.lines().count() - frame <= 50 * shown / 10, "{shown} findings:\n{text}");
    assert_golden("verify/all-attacks.txt", &text);
}
