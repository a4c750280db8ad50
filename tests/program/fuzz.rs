//! A short run of every fuzz target: examples, cut and mixed in ways that are the same in every run.

use std::fs;
use std::path::Path;

use super::run::root;
use gatectl_test_support::targets;

/// How many mutated inputs each target gets.
const ROUNDS: usize = 1_500;

/// Xorshift: the same numbers in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (n.max(1) as u64)).unwrap()
    }
}

/// What parsers stumble over.
const PIECES: [&[u8]; 25] = [
    b"\t",
    b"\0",
    b"\x1b[31m",
    b"\xff\xfe",
    "\u{202e}".as_bytes(),
    "\u{e9}".as_bytes(),
    b"\n",
    b"\r\n",
    b"\"",
    b"'''",
    b"[[",
    b"}}",
    b"${{",
    b"&a *a",
    b"<<: *a",
    b"!!",
    b"null",
    b"-1",
    b"99999999999999999999",
    b"1e999",
    b"nan",
    b"{",
    b"- - - -",
    b"a.b.c.d = ",
    b"\n---\n",
];

fn mutated(dice: &mut Dice, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = corpus[dice.below(corpus.len())].clone();
    for _ in 0..=dice.below(4) {
        let (at, to) = (dice.below(bytes.len() + 1), dice.below(bytes.len() + 1));
        let (from, to) = (at.min(to), at.max(to));
        match dice.below(6) {
            0 => drop(bytes.splice(at..at, PIECES[dice.below(PIECES.len())].iter().copied())),
            1 => bytes.truncate(at),
            2 if to - from < 200 => drop(bytes.drain(from..to)),
            3 if to - from < 200 => {
                let twice = bytes[from..to].to_vec();
                bytes.splice(to..to, twice);
            }
            4 => {
                let other = &corpus[dice.below(corpus.len())];
                let (a, b) = (dice.below(other.len() + 1), dice.below(other.len() + 1));
                let piece = other[a.min(b)..a.max(b).min(a.min(b) + 200)].to_vec();
                bytes.splice(at..at, piece);
            }
            _ if at < bytes.len() => bytes[at] = u8::try_from(dice.below(256)).unwrap(),
            _ => {}
        }
    }
    bytes
}

fn run(seed: u64, rounds: usize, corpus: &[Vec<u8>], target: fn(&[u8])) {
    assert!(!corpus.is_empty());
    let mut dice = Dice(seed);
    corpus.iter().for_each(|bytes| target(bytes));
    for _ in 0..rounds {
        let bytes = mutated(&mut dice, corpus);
        #[expect(clippy::print_stdout, reason = "the harness shows it when the target fails")]
        {
            println!("{}", String::from_utf8_lossy(&bytes));
        }
        target(&bytes);
    }
}

fn files(under: &Path, extension: &str) -> Vec<Vec<u8>> {
    let mut open = vec![under.to_path_buf()];
    let mut found = Vec::new();
    while let Some(dir) = open.pop() {
        let mut paths: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(fs::read(path).unwrap());
            }
        }
    }
    found
}

#[test]
fn any_gate_toml_is_read_or_explained() {
    let mut corpus = files(&root().join("tests/fixtures"), "toml");
    corpus.push(fs::read(root().join("gate.toml")).unwrap());
    run(1, ROUNDS, &corpus, targets::gate_toml);
}

#[test]
fn any_workflow_is_checked() {
    run(2, ROUNDS / 3, &files(&root().join("tests/fixtures/workflows"), "yml"), targets::workflow);
}

