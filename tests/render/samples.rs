//! Plans and reports that show every form of output.

use gatectl::model::{
    Action, Address, ApplyReport, ByHand, Change, EnvName, Field, Invalid, InvalidDeclaration, Manual, Note, Outcome, OutcomeResult, Plan,
    RepoName, Severity, Step, Unknown,
};
use gatectl::render::{Block, Document, Finding, FindingLocation, Section, Span, Table};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) use gatectl_test_support::NASTY;

pub(crate) fn repo() -> RepoName {
    RepoName::parse("raxx-app/TradeMasterAPI").unwrap()
}

pub(crate) fn env(name: &str) -> Address {
    Address::environment(&repo(), &EnvName::new(name).unwrap())
}

pub(crate) fn field(name: &str, before: Value, after: Value) -> Field {
    Field { name: name.into(), before, after, weakens: false, because: None }
}

pub(crate) fn weaker(name: &str, before: Value, after: Value, because: &str) -> Field {
    Field { weakens: true, because: Some(because.into()), ..field(name, before, after) }
}

pub(crate) fn change(address: Address, action: Action, fields: Vec<Field>) -> Change {
    Change { weakens: fields.iter().any(|field| field.weakens), address, action, fields }
}

pub(crate) fn plan(changes: Vec<Change>) -> Plan<()> {
    Plan {
        config: "gate.toml".into(),
        fingerprint: "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae".into(),
        steps: changes.into_iter().map(|change| Step { changes: vec![change], ops: vec![()] }).collect(),
        manual: vec![],
        invalid: vec![],
        notes: vec![],
        unknown: vec![],
        unmanaged: vec![],
        limited_to: [].into(),
    }
}

fn moose() -> Value {
    json!({"user": "MooseQuest", "id": 20930225})
}

pub(crate) fn create() -> Change {
    change(
        env("production"),
        Action::Create,
        vec![
            field("reviewers", Value::Null, json!([moose(), {"team": "raxx-app/sre", "id": 4}])),
            field("prevent_self_review", Value::Null, json!(false)),
            field("wait_timer", Value::Null, json!(0)),
            field("deployment_branch_policy", Value::Null, json!("protected")),
        ],
    )
}

pub(crate) fn create_with_patterns() -> Change {
    change(
        env("staging"),
        Action::Create,
        vec![
            field("reviewers", Value::Null, json!([])),
            field("deployment_branch_policy", Value::Null, json!({"branches": ["main", "release/*"], "tags": ["v*"]})),
            field("protection_rules", Value::Null, json!(["some-app-slug"])),
            field("variables.TIER", Value::Null, json!("prod")),
        ],
    )
}

pub(crate) fn weaken() -> Change {
    change(
        env("production"),
        Action::Update,
        vec![
            weaker(
                "reviewers",
                json!([moose(), {"user": "alice", "id": 7}]),
                json!([moose(), {"team": "raxx-app/sre", "id": 4}]),
                "team raxx-app/sre may approve and could not before; one approval is enough",
            ),
            weaker("can_admins_bypass", json!(false), json!(true), "admins may then deploy without an approval"),
            field("wait_timer", json!(10), json!(30)),
            weaker(
                "deployment_branch_policy",
                json!("protected"),
                json!({"branches": ["main"], "tags": ["v*"]}),
                "tags that match v* may deploy",
            ),
        ],
    )
}

pub(crate) fn no_reviewers() -> Change {
    change(env("production"), Action::Update, vec![weaker("reviewers", json!([moose()]), json!([]), "no approval is required any more")])
}

pub(crate) fn patterns() -> Change {
    change(
        env("staging"),
        Action::Update,
        vec![
            field(
                "deployment_branch_policy",
                json!({"branches": ["main", "release/*"], "tags": ["v*"]}),
                json!({"branches": ["main"], "tags": ["v*", "trademaster-api-v*"]}),
            ),
            field(
                "variables.NOTICE",
                json!("Deploys go to the blue cluster first.\nAsk in #ops before you approve.\nThank you.\n"),
                json!("Deploys go to the green cluster first.\nAsk in #ops before you approve.\nThank you.\n"),
            ),
            field(
                "variables.URL",
                json!("https://status.example.com/api/v2/components/production/incidents?limit=10"),
                json!("https://status.example.com/api/v2/components/production/incidents?limit=20"),
            ),
            field("variables.OLD", json!("1"), Value::Null),
            field("variables.TIER", Value::Null, json!("prod")),
        ],
    )
}

