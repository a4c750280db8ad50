//! Random worlds and random declarations, small enough to read when one fails, and what it means that a declaration holds.

use std::collections::{BTreeMap, BTreeSet};

use gatectl::config::Config;
use gatectl::desired::Desired;
use gatectl::desired::github::{self as desired, BranchPolicy, Gate, Pattern, RefKind, Reviewer};
use gatectl::freeze::Keys;
use gatectl::model::{EnvName, RepoName};
use gatectl::providers::github::strictness::{ActorId, Strictness};
use gatectl::reconcile::Prune;
use gatectl::sandbox::{
    AccountKind, App, BranchPattern, CustomRule, Deviation, Environment, HerokuApp, Permission, Plan, PolicyMode, RefType, Repo,
    ReviewerRef, Secret, State, Switches, Variable, Visibility,
};
use proptest::prelude::*;

use gatectl_test_support::world::{REPO, World, parse};

/// All accounts and teams: login or slug, and id. All have access.
const PEOPLE: [(&str, u64); 3] = [("alice", 501), ("bob", 502), ("carol", 503)];
const TEAM: (&str, u64) = ("sre", 601);
pub const APPS: [(&str, u64); 2] = [("gatekeeper", 71), ("watcher", 72)];
const NAMES: [&str; 2] = ["production", "Prod/EU"];
const KEYS: [&str; 2] = ["A", "B"];
pub const HEROKU_APP: &str = "shop-prod";
const FREEZE: &str = r#"
version = 1
[environments.production]
[freeze]
heroku_app = "shop-prod"
environments = ["production"]
frozen = true
"#;

/// A world and a declaration.
#[derive(Debug, Clone)]
pub struct Case {
    pub public: bool,
    /// Without it, a private repository has branch policies and nothing else.
    pub enterprise: bool,
    pub start: [Option<Rules>; 2],
    pub want: [Option<Wish>; 2],
    /// Config vars of the app: as they are, as they are declared.
    pub config: [(Option<u8>, Option<u8>); 2],
    /// Whether undeclared environments are deleted.
    pub prune: bool,
    /// Whether a freeze is declared; there is none before.
    pub freeze: bool,
}

/// A gate as it is.
#[derive(Debug, Clone)]
pub struct Rules {
    pub reviewers: BTreeSet<u8>,
    pub prevent: bool,
    pub bypass: bool,
    pub timer: u32,
    pub policy: Policy,
    pub rules: BTreeSet<u8>,
    pub variables: [Option<u8>; 2],
}

/// A gate as it is declared, key by key; none at all: it is to be absent.
pub type Wish = Option<Declared>;

#[derive(Debug, Clone)]
pub struct Declared {
    pub reviewers: Option<BTreeSet<u8>>,
    pub prevent: Option<bool>,
    pub bypass: Option<bool>,
    pub timer: Option<u32>,
    pub policy: Option<Policy>,
    pub rules: Option<BTreeSet<u8>>,
    pub variables: [Option<u8>; 2],
}