#[test]
fn any_expression_has_a_value_or_an_error() {
    let corpus: Vec<Vec<u8>> = [
        "github.ref == 'refs/heads/main' && inputs.environment || 'production'",
        "${{ needs.setup.outputs['env'] }}-${{ matrix.*.name }}",
        "!contains(fromJSON('[\"a\", {\"b\": 0x1F}]'), format('{0}{{1}}', -1.5e3)) || always()",
        "startsWith(github['event'].ref_name, 'v') && hashFiles('**/x') != null",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    run(3, ROUNDS * 2, &corpus, targets::expression);
}

#[test]
fn any_answers_are_observed_and_planned() {
    let answers = [
        r#"{"id":1,"full_name":"acme/shop","private":true,"visibility":"private","default_branch":"main","owner":{"login":"acme","type":"Organization"},"permissions":{"admin":true}}"#,
        r#"{"total_count":1,"environments":[{"id":7,"node_id":"E","name":"production","can_admins_bypass":true,"protection_rules":[{"id":1,"type":"required_reviewers","prevent_self_review":false,"reviewers":[{"type":"User","reviewer":{"login":"bob","id":502,"type":"User"}},{"type":"Team","reviewer":{"id":601,"slug":"sre"}}]},{"id":2,"type":"wait_timer","wait_timer":30}],"deployment_branch_policy":{"protected_branches":false,"custom_branch_policies":true}}]}"#,
        r#"{"total_count":2,"branch_policies":[{"id":1,"name":"main","type":"branch"},{"id":2,"name":"v*","type":"tag"}]}"#,
        r#"{"total_count":1,"custom_deployment_protection_rules":[{"id":3,"enabled":true,"app":{"id":1,"slug":"app"}}]}"#,
        r#"{"total_count":1,"variables":[{"name":"A","value":"2"}]}"#,
        r#"{"total_count":1,"secrets":[{"name":"S"}]}"#,
        r#"{"permission":"write","user":{"login":"alice","id":501,"type":"User"}}"#,
        r#"{"DEPLOY_FREEZE":"false","DATABASE_URL":"postgres://canary"}"#,
    ];
    let whole = answers.join("\n---\n").into_bytes();
    let without = answers.join("\n---\n").replace("production", "staging").into_bytes();
    run(4, ROUNDS / 5, &[whole, without], targets::responses);
}

#[test]
fn any_history_proves_no_more_than_it_says() {
    let answers = [
        r#"[{"id":5,"sha":"aa","ref":"main","environment":"production","creator":{"login":"alice"},"created_at":"2026-01-01T10:01:00Z"}]"#,
        r#"[{"state":"success","log_url":"https://github.com/acme/shop/actions/runs/9/job/1","created_at":"2026-01-01T10:05:00Z"},{"state":"in_progress","log_url":"https://github.com/acme/shop/actions/runs/9/job/1","created_at":"2026-01-01T10:03:00Z"}]"#,
        r#"{"id":9,"name":"Deploy","head_branch":"main","head_sha":"aa","status":"completed","conclusion":"success","event":"push","run_attempt":1,"html_url":"https://github.com/acme/shop/actions/runs/9","created_at":"2026-01-01T10:00:00Z","updated_at":"2026-01-01T10:06:00Z","run_started_at":"2026-01-01T10:00:00Z","actor":{"login":"bob"},"triggering_actor":{"login":"bob"}}"#,
        r#"[{"state":"approved","comment":"go","environments":[{"id":7,"name":"production"}],"user":{"login":"alice"}}]"#,
    ];
    let whole = answers.join("\n---\n").into_bytes();
    let rejected = answers.join("\n---\n").replace("approved", "rejected").into_bytes();
    run(5, ROUNDS / 5, &[whole, rejected], targets::history);
}

#[test]
fn any_record_of_a_freeze_opens_no_more_than_it_says() {
    let id = "0190a0a0-0000-7000-8000-000000000001";
    let record = format!(
        r#"{{"v":1,"id":"{id}","state":"on","reason":"r","by":"gh:a","at":"1969-12-31T23:00:00Z","until":"1970-01-01T02:00:00Z","kind":"manual"}}"#
    );
    let over = format!(r#"{{"v":1,"id":"{id}","by":"gh:b","reason":"r","until":"1970-01-01T01:00:00Z","freeze_id":"{id}"}}"#);
    let frozen = ["true", &record, "1", &over].join("\n---\n").into_bytes();
    let ended = ["true", &record.replace("T02", "T00"), "0", ""].join("\n---\n").into_bytes();
    run(6, ROUNDS, &[frozen, ended, b"yes\n---\n".to_vec()], targets::freeze);
}