pub(crate) fn delete() -> Change {
    Change {
        weakens: true,
        ..change(
            env("old"),
            Action::Delete,
            vec![
                field("reviewers", json!([moose()]), Value::Null),
                field("wait_timer", json!(30), Value::Null),
                field("deployment_branch_policy", json!({"branches": ["main"], "tags": []}), Value::Null),
                field("secrets", json!(["HEROKU_API_KEY"]), Value::Null),
            ],
        )
    }
}

pub(crate) fn heroku() -> Change {
    change(Address::config("raxx-console-prod", "DEPLOY_FREEZE_OVERRIDE"), Action::Update, vec![field("value", json!("1"), json!("0"))])
}

pub(crate) fn unknown() -> (Address, Unknown) {
    let reason = "GET https://api.github.com/repos/raxx-app/TradeMasterAPI/environments/staging/deployment-branch-policies: 403 Resource not accessible by personal access token (request id 8F2A:1)";
    let hint = "give the token `Actions: read` on this repository, or use one of a person who has it";
    (env("staging"), Unknown { reason: reason.into(), hint: hint.into(), cause: gatectl::model::Cause::Credentials })
}

fn invalid() -> InvalidDeclaration {
    InvalidDeclaration {
        addresses: vec![env("load-test"), env("qa")],
        why: Invalid {
            reason: "the organization raxx-app has no team `sr` that this token can see".into(),
            hint: "check the slug; a secret team is visible only to its members and to owners of the organization".into(),
        },
    }
}

pub(crate) fn everything() -> Plan<()> {
    Plan {
        notes: vec![
            Note {
                address: env("production"),
                message:
                    "no branch of the repository is protected, so the policy `protected` lets every branch deploy; protect `main` first"
                        .into(),
            },
            Note {
                address: Address::app("raxx-console-prod"),
                message: "writing config vars makes a release and restarts the app's dynos".into(),
            },
        ],
        manual: vec![Manual {
            address: env("production"),
            message: "gate.toml declares secrets that do not exist in production: HEROKU_API_KEY. Only a person can set their values"
                .into(),
            steps: vec!["gh secret set HEROKU_API_KEY --env production --repo raxx-app/TradeMasterAPI".into()],
        }],
        invalid: vec![invalid()],
        unknown: vec![unknown()],
        unmanaged: vec![env("github-pages"), env("preview of a branch")],
        ..plan(vec![create(), weaken_other(), delete(), heroku()])
    }
}

fn weaken_other() -> Change {
    Change { address: env("production-eu"), ..weaken() }
}

pub(crate) fn hostile() -> Plan<()> {
    let changes = NASTY.iter().map(|nasty| {
        let name = if nasty.is_empty() { "(empty)" } else { nasty };
        let fields = vec![
            field(name, json!(nasty), json!(format!("{nasty}{nasty}"))),
            weaker(
                "reviewers",
                json!([{"user": nasty, "id": 1}]),
                json!([{"team": nasty, "id": nasty}, nasty, {"user": nasty, "more": nasty}]),
                nasty,
            ),
            field("deployment_branch_policy", json!({"branches": [nasty]}), json!({"tags": [nasty], "branches": []})),
            field("variables.X", json!(format!("{nasty}\nsecond {nasty}\nthird\n")), json!(format!("{nasty}\nother {nasty}\nthird"))),
            field("object", json!({*nasty: nasty}), json!({*nasty: [nasty]})),
        ];
        change(env(name), Action::Update, fields)
    });
    Plan {
        config: NASTY.concat(),
        notes: NASTY.iter().map(|nasty| Note { address: env(&format!("n{nasty}")), message: (*nasty).into() }).collect(),
        manual: NASTY
            .iter()
            .map(|nasty| Manual { address: env(&format!("h{nasty}")), message: (*nasty).into(), steps: vec![(*nasty).into()] })
            .collect(),
        invalid: NASTY
            .iter()
            .map(|nasty| InvalidDeclaration {
                addresses: vec![env(&format!("i{nasty}")), env(&format!("j{nasty}"))],
                why: Invalid { reason: (*nasty).into(), hint: (*nasty).into() },
            })
            .collect(),
        unknown: NASTY
            .iter()
            .map(|nasty| (env(&format!("u{nasty}")), Unknown { reason: (*nasty).into(), hint: (*nasty).into(), cause: Default::default() }))
            .collect(),
        unmanaged: NASTY.iter().map(|nasty| env(&format!("m{nasty}"))).collect(),
        ..plan(changes.collect())
    }
}

