//! The comments of the text: ways past the gate, what is unknown, the schema line.

use super::*;

fn table(environment: LiveEnvironment) -> (String, Vec<String>) {
    let repository = repository();
    let environments = only(environment);
    let imported = render(&source(&repository, &environments));
    let start = imported.text.find("repository = \"acme/shop\"\n\n").unwrap() + "repository = \"acme/shop\"\n\n".len();
    (imported.text[start..].to_owned(), imported.unknown.into_iter().map(|(_, unknown)| unknown.reason).collect())
}

#[test]
fn a_closed_gate_has_no_comment() {
    let (text, unknown) = table(plain("production"));
    assert_eq!(
        text,
        "[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }]\nprevent_self_review = true\ncan_admins_bypass = false\ndeployment_branch_policy = \"protected\"\n"
    );
    assert!(unknown.is_empty());
}

#[test]
fn every_way_past_the_gate_is_named() {
    let bot = LiveReviewer::User { login: "Acme-Bot".to_owned(), id: 9, kind: "User".to_owned() };
    let weak = |environment: LiveEnvironment| {
        let (text, _) = table(environment);
        text.lines().filter_map(|line| line.strip_prefix("# weak: ").map(str::to_owned)).collect::<Vec<_>>()
    };
    let selected = |name: &str| Some(Ok(BTreeMap::from([(Pattern { kind: RefKind::Tag, name: name.to_owned() }, 1)])));
    for (environment, word) in [
        (LiveEnvironment { reviewers: Vec::new(), prevent_self_review: false, ..plain("p") }, "no required reviewers"),
        (LiveEnvironment { prevent_self_review: false, ..plain("p") }, "the person who starts a run"),
        (LiveEnvironment { can_admins_bypass: Some(true), ..plain("p") }, "admins may bypass"),
        (LiveEnvironment { policy: PolicyMode::All, ..plain("p") }, "every branch and every tag"),
        (LiveEnvironment { reviewers: vec![bot], ..plain("p") }, "`Acme-Bot` looks like a machine"),
        (LiveEnvironment { policy: PolicyMode::Selected, patterns: selected("*"), ..plain("p") }, "nearly every tag"),
    ] {
        let weak = weak(environment);
        assert!(weak.len() == 1 && weak[0].contains(word), "{word}: {weak:?}");
    }
    assert!(weak(LiveEnvironment { policy: PolicyMode::Selected, patterns: selected("v*"), ..plain("p") }).is_empty());
    let (repository, environments, none) = (repository(), only(plain("p")), Ok(BTreeSet::new()));
    let text = render(&Source { protected_branches: Some(&none), ..source(&repository, &environments) }).text;
    assert!(text.contains("# weak: only protected branches may deploy, but none is protected"), "{text}");
}

#[test]
fn a_server_without_admin_bypass_is_not_one_that_could_not_be_read() {
    let (text, unknown) = table(LiveEnvironment { can_admins_bypass: None, ..plain("p") });
    assert_eq!(unknown, Vec::<String>::new());
    assert!(text.contains("# weak: this server does not say whether admins may bypass the rules"), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("can_admins_bypass")), "{text}");
}

#[test]
fn what_cannot_be_read_or_said_is_named_and_nothing_is_claimed_of_it() {
    let why = || Unknown { reason: "403\nno".to_owned(), hint: "ask".to_owned(), cause: Cause::Credentials };
    let robot = LiveReviewer::User { login: "ci[bot]".to_owned(), id: 9, kind: "Bot".to_owned() };
    let selected = |patterns: BTreeMap<Pattern, u64>| (PolicyMode::Selected, Some(Ok(patterns)));
    let full = BTreeMap::from([(Pattern { kind: RefKind::Branch, name: "refs/heads/main".to_owned() }, 1)]);
    let policy = |(policy, patterns)| LiveEnvironment { policy, patterns, ..plain("p") };
    for (environment, keys) in [
        (LiveEnvironment { secrets: Some(Err(why())), ..plain("p") }, vec!["secrets"]),
        (LiveEnvironment { variables: Some(Err(why())), ..plain("p") }, vec!["variables"]),
        (LiveEnvironment { protection_rules: Some(Err(why())), ..plain("p") }, vec!["protection_rules"]),
        (policy((PolicyMode::Selected, Some(Err(why())))), vec!["deployment_branch_policy"]),
        (policy(selected(BTreeMap::new())), vec!["deployment_branch_policy"]),
        (policy(selected(full)), vec!["deployment_branch_policy"]),
        (LiveEnvironment { reviewers: vec![robot], ..plain("p") }, vec!["reviewers", "prevent_self_review"]),
    ] {
        let (text, unknown) = table(environment);
        assert_eq!(unknown.len(), keys.len(), "{unknown:?}");
        for key in keys {
            assert!(text.contains(&format!("# unknown: `{key}` ")), "{key}\n{text}");
            assert!(!text.lines().any(|line| line.starts_with(key)), "{key}\n{text}");
        }
        gates(&format!("version = 1\n{text}"));
    }
}

#[test]
fn an_environment_that_cannot_be_named_is_a_comment() {
    let (repository, name) = (repository(), EnvName::new("a\u{202e}b\n").unwrap());
    let environments =
        BTreeMap::from([(name.clone(), Ok(LiveEnvironment { name, ..plain("x") })), (EnvName::new("ok").unwrap(), Ok(plain("ok")))]);
    let source = source(&repository, &environments);
    let imported = render(&source);
    assert_eq!(gates(&imported.text).into_keys().map(|name| name.to_string()).collect::<Vec<_>>(), ["ok"]);
    assert!(imported.text.contains("\n# unknown: `a\\u{202e}b\\n` is left out: "), "{}", imported.text);
    assert_eq!(imported.unknown.len(), 1);
    let updated = update("gate.toml", &imported.text, &source).unwrap();
    assert_eq!((updated.imported.text, updated.imported.unknown), (imported.text, imported.unknown));
}

#[test]
fn the_schema_line_names_an_address_that_resolves_or_is_left_out() {
    let released = text::schema_line("https://github.com/acme/gatectl");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(released, format!("#:schema https://github.com/acme/gatectl/releases/download/v{version}/gate.schema.json\n"));
    let unpublished = text::schema_line("");
    assert!(!unpublished.starts_with("#:schema") && unpublished.contains("gatectl schema > gate.schema.json"), "{unpublished}");
}