#[derive(Debug, Clone)]
pub enum Policy {
    All,
    Protected,
    Selected(BTreeSet<(bool, &'static str)>),
}

fn subset(of: u8) -> impl Strategy<Value = BTreeSet<u8>> {
    proptest::collection::btree_set(0..of, 0..3)
}

fn pattern() -> impl Strategy<Value = (bool, &'static str)> {
    (proptest::bool::weighted(0.25), proptest::sample::select(vec!["main", "dev", "release/*", "release/1", "*"]))
}

fn policy(least: usize) -> impl Strategy<Value = Policy> {
    prop_oneof![
        1 => Just(Policy::All),
        1 => Just(Policy::Protected),
        3 => proptest::collection::btree_set(pattern(), least..4).prop_map(Policy::Selected),
    ]
}

fn values() -> impl Strategy<Value = [Option<u8>; 2]> {
    proptest::array::uniform2(proptest::option::of(0..3u8))
}

fn rules() -> impl Strategy<Value = Rules> {
    (subset(4), any::<bool>(), any::<bool>(), proptest::sample::select(vec![0, 5, 30]), policy(0), subset(2), values()).prop_map(
        |(reviewers, prevent, bypass, timer, policy, rules, variables)| Rules {
            prevent: prevent && !reviewers.is_empty(),
            reviewers,
            bypass,
            timer,
            policy,
            rules,
            variables,
        },
    )
}

fn declared() -> impl Strategy<Value = Declared> {
    let maybe = proptest::option::weighted::<proptest::bool::Any>;
    (
        proptest::option::weighted(0.7, subset(4)),
        maybe(0.4, proptest::bool::ANY),
        maybe(0.4, proptest::bool::ANY),
        proptest::option::weighted(0.5, proptest::sample::select(vec![0, 5, 30])),
        proptest::option::weighted(0.7, policy(1)),
        proptest::option::weighted(0.4, subset(2)),
        values(),
    )
        .prop_map(|(reviewers, prevent, bypass, timer, policy, rules, variables)| {
            // The file may not ask for it without reviewers.
            let some = reviewers.as_ref().is_some_and(|all| !all.is_empty());
            Declared { prevent: prevent.map(|asked| asked && some), reviewers, bypass, timer, policy, rules, variables }
        })
}

/// Any world and declaration; gated rules are refused in some when `plan_limits`.
pub fn case(plan_limits: bool) -> impl Strategy<Value = Case> {
    let wish = proptest::option::weighted(0.85, proptest::option::weighted(0.9, declared()));
    let live = proptest::option::weighted(0.8, rules());
    let config = (proptest::option::of(0..3u8), proptest::option::of(0..3u8));
    (
        any::<bool>(),
        // Mapped, so that shrinking keeps it.
        proptest::bool::weighted(0.3).prop_map(move |enterprise| enterprise || !plan_limits),
        proptest::array::uniform2(live),
        proptest::array::uniform2(wish),
        proptest::array::uniform2(config),
        proptest::bool::weighted(0.2),
        proptest::bool::weighted(0.2),
    )
        .prop_map(|(public, enterprise, start, want, config, prune, freeze)| Case {
            public,
            enterprise,
            start,
            want,
            config,
            prune,
            freeze,
        })
}

/// The defaults, or one switch turned.
#[derive(Clone)]
pub struct Turned(Option<Deviation>);

impl std::fmt::Debug for Turned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            None => f.write_str("default switches"),
            Some(deviation) => write!(f, "{}::{}", deviation.switch, deviation.position),
        }
    }
}

impl Turned {
    pub fn switches(&self) -> Switches {
        self.0.as_ref().map_or_else(Switches::default, |deviation| deviation.switches.clone())
    }
}

/// The two readings of a PUT are as likely as all other switches together, but for those left out.
pub fn turned(except: &'static [&'static str]) -> impl Strategy<Value = Turned> {
    let all = Switches::deviations();
    let put = all.iter().find(|deviation| deviation.switch == "put").cloned();
    let others: Vec<_> = all.into_iter().filter(|deviation| !except.contains(&deviation.switch)).map(|it| Turned(Some(it))).collect();
    prop_oneof![1 => Just(Turned(None)), 1 => Just(Turned(put)), 1 => proptest::sample::select(others)]
}

fn reviewer_id(index: u8) -> ReviewerRef {
    PEOPLE.get(usize::from(index)).map_or(ReviewerRef::Team(TEAM.1), |(_, id)| ReviewerRef::User(*id))
}

fn kind(tag: bool) -> RefType {
    if tag { RefType::Tag } else { RefType::Branch }
}

impl Case {
    /// The world.
    pub fn state(&self, switches: &Switches) -> State {
        let mut state = State::default();
        state.switches.clone_from(switches);
        let now = state.now.tick();
        let github = &mut state.github;
        github.viewer = "root".to_owned();
        github.add_account("root", Some(500), AccountKind::User);
        let acme = github.add_account("acme", Some(510), AccountKind::Organization);
        let account = github.people.accounts.get_mut(&acme).unwrap();
        account.plan = if self.enterprise { Plan::Enterprise } else { Plan::Team };
        account.owners.insert("root".to_owned());
        let mut repo = Repo::new(1296, RepoName::parse(REPO).unwrap());
        repo.visibility = if self.public { Visibility::Public } else { Visibility::Private };
        for (login, id) in PEOPLE {
            github.add_account(login, Some(id), AccountKind::User);
            repo.collaborators.insert(login.to_owned(), Permission::Write);
        }
        github.add_team("acme", TEAM.0, Some(TEAM.1));
        repo.teams.insert(TEAM.1, Permission::Write);
        for (slug, id) in APPS {
            github.people.apps.push(App { id, slug: slug.to_owned(), owner: "acme".to_owned() });
            repo.installed_apps.insert(id);
        }
        let mut ids = github.ids.clone();
        for (name, rules) in NAMES.iter().zip(&self.start) {
            let Some(rules) = rules else { continue };
            let mut live = Environment::ungated(&mut ids, name, rules.bypass || !self.offers_rules(), now);
            if self.offers_rules() {
                live.reviewers = rules.reviewers.iter().map(|index| reviewer_id(*index)).collect();
                live.prevent_self_review = rules.prevent;
                live.wait_timer = rules.timer;
                live.custom_rules =
                    rules.rules.iter().map(|at| CustomRule { id: ids.fresh(), app: APPS[usize::from(*at)].1, enabled: true }).collect();
            }
            (live.policy, live.patterns) = match &rules.policy {
                Policy::All => (None, Vec::new()),
                Policy::Protected => (Some(PolicyMode::Protected), Vec::new()),
                Policy::Selected(patterns) => {
                    let patterns =
                        patterns.iter().map(|(tag, name)| BranchPattern { id: ids.fresh(), name: (*name).to_owned(), kind: kind(*tag) });
                    (Some(PolicyMode::Custom), patterns.collect())
                }
            };
            let variable = |value: u8| Variable { value: value.to_string(), created_at: now, updated_at: now };
            let set = KEYS.iter().zip(rules.variables).filter_map(|(key, value)| Some(((*key).to_owned(), variable(value?))));
            live.variables = set.chain([("UNDECLARED".to_owned(), variable(9))]).collect();
            live.secrets.insert("KEPT".to_owned(), Secret { created_at: now, updated_at: now });
            repo.insert(live);
        }
        github.ids = ids;
        github.repos.push(repo);
        let set = KEYS.iter().zip(&self.config).filter_map(|(key, (live, _))| Some(((*key).to_owned(), (*live)?.to_string())));
        let config = set.chain([("CANARY".to_owned(), "undeclared".to_owned())]).collect();
        state.heroku.apps.insert(HEROKU_APP.to_owned(), HerokuApp::new(HEROKU_APP, "root@example.com", config, now));
        state
    }

