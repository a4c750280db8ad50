//! The laws of import and of its updates, over random environments.

use super::super::source::refused_name;
use super::*;
use crate::model::GateKey;
use crate::providers::github::strictness::{Strictness, weakened};

fn name() -> impl Strategy<Value = EnvName> {
    prop_oneof![
        3 => prop_oneof!["production", "staging", "prod/eu", "a\\.b", "7", "-", "Prod \"EU\" \\\\ 'x'", "æøå 日本", "variables", "state"],
        1 => "[!-~][ -~]{0,12}".prop_filter("no name", |name| refused_name(&EnvName::new(name.clone()).unwrap()).is_none() && !name.starts_with('.')),
    ]
    .prop_map(|name| EnvName::new(name).unwrap())
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let kind = prop_oneof![Just(RefKind::Branch), Just(RefKind::Tag)];
    (kind, prop_oneof!["main", "release/\\*", "v\\*", "\\*", "[!-~]{1,40}"])
        .prop_filter_map("refused", |(kind, name)| can_match(&name).then_some(Pattern { kind, name }))
}

/// Whether gate.toml can state the pattern: one that no ref can match is refused.
fn can_match(name: &str) -> bool {
    let name = toml_edit::value(name);
    config::parse("gate.toml", &format!("version = 1\n[environments.p]\ndeployment_branch_policy = {{ branches = [{name}], tags = [] }}\n"))
        .is_ok()
}

fn environment() -> impl Strategy<Value = LiveEnvironment> {
    let person =
        (0..PEOPLE.len()).prop_map(|at| LiveReviewer::User { login: PEOPLE[at].0.to_owned(), id: PEOPLE[at].1, kind: "User".to_owned() });
    let team = (0..TEAMS.len()).prop_map(|at| LiveReviewer::Team { slug: TEAMS[at].0.to_owned(), id: TEAMS[at].1 });
    let policy = prop_oneof![
        Just((PolicyMode::All, None)),
        Just((PolicyMode::Protected, None)),
        proptest::collection::btree_map(pattern(), 1..9_u64, 1..5).prop_map(|patterns| (PolicyMode::Selected, Some(Ok(patterns)))),
    ];
    let rules = proptest::sample::subsequence(APPS.to_vec(), 0..=APPS.len());
    let word = "[A-FH-Z_][A-Z0-9_]{0,8}";
    (
        (proptest::collection::btree_set(prop_oneof![person, team], 0..4), any::<bool>(), any::<bool>()),
        (prop_oneof![Just(0), 1..=43_200_u32], policy, rules),
        (proptest::collection::btree_map(word, any::<String>(), 0..4), proptest::collection::btree_set(word, 0..4)),
    )
        .prop_map(|((reviewers, prevent, bypass), (wait_timer, (policy, patterns), rules), (variables, secrets))| LiveEnvironment {
            name: EnvName::new("x").unwrap(),
            id: 1,
            prevent_self_review: prevent && !reviewers.is_empty(),
            reviewers: reviewers.into_iter().collect(),
            can_admins_bypass: Some(bypass),
            wait_timer,
            policy,
            patterns,
            protection_rules: Some(Ok(rules.into_iter().map(|(slug, id)| (slug.to_owned(), id)).collect())),
            variables: Some(Ok(variables.into_iter().map(|(name, text)| (name.clone(), VarValue::new(name, text))).collect())),
            secrets: Some(Ok(secrets)),
        })
}

fn environments() -> impl Strategy<Value = Environments> {
    proptest::collection::btree_map(name(), environment(), 0..4)
        .prop_map(|all| all.into_iter().map(|(name, environment)| (name.clone(), Ok(LiveEnvironment { name, ..environment }))).collect())
}

