//! The merge into an existing file.

use super::*;

/// A file in some spelling, updated to one environment `production` as [`plain`], with the wait that every spelling lacks.
fn updated(text: &str) -> Updated {
    let repository = repository();
    let value = |name: &str, text: &str| (name.to_owned(), VarValue::new(name, text));
    let variables = Some(Ok(BTreeMap::from([value("TIER", "prod"), value("ZONE", "eu")])));
    let environments = only(LiveEnvironment { wait_timer: 5, variables, ..plain("production") });
    update("gate.toml", text, &source(&repository, &environments)).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn every_spelling_of_a_table_can_be_updated() {
    for text in [
        "version = 1\nenvironments = { Production = { wait_timer = 3, variables = { tier = 'old', GONE = 'x' } } } # mine\n",
        "version = 1\nenvironments.production.wait_timer = 3 # mine\nenvironments.production.variables.tier = 'old'\n",
        "version = 1\n[environments]\nproduction = { wait_timer = 3 } # mine\n",
        "version = 1\n[environments]\nproduction.wait_timer = 3 # mine\n",
        "version = 1\n# mine\n[environments.\"PRODUCTION\"]\n[environments.\"PRODUCTION\".variables]\ntier = 'old'\n",
        "version = 1\n[[environments.production.reviewers]]\nuser = 'bob'\n[environments.production.deployment_branch_policy]\ntags = ['v*'] # mine\n\n[heroku.config.app]\n# mine\nB = '1'\n",
        "\u{feff}version = 1\r\n# mine\r\n[environments.production]\r\nreviewers = []\r\n",
        "version = 1\n# mine\n",
    ] {
        let updated = updated(text);
        let got = updated.imported.text;
        let gate = &gates(&got)[&EnvName::new("production").unwrap()];
        assert_eq!(gate.wait_timer, Some(5), "{got}");
        assert_eq!(gate.can_admins_bypass, Some(false), "{got}");
        assert_eq!(gate.deployment_branch_policy, Some(BranchPolicy::Protected), "{got}");
        assert_eq!(gate.reviewers.as_deref(), Some(&[Reviewer::User { login: "alice".to_owned(), id: Some(501) }][..]), "{got}");
        assert_eq!(gate.variables, BTreeMap::from([("TIER".to_owned(), "prod".to_owned()), ("ZONE".to_owned(), "eu".to_owned())]), "{got}");
        assert_eq!(got.starts_with('\u{feff}'), text.starts_with('\u{feff}'));
        assert!(got.contains("# mine") || text.contains("[[") && got.contains("B = '1'"), "{got}");
        assert_eq!(self::updated(&got).imported.text, got);
    }
}

#[test]
fn line_ends_within_a_string_are_a_value() {
    let text = "version = 1\r\n[environments.production]\r\nvariables = { ZONE = 'eu', TEXT = \"\"\"x\ny\"\"\" }\r\n";
    let got = {
        let repository = repository();
        let values = [("ZONE", "eu"), ("TEXT", "x\ny")].map(|(name, text)| (name.to_owned(), VarValue::new(name, text)));
        let variables = Some(Ok(BTreeMap::from(values)));
        let environments = only(LiveEnvironment { wait_timer: 5, variables, ..plain("production") });
        update("gate.toml", text, &source(&repository, &environments)).unwrap().imported.text
    };
    assert_eq!(gates(&got)[&EnvName::new("production").unwrap()].variables["TEXT"], "x\ny", "{got:?}");
}

#[test]
fn a_person_keeps_their_line_when_the_login_changes() {
    let repository = repository();
    let team = LiveReviewer::Team { slug: "sre".to_owned(), id: 601 };
    let alice = LiveReviewer::User { login: "alice-new".to_owned(), id: 501, kind: "User".to_owned() };
    let environments = only(LiveEnvironment { reviewers: vec![alice, team], ..plain("production") });
    let text = "version = 1\n[environments.production]\nreviewers = [\n  { user = \"alice\", id = 501 }, # lead\n  { user = \"gone\" }, # left\n]\ncan_admins_bypass = false # never\nprevent_self_review = true\ndeployment_branch_policy = \"protected\"\n";
    let got = update("gate.toml", text, &source(&repository, &environments)).unwrap();
    assert_eq!(
        got.imported.text,
        "version = 1\n[environments.production]\nreviewers = [\n  { user = \"alice-new\", id = 501 }, # lead\n  { team = \"sre\", id = 601 },\n]\ncan_admins_bypass = false # never\nprevent_self_review = true\ndeployment_branch_policy = \"protected\"\n"
    );
    assert_eq!(got.changes, ["environments.production.reviewers"]);
}

#[test]
fn existence_is_told_and_not_changed() {
    let repository = repository();
    let environments = only(plain("old"));
    let text = "version = 1\n[environments.old]\nstate = \"absent\"\n[environments.production]\n";
    let got = update("gate.toml", text, &source(&repository, &environments)).unwrap();
    assert_eq!(got.imported.text, text);
    assert_eq!(got.remarks.len(), 2);
    assert!(got.remarks[0].contains("`old` absent") && got.remarks[1].contains("`production`, which is not live"), "{:?}", got.remarks);
    let only_old = [EnvName::new("old").unwrap()];
    let narrowed = Source { only: &only_old, ..source(&repository, &environments) };
    assert_eq!(update("gate.toml", text, &narrowed).unwrap().remarks.len(), 1);
    assert!(update("gate.toml", "version = 2\n", &narrowed).is_err());
}

#[test]
fn comments_of_import_do_not_outlive_what_they_speak_of() {
    let repository = repository();
    let open = LiveEnvironment { can_admins_bypass: Some(true), ..plain("production") };
    let before = render(&source(&repository, &only(open))).text;
    assert!(before.contains("# weak: admins may bypass"), "{before}");
    let environments = only(plain("production"));
    let after = update("gate.toml", &before, &source(&repository, &environments)).unwrap().imported.text;
    assert_eq!(
        after,
        render(&source(&repository, &environments)).text.replace(
            "prevent_self_review = true\ncan_admins_bypass = false\ndeployment_branch_policy = \"protected\"\n",
            "prevent_self_review = true\ndeployment_branch_policy = \"protected\"\ncan_admins_bypass = false\n",
        )
    );
}