    fn offers_rules(&self) -> bool {
        self.public || self.enterprise
    }

    /// The declaration.
    pub fn config(&self) -> Config {
        let mut config = parse("version = 1\n");
        let environments = NAMES.iter().zip(&self.want).filter_map(|(name, wish)| {
            let environment = match wish.as_ref()? {
                Some(declared) => desired::DesiredEnvironment::Present(self.gate(declared)),
                None => desired::DesiredEnvironment::Absent,
            };
            Some((EnvName::new(*name).unwrap(), environment))
        });
        let vars = KEYS.iter().zip(&self.config).filter_map(|(key, (_, want))| Some(((*key).to_owned(), (*want)?.to_string())));
        let vars: BTreeMap<String, String> = vars.collect();
        config.desired = Desired {
            github: desired::Desired { environments: environments.collect(), ..desired::Desired::default() },
            heroku: gatectl::desired::heroku::Desired {
                config: if vars.is_empty() { BTreeMap::new() } else { BTreeMap::from([(HEROKU_APP.to_owned(), vars)]) },
            },
            freeze: self.freeze.then(|| parse(FREEZE).desired.freeze).flatten(),
            ..config.desired
        };
        config
    }

    fn gate(&self, declared: &Declared) -> Gate {
        let reviewer = |index: &u8| match PEOPLE.get(usize::from(*index)) {
            Some((login, id)) => Reviewer::User { login: (*login).to_owned(), id: Some(*id) },
            None => Reviewer::Team { org: None, slug: TEAM.0.to_owned(), id: None },
        };
        let limited = !self.offers_rules();
        Gate {
            reviewers: declared.reviewers.as_ref().map(|all| all.iter().map(reviewer).collect()),
            prevent_self_review: declared.prevent,
            can_admins_bypass: declared.bypass,
            wait_timer: declared.timer,
            deployment_branch_policy: declared.policy.as_ref().map(Policy::desired),
            // Whether a plan without them answers with the billing refusal is not known, so it is a plain error.
            protection_rules: declared
                .rules
                .as_ref()
                .filter(|_| !limited)
                .map(|all| all.iter().map(|at| APPS[usize::from(*at)].0.to_owned()).collect()),
            variables: KEYS
                .iter()
                .zip(declared.variables)
                .filter_map(|(key, value)| Some(((*key).to_owned(), value?.to_string())))
                .collect(),
            secrets: BTreeSet::new(),
            approvals: None,
        }
    }
}

impl Policy {
    fn desired(&self) -> BranchPolicy {
        match self {
            Self::All => BranchPolicy::All,
            Self::Protected => BranchPolicy::Protected,
            Self::Selected(patterns) => BranchPolicy::Selected(
                patterns
                    .iter()
                    .map(|(tag, name)| Pattern { kind: if *tag { RefKind::Tag } else { RefKind::Branch }, name: (*name).to_owned() })
                    .collect(),
            ),
        }
    }
}

