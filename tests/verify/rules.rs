//! The exact boundary of each rule of the verdict: both sides of it, over inspections and without requests.

use std::collections::BTreeSet;

use gatectl::desired::github::{Pattern, RefKind};
use gatectl::findings::{Severity, Verdict};
use gatectl::model::{Cause, EnvName, Unknown};
use gatectl::providers::github::inspection::{Billing, Inspection, Listed};
use gatectl::providers::github::live::{Access, LiveEnvironment, LiveReviewer, PolicyMode, Visibility};
use gatectl::providers::github::strictness::ActorId;

use crate::repository::{Repository, all};

type Found = (&'static str, Severity);

const ERROR: Severity = Severity::Error;
const WARNING: Severity = Severity::Warning;
const INFO: Severity = Severity::Info;

/// A repository in which nothing is wrong: one reviewer, no bypass, one branch.
fn ordinary() -> Repository {
    all("attacks").into_iter().find(|one| one.name == "05-only-reviewer-deploys").unwrap()
}

fn environment(live: &mut Inspection) -> &mut LiveEnvironment {
    live.environments.as_mut().unwrap().get_mut(&EnvName::new("production").unwrap()).unwrap().as_mut().unwrap()
}

fn unknown() -> Unknown {
    Unknown { reason: "403".to_owned(), hint: String::new(), cause: Cause::Credentials }
}

fn starters(who: &[(&str, usize)]) -> Option<Vec<String>> {
    Some(who.iter().flat_map(|(login, count)| vec![(*login).to_owned(); *count]).collect())
}

/// The verdict with these keys of the environment beside the ordinary ones, and every finding, also those that only inform.
fn judged(keys: &str, change: impl FnOnce(&mut Inspection)) -> (Verdict, Vec<Found>) {
    let ordinary = ordinary();
    let gate = ordinary.gate.replace("[[workflows]]", &format!("{keys}\n[[workflows]]"));
    let report = Repository { config: gatectl::config::parse("gate.toml", &gate).unwrap(), gate, ..ordinary }.verify(change);
    let found = report.environments.iter().flat_map(|one| &one.findings).map(|finding| (finding.code.row().name, finding.severity));
    (report.verdict, found.collect())
}

#[test]
fn who_usually_deploys_is_the_starter_of_more_than_half_of_the_latest_twenty_runs() {
    let deadlock = |who: &[(&str, usize)]| judged("", |live| live.starters = starters(who)).1 == [("self-review-deadlock", WARNING)];
    for (who, expected) in [
        (&[("dana", 3)][..], true),
        (&[("dana", 2)], false),
        (&[("DANA", 3)], true),
        (&[("dana", 3), ("eve", 3)], false),
        (&[("dana", 3), ("ann", 3)], false),
        (&[("dana", 4), ("eve", 3)], true),
        // Older runs say nothing of today.
        (&[("dana", 11), ("eve", 50)], true),
        (&[("eve", 10), ("dana", 50)], false),
        (&[("eve", 9), ("dana", 50)], true),
    ] {
        assert_eq!(deadlock(who), expected, "{who:?}");
    }
    let two = |live: &mut Inspection| {
        live.starters = starters(&[("dana", 5)]);
        environment(live).reviewers.push(LiveReviewer::User { login: "eve".to_owned(), id: 7, kind: "User".to_owned() });
    };
    assert!(!judged("", two).1.iter().any(|(code, _)| *code == "self-review-deadlock"), "the other one approves");
}

#[test]
fn a_starter_who_may_approve_their_own_is_a_warning_whether_listed_or_in_a_team() {
    let allowed = |keys: &str, who: &str, reviewer: Option<LiveReviewer>| {
        judged(keys, |live| {
            live.starters = starters(&[(who, 3)]);
            let environment = environment(live);
            environment.prevent_self_review = false;
            environment.reviewers.extend(reviewer);
            live.listed.insert(ActorId::Team(8), Listed { access: Access::Granted, members: Some(Ok(["Eve".to_owned()].into())) });
        })
        .1
    };
    let warning = ("self-review-allowed", WARNING);
    let team = || Some(LiveReviewer::Team { slug: "t".to_owned(), id: 8 });
    assert!(allowed("", "Dana", None).contains(&warning));
    assert!(allowed("", "eve", team()).contains(&warning));
    assert!(!allowed("", "finn", team()).contains(&warning));
    assert_eq!(allowed("", "eve", None), []);
    assert_eq!(allowed("prevent_self_review = false", "dana", None), []);
    assert_eq!(allowed("prevent_self_review = true", "finn", None), [("self-review-allowed", ERROR)]);
}

#[test]
fn a_timer_is_short_only_below_what_is_declared() {
    let timer = |minutes: u64| judged("wait_timer = 10", move |live| environment(live).wait_timer = minutes.try_into().unwrap());
    assert_eq!(timer(9), (Verdict::Ungated, vec![("wait-timer-shorter", ERROR)]));
    assert_eq!((timer(10), timer(11)), ((Verdict::Gated, vec![]), (Verdict::Gated, vec![])));
}

#[test]
fn a_bypass_that_the_server_does_not_tell_is_an_error_only_if_gate_toml_declares_one() {
    assert_eq!(judged("", |live| environment(live).can_admins_bypass = None), (Verdict::Unknown, vec![("unreadable-state", ERROR)]));
    let silent = ordinary();
    let gate = silent.gate.replace("can_admins_bypass = false\n", "");
    let silent = Repository { config: gatectl::config::parse("gate.toml", &gate).unwrap(), gate, ..silent };
    let report = silent.verify(|live| environment(live).can_admins_bypass = None);
    assert_eq!(report.verdict, Verdict::Gated);
    assert_eq!(report.environments[0].findings.iter().map(|one| one.severity).collect::<Vec<_>>(), [WARNING]);
}

#[test]
fn secrets_that_cannot_be_read_weigh_as_much_as_what_is_declared_of_them() {
    let secrets = "secrets = [\"HEROKU_API_KEY\"]";
    let own = |live: &mut Inspection| environment(live).secrets = Some(Err(unknown()));
    assert_eq!(judged(secrets, own).1, [("unreadable-state", WARNING)]);
    assert_eq!(judged("", own).1, [("unreadable-state", INFO)]);
    let organization = |live: &mut Inspection| live.wider_secrets.as_mut().unwrap().organization = Err(unknown());
    assert_eq!(judged(secrets, organization), (Verdict::Unknown, vec![("unreadable-state", ERROR)]));
    assert_eq!(judged("", organization), (Verdict::Gated, vec![("unreadable-state", INFO)]), "a job behind the gate uses one");
    // A person's repository has no organization, but its own list still counts.
    let personal = |live: &mut Inspection| {
        live.repository.as_mut().unwrap().in_organization = false;
        organization(live);
    };
    assert_eq!(judged(secrets, personal), (Verdict::Gated, vec![]));
    let both = |live: &mut Inspection| {
        personal(live);
        live.wider_secrets.as_mut().unwrap().repository = Err(unknown());
    };
    assert_eq!(judged(secrets, both), (Verdict::Unknown, vec![("unreadable-state", ERROR)]));
    let wide =
        |live: &mut Inspection| live.wider_secrets.as_mut().unwrap().organization = Ok(BTreeSet::from(["HEROKU_API_KEY".to_owned()]));
    assert_eq!(judged(secrets, wide), (Verdict::Ungated, vec![("wider-secret", ERROR)]));
    assert_eq!(judged("", wide), (Verdict::Gated, vec![("wider-secret", WARNING)]));
}

#[test]
fn wider_secrets_matter_only_if_a_job_or_gate_toml_names_one() {
    let job = "on: {push: {branches: [main]}}\njobs: {deploy: {runs-on: x, environment: production, steps: [{run: make}]}}\n";
    let quiet = ordinary().with(".github/workflows/deploy.yml", job.to_owned());
    let report = quiet.verify(|live| {
        environment(live).secrets = Some(Err(unknown()));
        live.wider_secrets.as_mut().unwrap().repository = Err(unknown());
        live.wider_secrets.as_mut().unwrap().organization = Err(unknown());
    });
    assert_eq!(report.environments[0].findings, []);
}

#[test]
fn an_optional_environment_is_missing_only_if_a_job_names_it() {
    let optional = "[environments.staging]\nstate = \"optional\"\nreviewers = [{ user = \"dana\", id = 501 }]\n";
    assert_eq!(judged(optional, |_| {}), (Verdict::Gated, vec![]));
    let ordinary = ordinary();
    let gate = ordinary.gate.replace("[[workflows]]", &format!("{optional}\n[[workflows]]"));
    let job = "on: {push: {branches: [main]}}\njobs: {a: {runs-on: x, environment: Staging, steps: [{run: make}]}}\n";
    let repository = Repository { config: gatectl::config::parse("gate.toml", &gate).unwrap(), gate, ..ordinary }
        .with(".github/workflows/staging.yml", job.to_owned());
    let report = repository.verify(|_| {});
    let of = |name: &str| report.environments.iter().find(|one| one.name == EnvName::new(name).unwrap()).unwrap();
    assert_eq!(report.verdict, Verdict::Ungated);
    assert!(of("staging").findings.iter().any(|finding| finding.code.row().name == "environment-missing"), "{report:#?}");
    assert!(of("production").findings.is_empty());
}

#[test]
fn plan_and_visibility_decide_who_is_held_back() {
    let enforced = |visibility: Visibility, in_organization: bool, billing: Billing| {
        let report = judged("", |live| {
            let repository = live.repository.as_mut().unwrap();
            (repository.visibility, repository.in_organization) = (visibility, in_organization);
            live.billing = billing;
            let actor = environment(live).reviewers[0].actor();
            live.listed.insert(actor, Listed { access: Access::Granted, members: None });
        });
        report.0
    };
    let plan = |name: &str| Billing::Plan(name.to_owned());
    use Verdict::{Gated, Ungated, Unknown as Unproven};
    for (visibility, in_organization, billing, verdict) in [
        (Visibility::Public, true, plan("free"), Gated),
        (Visibility::Public, false, Billing::Unreadable(unknown()), Gated),
        (Visibility::Public, true, plan("bronze"), Ungated),
        (Visibility::Private, true, plan("enterprise"), Gated),
        (Visibility::Internal, true, plan("enterprise"), Gated),
        (Visibility::Private, true, plan("team"), Ungated),
        (Visibility::Private, true, plan("free"), Ungated),
        (Visibility::Private, true, plan("pro"), Ungated),
        (Visibility::Private, true, plan("business"), Unproven),
        (Visibility::Private, true, Billing::Unreadable(unknown()), Unproven),
        (Visibility::Private, false, Billing::Unreadable(unknown()), Ungated),
        (Visibility::Private, true, Billing::Server, Gated),
        (Visibility::Private, false, Billing::Server, Gated),
    ] {
        let about = format!("{visibility:?}, {in_organization}, {billing:?}");
        assert_eq!(enforced(visibility, in_organization, billing), verdict, "{about}");
    }
}

#[test]
fn one_who_can_approve_makes_doubts_about_the_others_warnings() {
    let with = |own: Access, other: Option<Access>| {
        judged("", move |live| {
            live.repository.as_mut().unwrap().visibility = Visibility::Private;
            let dana = environment(live).reviewers[0].actor();
            live.listed.insert(dana, Listed { access: own, members: None });
            if let Some(access) = other {
                environment(live).reviewers.push(LiveReviewer::Team { slug: "sre".to_owned(), id: 8 });
                live.listed.insert(ActorId::Team(8), Listed { access, members: Some(Ok(["eve".to_owned()].into())) });
            }
        })
    };
    let doubt = || Access::Unknown(unknown());
    assert_eq!(with(Access::Granted, None), (Verdict::Gated, vec![]));
    assert_eq!(with(Access::None, None), (Verdict::Ungated, vec![("reviewer-without-access", ERROR)]));
    assert_eq!(with(doubt(), None), (Verdict::Unknown, vec![("reviewer-unknown", ERROR)]));
    // A team that gate.toml does not declare may approve, whatever its access is.
    assert_eq!(with(Access::Granted, Some(Access::Granted)).1, [("undeclared-reviewer", ERROR)]);
}

#[test]
fn protected_branches_that_cannot_be_read_leave_the_policy_undecided() {
    let ordinary = ordinary();
    let gate = ordinary.gate.replace("{ branches = [\"main\"] }", "\"protected\"");
    let protected = Repository { config: gatectl::config::parse("gate.toml", &gate).unwrap(), gate, ..ordinary };
    let verdict = |change: fn(&mut Inspection)| protected.verify(change).verdict;
    assert_eq!(verdict(|_| {}), Verdict::Gated);
    assert_eq!(verdict(|live| live.protected_branches = Err(unknown())), Verdict::Unknown);
    assert_eq!(verdict(|live| live.protected_branches.as_mut().unwrap().names.clear()), Verdict::Ungated);
}

#[test]
fn a_secret_of_an_open_environment_is_its_own_only_if_no_wider_scope_has_the_name() {
    let ordinary = ordinary();
    let gate = ordinary.gate.replace("[[workflows]]", "[environments.preview]\nreviewers = []\n\n[[workflows]]");
    let job = "on: {push: {branches: [main]}}\njobs: {a: {runs-on: x, environment: preview, steps: [{run: './x', env: {K: '${{ secrets.HEROKU_API_KEY }}'}}]}}\n";
    let repository = Repository { config: gatectl::config::parse("gate.toml", &gate).unwrap(), gate, ..ordinary }
        .with(".github/workflows/preview.yml", job.to_owned());
    let shares = |change: fn(&mut Inspection)| {
        let report = repository.verify(change);
        report.environments.iter().flat_map(|one| &one.findings).any(|finding| finding.code.row().name == "ungated-credential")
    };
    assert!(!shares(|_| {}), "neither the repository nor the organization has it");
    assert!(shares(|live| live.wider_secrets.as_mut().unwrap().repository = Ok(["HEROKU_API_KEY".to_owned()].into())));
    assert!(shares(|live| live.wider_secrets.as_mut().unwrap().organization = Ok(["HEROKU_API_KEY".to_owned()].into())));
    assert!(shares(|live| live.wider_secrets.as_mut().unwrap().organization = Err(unknown())));
    assert!(shares(|live| live.wider_secrets.as_mut().unwrap().repository = Err(unknown())));
    assert!(shares(|live| live.wider_secrets = None));
    let personal = |live: &mut Inspection| {
        live.repository.as_mut().unwrap().in_organization = false;
        live.wider_secrets.as_mut().unwrap().organization = Err(unknown());
    };
    assert!(!shares(personal), "a person's repository has no organization");
    let json = serde_json::to_value(repository.verify(|_| {})).unwrap();
    let words: Vec<_> =
        json["environments"].as_array().unwrap().iter().map(|one| (one["name"].as_str(), one["verdict"].as_str())).collect();
    assert_eq!(words, [(Some("preview"), Some("open")), (Some("production"), Some("gated"))]);
}

#[test]
fn what_the_live_policy_refuses_is_said_once() {
    let ordinary = ordinary();
    let gate = ordinary.gate.replace("[\"main\"]", "[\"release\"]");
    let repository = Repository { config: gatectl::config::parse("gate.toml", &gate).unwrap(), gate, ..ordinary };
    let refused = |pattern: &'static str| {
        let report = repository.verify(|live| {
            let pattern = Pattern { kind: RefKind::Branch, name: pattern.to_owned() };
            environment(live).patterns = Some(Ok([(pattern, 1)].into()));
        });
        let all = report.environments.iter().flat_map(|one| &one.findings);
        all.filter(|finding| finding.code.row().name == "ref-refused").map(|finding| finding.message.clone()).collect::<Vec<_>>()
    };
    let declared = refused("release");
    assert!(declared.len() == 1 && !declared[0].contains("the live policy"), "{declared:?}");
    assert_eq!(refused("rel*"), declared, "gate.toml says it already");
    let live = self::ordinary().verify(|live| {
        let pattern = Pattern { kind: RefKind::Branch, name: "release".to_owned() };
        environment(live).patterns = Some(Ok([(pattern, 1)].into()));
    });
    let says =
        |finding: &gatectl::findings::Finding| finding.code.row().name == "ref-refused" && finding.message.ends_with("(the live policy)");
    assert!(live.environments.iter().flat_map(|one| &one.findings).any(says), "{live:#?}");
}

