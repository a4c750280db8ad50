//! What is imported plans to no changes, and what is merged twice is merged once.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::source::refused_name;
use super::*;
use crate::config;
use crate::desired::github::{BranchPolicy, Gate, Pattern, RefKind, Reviewer};
use crate::http::{Settings, Stack, Token};
use crate::model::{Cause, EnvName, GateKey, Plan, RepoName, VarValue};
use crate::providers::github::live::{Environments, Live, LiveEnvironment, LiveReviewer, PolicyMode};
use crate::providers::github::strictness::{ActorId, Strictness, weakened};
use crate::providers::github::{observe, plan};
use crate::sandbox::{
    AccountKind, App, BranchPattern, CustomRule, Environment as Stored, Grant, Permission, PolicyMode as StoredMode, Repo, ReviewerRef,
    Sandbox, Secret, State, Variable, Visibility,
};

const PEOPLE: [(&str, u64); 4] = [("alice", 501), ("Bob-Smith", 502), ("deploy-bot", 503), ("eve_acme", 504)];
const TEAMS: [(&str, u64); 2] = [("sre", 601), ("on-call", 602)];
const APPS: [(&str, u64); 3] = [("gatekeeper", 71), ("change-window", 72), ("x", 73)];

fn repository() -> RepoName {
    RepoName::parse("acme/shop").unwrap()
}

fn source<'a>(repository: &'a RepoName, environments: &'a Environments) -> Source<'a> {
    Source { repository, api_url: None, only: &[], environments, protected_branches: None }
}

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
    let never = ["~", ":", "..", "//", "@{"].iter().any(|part| name.contains(part));
    let ends = [".lock", "/", "."].iter().any(|end| name.ends_with(end));
    !never && !ends && !name.starts_with('/') && !name.starts_with("refs/")
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