/// What a world is to become: with `--prune`, what is not declared is to be absent.
pub fn meant(world: &World) -> Desired {
    let mut want = world.config.desired.clone();
    if world.prune == Prune::Undeclared {
        for name in NAMES {
            want.github.environments.entry(EnvName::new(name).unwrap()).or_insert(desired::DesiredEnvironment::Absent);
        }
    }
    want
}

/// What is not as declared, as the emulator knows it: the end of an address, and the field.
pub fn amiss(want: &Desired, state: &mut State) -> Vec<String> {
    let mut wrong = Vec::new();
    let config = state.heroku.apps[HEROKU_APP].config.clone();
    for (name, environment) in &want.github.environments {
        let live = state.repo(REPO).unwrap().environment(name.as_str());
        wrong.extend(differences(environment, live).into_iter().map(|field| format!("environments/{name} {field}")));
    }
    for (key, value) in want.heroku.config.values().flatten() {
        if config.get(key) != Some(value) {
            wrong.push(format!("config/{key}"));
        }
    }
    if want.freeze.as_ref().is_some_and(|freeze| freeze.frozen && config.get(&freeze.flag).map(String::as_str) != Some("true")) {
        wrong.push("shop-prod/freeze".to_owned());
    }
    wrong
}

fn differences(environment: &desired::DesiredEnvironment, live: Option<&Environment>) -> Vec<&'static str> {
    match (environment, live) {
        (desired::DesiredEnvironment::Absent | desired::DesiredEnvironment::Optional(_), None) => Vec::new(),
        (desired::DesiredEnvironment::Absent, Some(_)) | (desired::DesiredEnvironment::Present(_), None) => vec!["existence"],
        (desired::DesiredEnvironment::Present(gate) | desired::DesiredEnvironment::Optional(gate), Some(live)) => fields_amiss(gate, live),
    }
}

fn fields_amiss(gate: &Gate, live: &Environment) -> Vec<&'static str> {
    let reviewers = |all: &Vec<Reviewer>| {
        let ids: BTreeSet<ReviewerRef> = all
            .iter()
            .map(|reviewer| match reviewer {
                Reviewer::User { id, .. } => ReviewerRef::User(id.unwrap()),
                Reviewer::Team { .. } => ReviewerRef::Team(TEAM.1),
            })
            .collect();
        ids == live.reviewers.iter().copied().collect()
    };
    let prevents = live.prevent_self_review && !live.reviewers.is_empty();
    let slugs: BTreeSet<String> = live.custom_rules.iter().map(slug).collect();
    let checks = [
        ("reviewers", gate.reviewers.as_ref().is_none_or(reviewers)),
        ("prevent_self_review", gate.prevent_self_review.is_none_or(|want| want == prevents)),
        ("can_admins_bypass", gate.can_admins_bypass.is_none_or(|want| want == live.can_admins_bypass)),
        ("wait_timer", gate.wait_timer.is_none_or(|want| want == live.wait_timer)),
        ("deployment_branch_policy", gate.deployment_branch_policy.as_ref().is_none_or(|want| *want == refs(live))),
        ("protection_rules", gate.protection_rules.as_ref().is_none_or(|want| *want == slugs)),
        ("variables", gate.variables.iter().all(|(key, value)| live.variables.get(key).is_some_and(|live| live.value == *value))),
    ];
    checks.into_iter().filter(|(_, holds)| !holds).map(|(field, _)| field).collect()
}

fn slug(rule: &CustomRule) -> String {
    APPS.iter().find(|(_, id)| *id == rule.app).unwrap().0.to_owned()
}

/// The refs that an environment admits, as strictness compares them.
pub fn refs(live: &Environment) -> BranchPolicy {
    let pattern = |it: &BranchPattern| {
        let kind = if it.kind == RefType::Tag { RefKind::Tag } else { RefKind::Branch };
        Pattern { kind, name: it.name.clone() }
    };
    match live.policy {
        None => BranchPolicy::All,
        Some(PolicyMode::Protected) => BranchPolicy::Protected,
        Some(PolicyMode::Custom) => BranchPolicy::Selected(live.patterns.iter().map(pattern).collect()),
    }
}

/// How strict an environment is.
pub fn strictness(live: &Environment) -> Strictness {
    let actor = |reviewer: &ReviewerRef| match reviewer {
        ReviewerRef::User(id) => ActorId::User(*id),
        ReviewerRef::Team(id) => ActorId::Team(*id),
    };
    Strictness {
        reviewers: live.reviewers.iter().map(actor).collect(),
        prevent_self_review: live.prevent_self_review,
        can_admins_bypass: live.can_admins_bypass,
        wait_timer: live.wait_timer,
        refs: refs(live),
        protection_rules: live.custom_rules.iter().map(slug).collect(),
    }
}