pub(crate) fn outcome(address: Address, action: Action, result: OutcomeResult, message: &str) -> Outcome {
    Outcome { address, action, result, message: message.into() }
}

pub(crate) fn by_hand() -> ByHand {
    ByHand {
        url: "https://github.com/raxx-app/TradeMasterAPI/settings/environments/161171787/edit".into(),
        because: "Failed to create the environment protection rule. Please ensure the billing plan supports the required reviewers protection rule.".into(),
        steps: vec![
            "A Team plan does not help: required reviewers on a private repository need GitHub Enterprise, or make the repository public.".into(),
            "Open the page above and tick `Required reviewers`.".into(),
            "Add MooseQuest (id 20930225) and press `Save protection rules`.".into(),
            "Until then, freeze: `gatectl freeze on --reason \"no reviewers on this plan\"`.".into(),
        ],
    }
}

pub(crate) fn applied() -> ApplyReport {
    ApplyReport {
        converged: true,
        outcomes: vec![outcome(env("production"), Action::Create, OutcomeResult::Applied, "")],
        invalid: vec![],
        unknown: vec![],
        interrupted: false,
        limited_to: [].into(),
    }
}

pub(crate) fn mixed() -> ApplyReport {
    ApplyReport {
        converged: false,
        outcomes: vec![
            outcome(env("dev"), Action::Update, OutcomeResult::Applied, ""),
            outcome(
                env("production"),
                Action::Create,
                OutcomeResult::Manual(by_hand()),
                "The environment now exists without its reviewers; its branch policy is set. No approval is required before a deploy.",
            ),
            outcome(
                env("staging"),
                Action::Update,
                OutcomeResult::Failed,
                "PUT https://api.github.com/repos/raxx-app/TradeMasterAPI/environments/staging: 500 Server Error; read back: the wait timer is still 10",
            ),
            outcome(env("old"), Action::Delete, OutcomeResult::Skipped, "deletes run last, and an earlier step failed"),
            outcome(
                Address::config("raxx-console-prod", "DEPLOY_FREEZE_OVERRIDE"),
                Action::Create,
                OutcomeResult::Applied,
                "release v102 restarts the app",
            ),
        ],
        invalid: vec![invalid()],
        unknown: vec![],
        interrupted: false,
        limited_to: [].into(),
    }
}

pub(crate) fn hostile_report() -> ApplyReport {
    let results = |nasty: &str| {
        let hand = ByHand { url: nasty.into(), because: format!("{nasty}\n{nasty}"), steps: vec![nasty.into(), nasty.into()] };
        [OutcomeResult::Applied, OutcomeResult::Manual(hand), OutcomeResult::Failed, OutcomeResult::Skipped]
    };
    let outcomes = NASTY.iter().flat_map(|nasty| {
        results(nasty).into_iter().map(|result| outcome(env(&format!("e{nasty}")), Action::Update, result, nasty)).collect::<Vec<_>>()
    });
    ApplyReport {
        converged: false,
        outcomes: outcomes.collect(),
        invalid: vec![],
        unknown: vec![],
        interrupted: true,
        limited_to: [].into(),
    }
}

/// A document in which every kind of block holds the text.
pub(crate) fn saying(text: &str) -> Document {
    let finding = Finding {
        severity: Severity::Error,
        code: "code",
        subject: text.into(),
        message: text.into(),
        fix: text.into(),
        place: FindingLocation::Nowhere,
    };
    let blocks = vec![
        Block::Text(text.into()),
        Block::Quote(text.into()),
        Block::Link(text.into()),
        Block::Steps(vec![text.into()]),
        Block::Item { subject: text.into(), text: text.into() },
        Block::Finding(finding.clone()),
        Block::Table(Table { header: vec!["a".into(), text.into()], rows: vec![vec![Span::plain(text), Span::plain(text)]] }),
    ];
    let folded = Section { alerts: vec![finding], fold: Some(gatectl::render::Fold::Always("Fold")), ..Section::default() };
    let sections = vec![Section { blocks, ..Section::default() }, folded];
    Document { sections, headline: text.into(), next: vec![text.into()], ..Document::from(&applied()) }
}

/// Marks of every kind, close together.
pub(crate) fn hostile_text() -> impl Strategy<Value = String> {
    let part =
        prop_oneof![prop::sample::select(NASTY).prop_map(str::to_owned), "[-`|*_~<>@#$!\\[\\](){}\\\\:/.=+& \n1ahw]{0,12}", "(?s).{0,10}"];
    prop::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
}