#[test]
fn a_finding_names_who_and_what_it_is_about() {
    let message = |keys: &str, change: fn(&mut Inspection)| {
        let ordinary = ordinary();
        let gate = ordinary.gate.replace("[[workflows]]", &format!("{keys}\n[[workflows]]"));
        let report = Repository { config: gatectl::config::parse("gate.toml", &gate).unwrap(), gate, ..ordinary }.verify(change);
        let found = report.environments.iter().flat_map(|one| &one.findings).map(|finding| finding.message.clone());
        found.collect::<Vec<_>>().join("\n")
    };
    let stranger = message("", |live| {
        environment(live).reviewers.push(LiveReviewer::Team { slug: "sre".to_owned(), id: 8 });
        live.listed.insert(ActorId::Team(8), Listed { access: Access::Granted, members: Some(Ok(["eve".to_owned()].into())) });
    });
    assert!(stranger.contains("the team `sre` may approve, and gate.toml declares `dana`"), "{stranger}");
    let other = message("", |live| {
        environment(live).reviewers = vec![LiveReviewer::User { login: "Dana".to_owned(), id: 77, kind: "User".to_owned() }];
    });
    assert!(other.contains("`Dana` has id 77, and gate.toml pins 501"), "{other}");
    let wide = message("", |live| environment(live).policy = PolicyMode::All);
    assert!(wide.contains("every branch and tag may deploy, and gate.toml declares branches `main`"), "{wide}");
    let shared = message("", |live| live.wider_secrets.as_mut().unwrap().organization = Ok(["HEROKU_API_KEY".to_owned()].into()));
    assert!(shared.contains("HEROKU_API_KEY is a secret of the organization"), "{shared}");
    let ordinary = ordinary();
    let gate = ordinary.gate.replace("[\"main\"]", "[\"main\"], tags = [\"v*\"]");
    let tagged = Repository { config: gatectl::config::parse("gate.toml", &gate).unwrap(), gate, ..ordinary };
    let report = tagged.verify(|live| live.rulesets = Some(Ok(Vec::new())));
    assert!(format!("{report:?}").contains("create or move tags `v*` and deploy"), "{report:#?}");
    let private = message("", |live| {
        let repository = live.repository.as_mut().unwrap();
        (repository.visibility, repository.in_organization) = (Visibility::Private, false);
    });
    assert!(private.contains("the repository is private and belongs to a personal account"), "{private}");
}

#[test]
fn a_called_workflow_is_undecided_unless_gate_toml_trusts_it() {
    let call = "on: {push: {branches: [main]}}\njobs: {a: {uses: o/r/.github/workflows/x.yml@v1, secrets: inherit}}\n";
    let verdict = |trusted: &str| {
        let ordinary = ordinary();
        let gate = format!("{}\n[verify]\ntrusted_workflows = [\"{trusted}\"]\n", ordinary.gate);
        let repository = Repository { config: gatectl::config::parse("gate.toml", &gate).unwrap(), gate, ..ordinary };
        repository.with(".github/workflows/other.yml", call.to_owned()).verify(|_| {}).verdict
    };
    assert_eq!(verdict("o/r/.github/workflows/*"), Verdict::Gated);
    assert_ne!(verdict("o/other/.github/workflows/*"), Verdict::Gated);
}