/// How strict an environment is meant to be in the end, where it began so.
pub fn goal(environment: Option<&desired::DesiredEnvironment>, start: Option<&Environment>) -> Option<Strictness> {
    let gate = match environment {
        None => return start.map(strictness),
        Some(desired::DesiredEnvironment::Absent) => return None,
        Some(desired::DesiredEnvironment::Optional(_)) if start.is_none() => return None,
        Some(desired::DesiredEnvironment::Present(gate) | desired::DesiredEnvironment::Optional(gate)) => gate,
    };
    let mut goal = start.map_or_else(Strictness::none, strictness);
    if let Some(reviewers) = &gate.reviewers {
        goal.reviewers = reviewers
            .iter()
            .map(|reviewer| match reviewer {
                Reviewer::User { id, .. } => ActorId::User(id.unwrap()),
                Reviewer::Team { .. } => ActorId::Team(TEAM.1),
            })
            .collect();
    }
    goal.prevent_self_review = gate.prevent_self_review.unwrap_or(goal.prevent_self_review);
    goal.can_admins_bypass = gate.can_admins_bypass.unwrap_or(goal.can_admins_bypass);
    goal.wait_timer = gate.wait_timer.unwrap_or(goal.wait_timer);
    if let Some(policy) = &gate.deployment_branch_policy {
        goal.refs = policy.clone();
    }
    if let Some(rules) = &gate.protection_rules {
        goal.protection_rules.clone_from(rules);
    }
    Some(goal)
}

/// What changed although nothing declares it, between two moments of a world.
pub fn undeclared_changes(want: &Desired, before: &State, after: &State) -> Vec<String> {
    let mut changed = Vec::new();
    let (was, now) = (before.snapshot(), after.snapshot());
    for (address, then) in &was.gates {
        let name = EnvName::new(then.name.clone()).unwrap();
        let Some(live) = now.gates.get(address) else {
            if want.github.environments.get(&name) != Some(&desired::DesiredEnvironment::Absent) {
                changed.push(format!("{name} is gone"));
            }
            continue;
        };
        let undeclared = Gate::default();
        let gate = match want.github.environments.get(&name) {
            Some(desired::DesiredEnvironment::Present(gate) | desired::DesiredEnvironment::Optional(gate)) => gate,
            Some(desired::DesiredEnvironment::Absent) => continue,
            None => &undeclared,
        };
        // Without reviewers the setting means nothing.
        let prevents = |it: &Environment| it.prevent_self_review && !it.reviewers.is_empty();
        let cleared = live.reviewers.is_empty() || then.reviewers.is_empty();
        let same = [
            ("reviewers", gate.reviewers.is_some() || live.reviewers == then.reviewers),
            ("prevent_self_review", gate.prevent_self_review.is_some() || cleared || prevents(live) == prevents(then)),
            ("can_admins_bypass", gate.can_admins_bypass.is_some() || live.can_admins_bypass == then.can_admins_bypass),
            ("wait_timer", gate.wait_timer.is_some() || live.wait_timer == then.wait_timer),
            ("deployment_branch_policy", gate.deployment_branch_policy.is_some() || refs(live) == refs(then)),
            ("protection_rules", gate.protection_rules.is_some() || live.custom_rules == then.custom_rules),
            ("secrets", live.secrets == then.secrets),
        ];
        changed.extend(same.into_iter().filter(|(_, same)| !same).map(|(field, _)| format!("{name} {field}")));
        for key in then.variables.keys().chain(live.variables.keys()).filter(|key| !gate.variables.contains_key(*key)) {
            if then.variables.get(key).map(|v| &v.value) != live.variables.get(key).map(|v| &v.value) {
                changed.push(format!("{name} variables.{key}"));
            }
        }
    }
    for (address, live) in &now.gates {
        if !was.gates.contains_key(address) && !want.github.environments.contains_key(&EnvName::new(live.name.clone()).unwrap()) {
            changed.push(format!("{} appeared", live.name));
        }
    }
    let frozen = |key: &String| want.freeze.iter().any(|freeze| Keys::of(freeze).all().contains(&key.as_str()));
    let declared = |app: &String, key: &String| frozen(key) || want.heroku.config.get(app).is_some_and(|vars| vars.contains_key(key));
    for (app, vars) in &was.config {
        for key in vars.keys().chain(now.config[app].keys()).filter(|key| !declared(app, key)) {
            if vars.get(key) != now.config[app].get(key) {
                changed.push(format!("{app} {key}"));
            }
        }
    }
    changed
}
