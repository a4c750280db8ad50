//! A GitHub App instead of a token: found, narrowed, renewed, and the message if that fails.

use std::collections::BTreeMap;

use base64::Engine as _;
use gatectl::sandbox::{Grant, Installation, Level, Scenario};

use super::run::Ran;
use super::served::Served;

const GATE: &str = r#"version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
can_admins_bypass = false
"#;

/// A key made for these tests alone.
const KEY: &str = include_str!("../fixtures/app-private-key.pem");

fn public_key() -> Vec<u8> {
    let body: String = KEY.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
    ring::signature::RsaKeyPair::from_der(&der).unwrap().public().as_ref().to_vec()
}

fn world(change: impl FnOnce(&mut Installation)) -> Served {
    let world = Served::rehearsal(Scenario::NoRules, GATE);
    let areas = ["actions", "administration", "environments", "metadata", "contents", "members", "issues"];
    let mut installation = Installation {
        id: 77,
        app_id: "4711".to_owned(),
        public_key: public_key(),
        account: "acme".to_owned(),
        permissions: areas.map(|area| (area.to_owned(), Level::Write)).into(),
        suspended: false,
    };
    change(&mut installation);
    world.sandbox.with(|state| state.github.installations = vec![installation]);
    world
}

fn run(world: &Served, args: &[&str]) -> Ran {
    world.run_with(args, &[("GATECTL_APP_ID", "4711"), ("GATECTL_APP_PRIVATE_KEY", KEY), ("GH_TOKEN", "")])
}

/// The permissions of each token that was made.
fn grants(world: &Served) -> Vec<BTreeMap<String, Level>> {
    world.sandbox.with(|state| {
        let made = state.github.tokens.iter().filter(|(token, _)| token.starts_with("ghs_"));
        made.map(|(_, token)| match &token.grant {
            Grant::Installation(areas) => areas.clone(),
            other => panic!("{other:?}"),
        })
        .collect()
    })
}

#[test]
fn an_app_plans_with_a_token_that_reads_and_applies_with_one_that_writes() {
    let world = world(|_| ());
    let planned = run(&world, &["plan", "--detailed-exitcode"]);
    assert_eq!(planned.code, Some(2), "{} {}", planned.stdout, planned.stderr);
    let [reads] = grants(&world).try_into().unwrap();
    assert!(reads.values().all(|level| *level == Level::Read) && reads.contains_key("actions"), "{reads:?}");
    assert!(!reads.contains_key("issues"), "nothing is asked for that gatectl does not use");

    let applied = run(&world, &["apply", "--auto-approve"]);
    assert_eq!(applied.code, Some(0), "{} {}", applied.stdout, applied.stderr);
    let made = grants(&world);
    assert_eq!(made.len(), 3, "one for all reads, one for all writes");
    assert!(made.iter().any(|areas| areas.get("administration") == Some(&Level::Write)));
    world.sandbox.with(|state| {
        let made = state.log.calls().iter().filter(|call| call.contains("access_tokens")).count();
        assert_eq!(made, 3, "a token is kept for its hour");
    });
}

#[test]
fn a_token_that_is_revoked_meanwhile_is_renewed() {
    use gatectl::sandbox::{Fault, Response};
    let world = world(|_| ());
    let refused = Fault::before(Response::bad_credentials()).method("GET").path("/repos/acme/shop/environments").times(1);
    world.sandbox.with(|state| state.faults = vec![refused]);
    let planned = run(&world, &["plan"]);
    assert_eq!(planned.code, Some(0), "{} {}", planned.stdout, planned.stderr);
    assert_eq!(grants(&world).len(), 2);
}