/// A world that holds these environments, with everyone who may approve.
fn world(environments: &Environments) -> State {
    let mut state = State::default();
    let now = state.now.tick();
    let github = &mut state.github;
    github.viewer = "root".to_owned();
    for (login, id) in PEOPLE.into_iter().chain([("root", 500)]) {
        github.add_account(login, Some(id), AccountKind::User);
    }
    let acme = github.add_account("acme", Some(510), AccountKind::Organization);
    if let Some(acme) = github.people.accounts.get_mut(&acme) {
        acme.owners.insert("root".to_owned());
        acme.members.insert("root".to_owned());
    }
    let mut repo = Repo::new(1296, repository());
    repo.visibility = Visibility::Public;
    repo.collaborators = PEOPLE.into_iter().map(|(login, _)| (login.to_owned(), Permission::Write)).collect();
    repo.collaborators.insert("root".to_owned(), Permission::Admin);
    for (slug, id) in TEAMS {
        github.add_team("acme", slug, Some(id));
        repo.teams.insert(id, Permission::Write);
    }
    for (slug, id) in APPS {
        github.people.apps.push(App { id, slug: slug.to_owned(), owner: "acme".to_owned() });
        repo.installed_apps.insert(id);
    }
    for (name, live) in environments {
        let live = live.as_ref().unwrap();
        let mut stored = Stored::ungated(&mut github.ids, name.as_str(), live.can_admins_bypass.unwrap(), now);
        stored.reviewers = live
            .reviewers
            .iter()
            .map(|reviewer| match reviewer.actor() {
                ActorId::User(id) => ReviewerRef::User(id),
                ActorId::Team(id) => ReviewerRef::Team(id),
                ActorId::EnterpriseTeam(_) => panic!("the emulator knows no team of an enterprise"),
            })
            .collect();
        stored.prevent_self_review = live.prevent_self_review;
        stored.wait_timer = live.wait_timer;
        stored.policy = match live.policy {
            PolicyMode::All => None,
            PolicyMode::Protected => Some(StoredMode::Protected),
            PolicyMode::Selected => Some(StoredMode::Custom),
        };
        for pattern in live.patterns.iter().flatten().flat_map(BTreeMap::keys) {
            let kind = match pattern.kind {
                RefKind::Branch => crate::sandbox::RefType::Branch,
                RefKind::Tag => crate::sandbox::RefType::Tag,
            };
            stored.patterns.push(BranchPattern { id: github.ids.fresh(), name: pattern.name.clone(), kind });
        }
        for app in live.protection_rules.iter().flatten().flat_map(BTreeMap::values) {
            stored.custom_rules.push(CustomRule { id: github.ids.fresh(), app: *app, enabled: true });
        }
        for (name, value) in live.variables.iter().flatten().flatten() {
            stored.variables.insert(name.clone(), Variable { value: value.expose().to_owned(), created_at: now, updated_at: now });
        }
        for name in live.secrets.iter().flatten().flatten() {
            stored.secrets.insert(name.clone(), Secret { created_at: now, updated_at: now });
        }
        repo.insert(stored);
    }
    github.repos.push(repo);
    state
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn with_reader<T>(state: State, work: impl AsyncFnOnce(&crate::http::Reader, &Sandbox) -> T) -> T {
    let sandbox = Sandbox::start(state).await.unwrap();
    let stack = Stack::new(Settings::default());
    let reader = stack
        .reader(&crate::providers::github::api::endpoint(sandbox.github_url()).unwrap(), Some(Token::new("a-token-of-the-test", "a test")))
        .unwrap();
    work(&reader, &sandbox).await
}

/// What import makes of a world, and what a plan then says.
async fn imported(reader: &crate::http::Reader) -> (Live, Imported) {
    let live = observe::everything(reader, &repository(), &[]).await;
    let environments = live.environments.as_ref().unwrap();
    let source =
        Source { protected_branches: live.protected_branches.as_ref(), ..source(&live.repository.as_ref().unwrap().name, environments) };
    let imported = render(&source);
    (live, imported)
}

async fn planned(reader: &crate::http::Reader, text: &str) -> Plan<crate::providers::github::ops::Op> {
    let repository = repository();
    let want = config::parse("gate.toml", text).unwrap_or_else(|problems| panic!("{problems}\n{text}")).desired.github;
    let live = observe::observe(reader, &repository, &want).await;
    let context = plan::PlanContext { repository: &repository, web: "https://github.com", freeze_store: None };
    Plan::assemble(String::new(), String::new(), [plan::plan(context, &want, &live)])
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

fn gates(text: &str) -> BTreeMap<EnvName, Gate> {
    let all = config::parse("gate.toml", text).unwrap_or_else(|problems| panic!("{problems}")).desired.github.environments;
    all.into_iter().filter_map(|(name, environment)| Some((name, environment.gate()?.clone()))).collect()
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

/// One environment with nothing special about it.
fn plain(name: &str) -> LiveEnvironment {
    LiveEnvironment {
        name: EnvName::new(name).unwrap(),
        id: 1,
        reviewers: vec![LiveReviewer::User { login: "alice".to_owned(), id: 501, kind: "User".to_owned() }],
        prevent_self_review: true,
        can_admins_bypass: Some(false),
        wait_timer: 0,
        policy: PolicyMode::Protected,
        patterns: None,
        protection_rules: Some(Ok(BTreeMap::new())),
        variables: Some(Ok(BTreeMap::new())),
        secrets: Some(Ok(BTreeSet::new())),
    }
}

fn only(environment: LiveEnvironment) -> Environments {
    BTreeMap::from([(environment.name.clone(), Ok(environment))])
}

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
fn a_token_that_may_not_see_everything_still_imports_what_it_sees() {
    let environments = only(plain("production"));
    let mut state = world(&environments);
    let token =
        crate::sandbox::Token::fine_grained("root", &[("actions", crate::sandbox::Level::Read), ("metadata", crate::sandbox::Level::Read)]);
    assert!(matches!(token.grant, Grant::FineGrained(_)));
    state.github.tokens.insert("a-token-of-the-test".to_owned(), token);
    run(with_reader(state, async |reader, _| {
        let (_, imported) = imported(reader).await;
        assert!(imported.text.contains("reviewers = [{ user = \"alice\", id = 501 }]"), "{}", imported.text);
        for key in ["secrets", "variables"] {
            assert!(imported.text.contains(&format!("# unknown: `{key}` could not be read: ")), "{}", imported.text);
        }
        assert!(
            !imported.unknown.is_empty() && imported.unknown.iter().all(|(_, why)| why.cause == Cause::Credentials),
            "{:?}",
            imported.unknown
        );
    }));
}

#[test]
fn the_chain_is_two_requests_deep() {
    let environments: BTreeMap<_, _> = ["a", "b", "c"].map(|name| (EnvName::new(name).unwrap(), Ok(plain(name)))).into();
    run(with_reader(world(&environments), async |reader, sandbox| {
        imported(reader).await;
        let paths = sandbox.with(|state| state.log.exchanges.len());
        // The repository and the list; then three parts of each, and the protected branches once.
        assert_eq!(paths, 2 + 3 * 3 + 1);
    }));
}

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

#[test]
fn the_schema_line_names_an_address_that_resolves_or_is_left_out() {
    let released = text::schema_line("https://github.com/acme/gatectl");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(released, format!("#:schema https://github.com/acme/gatectl/releases/download/v{version}/gate.schema.json\n"));
    let unpublished = text::schema_line("");
    assert!(!unpublished.starts_with("#:schema") && unpublished.contains("gatectl schema > gate.schema.json"), "{unpublished}");
}