/// The strictness of a gate made from a file alone.
fn alone(gate: &Gate) -> Strictness {
    let actor = |reviewer: &Reviewer| match reviewer {
        Reviewer::User { id, .. } => ActorId::User(id.unwrap()),
        Reviewer::Team { id, .. } => ActorId::Team(id.unwrap()),
    };
    Strictness {
        reviewers: gate.reviewers.iter().flatten().map(actor).collect(),
        prevent_self_review: gate.prevent_self_review.unwrap_or(false),
        can_admins_bypass: gate.can_admins_bypass.unwrap_or(true),
        wait_timer: gate.wait_timer.unwrap_or(0),
        refs: gate.deployment_branch_policy.as_ref().cloned().unwrap_or(BranchPolicy::All),
        protection_rules: gate.protection_rules.clone().unwrap_or_default(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_imported_plans_to_no_changes_and_loses_no_strictness(environments in environments()) {
        run(with_reader(world(&environments), async |reader, _| {
            let (live, imported) = imported(reader).await;
            assert_eq!(imported.unknown, vec![], "{}", imported.text);
            let plan = planned(reader, &imported.text).await;
            assert!(plan.is_empty() && plan.unknown.is_empty() && plan.unmanaged.is_empty(), "{plan:#?}\n{}", imported.text);

            let gates = gates(&imported.text);
            let there = live.environments.as_ref().unwrap();
            assert_eq!(gates.len(), environments.len());
            for (name, gate) in &gates {
                let there = there[name].as_ref().unwrap();
                assert_eq!(weakened(Some(&there.strictness()), Some(&alone(gate))), vec![], "{}", imported.text);
                let live = there.variables.iter().flatten().flatten();
                let plain = live.filter_map(|(name, value)| Some((name.clone(), value.plain()?.to_owned()))).collect();
                assert_eq!(gate.variables, plain);
                assert_eq!(Some(&gate.secrets), there.secrets.as_ref().and_then(|all| all.as_ref().ok()));
            }
            let source = Source { protected_branches: live.protected_branches.as_ref(), ..source(&live.repository.as_ref().unwrap().name, there) };
            let updated = update("gate.toml", &imported.text, &source).unwrap();
            assert_eq!(updated.imported.text, imported.text);
            assert_eq!(updated.changes, Vec::<String>::new());
        }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_update_says_what_is_live_keeps_comments_and_is_done_at_once(before in environments(), after in environments(), crlf in any::<bool>()) {
        let repository = repository();
        let mut text = render(&source(&repository, &before)).text;
        // A person's comments above every table and after every header.
        text = text.lines().enumerate().fold(String::new(), |text, (at, line)| {
            if line.starts_with('[') { format!("{text}# above {at}\n{line} # behind {at}\n") } else { format!("{text}{line}\n") }
        });
        text.push_str("\n# the end\n");
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        let source = source(&repository, &after);
        let updated = update("gate.toml", &text, &source).unwrap().imported.text;

        let gates = gates(&updated);
        for (name, live) in &after {
            let gate = &gates[name];
            let wanted = Declared::new(&source, live.as_ref().unwrap()).gate;
            for key in GateKey::live() {
                if key::declared(key, gate) {
                    let said = match key {
                        // Declared secrets stay: they are requirements.
                        GateKey::Secrets => gate.secrets.is_superset(&wanted.secrets),
                        _ => key::same(key, gate, &wanted, "acme"),
                    };
                    assert!(said, "{key:?}\n{updated}");
                } else {
                    assert!(!key::counts(key, &wanted), "{key:?}\n{updated}");
                }
            }
        }
        assert!(before.keys().all(|name| gates.contains_key(name)), "existence is not import's to change");
        for line in text.lines().filter(|line| line.starts_with("# above") || line.starts_with("# the end")) {
            assert!(updated.contains(line), "{line}\n{updated}");
        }
        assert_eq!(updated.contains("\r\n"), crlf);
        assert_eq!(updated.replace("\r\n", "").contains('\n'), !crlf);
        let again = update("gate.toml", &updated, &source).unwrap();
        assert_eq!(again.imported.text, updated);
    }
}