#[test]
fn what_is_wrong_with_an_app_is_told_with_the_next_step() {
    type Change = fn(&mut Installation);
    let cases: [(Change, &[&str]); 4] = [
        (|one| one.public_key = vec![0x30], &["could not be decoded", "private key does not belong to the App 4711"]),
        (|one| one.suspended = true, &["is suspended", "https://", "/organizations/acme/settings/installations/77"]),
        (|one| one.account = "elsewhere".to_owned(), &["is not installed on acme/shop", "install it"]),
        (|one| one.permissions.clear(), &["has no permission", "Actions: read", "/settings/installations/77"]),
    ];
    for (change, words) in cases {
        let ran = run(&world(change), &["plan"]);
        assert_eq!(ran.code, Some(4), "{} {}", ran.stdout, ran.stderr);
        let told = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.iter().all(|word| told.contains(word)), "{words:?}: {told}");
    }
    // The page of a person's own account does not name the account.
    let person = world(|one| one.suspended = true);
    person.sandbox.with(|state| {
        let acme = state.github.people.accounts.values_mut().find(|account| account.login == "acme").unwrap();
        acme.kind = gatectl::sandbox::AccountKind::User;
    });
    let ran = run(&person, &["plan"]);
    let told = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("is suspended") && told.contains("/settings/installations/77") && !told.contains("/organizations/"), "{told}");
    let world = world(|_| ());
    world.sandbox.with(|state| state.github.clock_ahead = -3600);
    let ran = run(&world, &["plan"]);
    let told = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(ran.code == Some(4) && told.contains("this machine's clock differs"), "{told}");
}

#[test]
fn an_app_that_may_not_write_is_warned_of_before_it_is_refused() {
    let world = world(|one| {
        one.permissions.insert("administration".to_owned(), Level::Read);
    });
    let ran = run(&world, &["apply", "--auto-approve"]);
    assert_eq!(ran.code, Some(4), "{} {}", ran.stdout, ran.stderr);
    assert!(
        ran.stderr.contains("was not granted `Administration: write`") && ran.stderr.contains("/settings/installations/77"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_key_that_is_none_is_named_and_not_shown() {
    let world = world(|_| ());
    let file = world.dir.path().join("key.pem");
    std::fs::write(&file, "canary-0123456789").unwrap();
    type Vars<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Vars<'_>, &str); 4] = [
        (&[], "there is no private key for it"),
        (&[("GATECTL_APP_PRIVATE_KEY", "canary-0123456789")], "GATECTL_APP_PRIVATE_KEY does not hold an RSA private key"),
        (&[("GATECTL_APP_PRIVATE_KEY_FILE", file.to_str().unwrap())], "does not hold an RSA private key"),
        (&[("GATECTL_APP_PRIVATE_KEY_FILE", "/dev/null/absent")], "cannot read /dev/null/absent"),
    ];
    for (vars, words) in cases {
        let ran = world.run_with(&["plan", "-v"], &[&[("GATECTL_APP_ID", "4711"), ("GH_TOKEN", "")], vars].concat());
        let told = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(ran.code == Some(4) && told.contains(words) && !told.contains("canary"), "{words}: {told}");
    }
}

#[test]
fn a_key_on_one_line_and_one_in_a_file_both_work() {
    let world = world(|_| ());
    let file = world.dir.path().join("key.pem");
    std::fs::write(&file, KEY).unwrap();
    let line = KEY.trim().replace('\n', "\\n");
    for key in [("GATECTL_APP_PRIVATE_KEY", line.as_str()), ("GATECTL_APP_PRIVATE_KEY_FILE", file.to_str().unwrap())] {
        let ran = world.run_with(&["plan"], &[("GATECTL_APP_ID", "4711"), ("GH_TOKEN", ""), key]);
        assert_eq!(ran.code, Some(0), "{} {}", ran.stdout, ran.stderr);
    }
}

#[test]
fn gh_host_chooses_the_server() {
    let world = Served::rehearsal(Scenario::Gated, GATE);
    let ran = world.run_with(&["plan", "--timeout", "5s"], &[("GITHUB_API_URL", ""), ("GH_HOST", "gatectl.invalid")]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(ran.code == Some(1) && told.contains("https://gatectl.invalid/api/v3"), "{told}");
}
