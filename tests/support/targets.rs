//! What is fuzzed: each target takes any bytes, and holds the laws that must hold for any bytes.
//!
//! `fuzz/fuzz_targets` feeds these with what libFuzzer finds, `tests/program/fuzz.rs` with mutated examples.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use gatectl::config;
use gatectl::desired::freeze::Policy;
use gatectl::desired::github as desired;
use gatectl::desired::workflows::{Expectation, Expected};
use gatectl::freeze::{Keys, OpenBecause, Verdict, decide};
use gatectl::http::{Proxies, Reader, Settings, Stack, Token};
use gatectl::model::{Action, Answer, EnvName, Plan, RepoName};
use gatectl::providers::github::runs::evidence::{Standing, judge};
use gatectl::providers::github::runs::observe::{self as runs, Extent};
use gatectl::providers::github::{self, observe, plan};
use gatectl::providers::heroku;
use gatectl::render::{Document, Style, human, json, markdown};
use gatectl::workflows::check::{SourceFile, check};
use gatectl::workflows::expressions::{Contexts, Functions, Node, Status, condition, interpolate, parse};
use gatectl::workflows::facts::Facts;
use gatectl::workflows::resolve::Files;
use gatectl::workflows::yaml;
use jiff::{SignedDuration, Timestamp};

/// Text for people holds nothing that a terminal obeys: no controls but line ends, no change of direction.
fn is_plain(text: &str) {
    let odd = text.chars().find(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'));
    assert_eq!(odd, None, "{text:?}");
}

/// A gate.toml: read to a declaration, or to problems that can be shown.
pub fn gate_toml(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match config::parse("gate.toml", text) {
        Ok(config) => {
            for (name, environment) in &config.desired.github.environments {
                let path = ["environments".to_owned(), name.to_string()];
                assert!(config.positions.get(&path).line > 0, "{name} stands nowhere");
                if let Some(gate) = environment.gate() {
                    assert!(gate.reviewers.as_ref().is_none_or(|reviewers| reviewers.len() <= 6));
                    assert!(gate.prevent_self_review != Some(true) || gate.reviewers.as_ref().is_some_and(|all| !all.is_empty()));
                }
            }
        }
        Err(problems) => {
            for shown in [problems.plain(), problems.lines()] {
                assert!(!shown.trim().is_empty());
                is_plain(&shown);
            }
            let _ = problems.styled();
        }
    }
}

/// A workflow file: checked against one expectation; what cannot be read proves nothing.
pub fn workflow(bytes: &[u8]) {
    const PATH: &str = ".github/workflows/deploy.yml";
    let Ok(environment) = EnvName::new("production") else { return };
    let facts = Facts {
        default_branch: "main".to_owned(),
        expectations: vec![Expectation {
            file: PATH.to_owned(),
            expect: Expected::Environments(vec![environment.clone()]),
            when: Vec::new(),
        }],
        environments: BTreeMap::from([(environment, None)]),
        ..Facts::default()
    };
    let report = check(&Files::new([SourceFile::new(PATH, bytes)], facts.repository.as_ref()), &facts);
    let readable = std::str::from_utf8(bytes).is_ok_and(|text| yaml::parse(text).is_ok());
    assert!(readable || report.verdict != gatectl::findings::Verdict::Gated, "an unreadable file passes");
    let says_job = std::str::from_utf8(bytes).is_ok_and(|text| text.contains("job"));
    assert!(says_job || report.verdict != gatectl::findings::Verdict::Gated, "a file without jobs passes");
    is_plain(&json::to_string(&report));
}

/// An expression, a template and a condition, if nothing is known.
pub fn expression(bytes: &[u8]) {
    struct Nothing;
    impl Contexts for Nothing {
        fn context(&self, name: &str) -> Option<Node> {
            (name.len() != 3).then(|| Node::Unknown("of the test".into()))
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let functions = Functions { status: Some(Status::UNKNOWN), hash_files: true };
    let errors = [
        parse(text).err().map(|error| (error.span, error.message)),
        interpolate(text, &Nothing, &functions).err().map(|error| (error.span(), error.message().to_owned())),
        condition(text, &Nothing, &functions).err().map(|error| (error.span(), error.message().to_owned())),
    ];
    for (span, message) in errors.into_iter().flatten() {
        assert!(text.get(span.start..span.end).is_some(), "{span:?} is not within {text:?}");
        assert!(!message.is_empty());
    }
}

/// What stands between two answers in the input of [`responses`].
const SEPARATOR: &[u8] = b"\n---\n";

/// The answers of an API, in the order of [`PATHS`]: observed, planned and shown; nothing is absent but from a whole list.
pub fn responses(bytes: &[u8]) {
    let parts = split(bytes);
    let list = parts.get(1).cloned().unwrap_or_default();
    let server = server();
    server.answer(&PATHS, parts);
    let (live, vars) = server.observe();
    let plan =
        plan::plan(plan::PlanContext { repository: &server.repo, web: "https://github.com", freeze_store: None }, &server.want, &live);
    let creates = plan.steps.iter().flat_map(|step| &step.changes).any(|change| change.action == Action::Create);
    if creates {
        let list: serde_json::Value = serde_json::from_slice(&list).unwrap_or_default();
        let entries = list["environments"].as_array().map(Vec::len);
        let total = list["total_count"].as_u64();
        assert!(entries.is_some_and(|entries| total.is_none_or(|total| total <= 2 * entries as u64 + 100)), "absent from {list}");
    }
    for (_, unknown) in &plan.unknown {
        assert!(!unknown.reason.is_empty() && !unknown.hint.is_empty(), "{unknown:?}");
    }
    if let Ok(vars) = vars {
        assert_eq!(vars.keys().map(String::as_str).collect::<Vec<_>>(), ["DEPLOY_FREEZE"], "only what was asked for is kept");
    }
    let plan = Plan::assemble("gate.toml".to_owned(), String::new(), [plan]);
    let document = Document::from(&plan);
    is_plain(&human::render(&document, Style::PLAIN));
    is_plain(&gatectl::views::json::plan(&plan, None));
    is_plain(&markdown::render(&document, "gate.toml", markdown::COMMENT_LIMIT));
}

/// Which answer goes to which path: the first whose end fits; everything else gets the first answer.
const PATHS: [&str; 8] = [
    "/shop",
    "/environments",
    "/deployment-branch-policies",
    "/deployment_protection_rules",
    "/variables",
    "/secrets",
    "/permission",
    "/config-vars",
];

/// The answers that `evidence` is made from, in the order of [`HISTORY`]: nothing counts as approved but what an approval says.
pub fn history(bytes: &[u8]) {
    let parts = split(bytes);
    let approvals = parts.get(3).cloned().unwrap_or_default();
    let server = server();
    server.answer(&HISTORY, parts);
    let Ok(production) = EnvName::new("production") else { return };
    let history = server.wait_for(runs::history(&server.github, &server.repo, &[production], Extent::Last(5)));
    for (_, records) in judge(&server.repo, &history, github::runs::evidence::Measure::default()) {
        for record in records {
            let approved = matches!(record.standing, Standing::Approved | Standing::SelfApproved);
            let said = approvals.windows(b"approved".len()).any(|word| word == b"approved");
            assert!(!approved || said, "{record:?} without an approval");
            assert!(!approved || record.reviews.iter().any(|review| review.user.is_some()), "{record:?}: no one approved");
        }
    }
    for (_, known) in &history.environments {
        assert!(known.as_ref().err().is_none_or(|unknown| !unknown.reason.is_empty() && !unknown.hint.is_empty()), "{known:?}");
    }
}

/// The values of the freeze's four config vars: only a flag that is off, a freeze that has ended or a valid override opens.
pub fn freeze(bytes: &[u8]) {
    let values: Vec<Option<String>> = split(bytes).into_iter().map(|part| String::from_utf8(part).ok()).collect();
    let value = |at: usize| values.get(at).cloned().flatten();
    let Ok(environment) = EnvName::new("production") else { return };
    let Some(policy) = &server().policy else { return };
    let keys = Keys::of(policy);
    let (flag, record, override_flag, override_record) = (value(0), value(1), value(2), value(3));
    let held = keys.all().map(str::to_owned).into_iter().zip([&flag, &record, &override_flag, &override_record]);
    let vars = keys.pick(&held.filter_map(|(key, value)| Some((key, value.clone()?))).collect());
    let now = Timestamp::UNIX_EPOCH;
    let decision = decide(policy, &environment, &Answer::Present(vars.clone()), now);
    let read =
        |text: &Option<String>| text.as_deref().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok()).unwrap_or_default();
    let until = |record: &serde_json::Value| record["until"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    match &decision.verdict {
        Verdict::Open { because: OpenBecause::NotFrozen } => {
            let off = ["", "false", "0", "no", "off"].contains(&flag.clone().unwrap_or_default().to_ascii_lowercase().as_str());
            assert!(off || until(&read(&record)).is_some_and(|until| until <= now), "open, though {vars:?}");
        }
        Verdict::Open { because: OpenBecause::Overridden(_) } => {
            let on = ["true", "1", "yes", "on"].contains(&override_flag.clone().unwrap_or_default().to_ascii_lowercase().as_str());
            let ends = until(&read(&override_record));
            let bounded = ends.is_some_and(|until| until > now && until.duration_since(now) < SignedDuration::from_hours(5));
            assert!(on && bounded, "overridden, though {vars:?}");
        }
        Verdict::Open { because } => panic!("open because {because:?}, though {vars:?}"),
        Verdict::Frozen(frozen) => is_plain(&json::to_string(frozen)),
        Verdict::Undetermined(unknown) => assert!(!unknown.reason.is_empty() && !unknown.hint.is_empty()),
    }
    is_plain(&json::to_string(&decision));
}

/// Which answer goes to which path for [`history`].
const HISTORY: [&str; 4] = ["/deployments", "/statuses", "/runs/9", "/approvals"];

fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = vec![Vec::new()];
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        match rest.strip_prefix(SEPARATOR) {
            Some(after) => {
                parts.push(Vec::new());
                rest = after;
            }
            None => {
                if let Some(part) = parts.last_mut() {
                    part.push(*first);
                }
                rest = &rest[1..];
            }
        }
    }
    parts
}

/// The ends of paths, and what is answered there: in the same order.
type Served = (&'static [&'static str], Vec<Vec<u8>>);
type Answers = Arc<Mutex<Arc<Served>>>;

/// A server that gives the bytes of the day, and clients that ask it. One for the whole process.
struct Server {
    answers: Answers,
    runtime: Mutex<tokio::runtime::Runtime>,
    github: Reader,
    heroku: Reader,
    repo: RepoName,
    want: desired::Desired,
    policy: Option<Policy>,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start().unwrap_or_else(|error| panic!("{error}")))
}

impl Server {
    fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let answers = Answers::default();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::clone(&answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answers = Arc::clone(&shared);
                // A connection that ends early is the client's business.
                std::thread::spawn(move || serve(&stream, &answers));
            }
        });
        let settings = Settings { attempts: 1, proxies: Proxies::none(), timeout: Duration::from_secs(5), ..Settings::default() };
        let stack = Stack::new(settings);
        let reader = |endpoint| stack.reader(&endpoint, Some(Token::new("canary", "a test")));
        let config = config::parse(
            "gate.toml",
            "version = 1\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }]\nwait_timer = 5\n\
             deployment_branch_policy = { branches = [\"main\"] }\nprotection_rules = [\"app\"]\nvariables = { A = \"1\" }\nsecrets = [\"S\"]\n\
             [freeze]\nheroku_app = \"shop-prod\"\nenvironments = [\"production\"]\n",
        )
        .map_err(|problems| problems.plain())?;
        Ok(Self {
            answers,
            runtime: Mutex::new(tokio::runtime::Builder::new_current_thread().enable_all().build()?),
            github: reader(github::api::endpoint(&url)?)?,
            heroku: reader(heroku::api::endpoint(&url)?)?,
            repo: RepoName::parse("acme/shop")?,
            want: config.desired.github,
            policy: config.desired.freeze,
        })
    }

    /// What it answers from now on.
    fn answer(&self, paths: &'static [&'static str], parts: Vec<Vec<u8>>) {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new((paths, parts));
    }

    fn wait_for<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.lock().unwrap_or_else(PoisonError::into_inner).block_on(future)
    }

    fn observe(&self) -> (github::live::Live, Result<heroku::live::ConfigVars, gatectl::http::ApiError>) {
        let keys = BTreeSet::from(["DEPLOY_FREEZE".to_owned()]);
        self.wait_for(async {
            tokio::join!(
                observe::observe(&self.github, &self.repo, &self.want),
                heroku::live::config_vars(&self.heroku, "shop-prod", &keys)
            )
        })
    }
}

fn serve(stream: &TcpStream, answers: &Answers) -> Option<()> {
    let mut lines = BufReader::new(stream).lines();
    let mut stream = stream;
    loop {
        let request = lines.next()?.ok()?;
        while !lines.next()?.ok()?.is_empty() {}
        let path = request.split([' ', '?']).nth(1)?.to_owned();
        let served = Arc::clone(&answers.lock().unwrap_or_else(PoisonError::into_inner));
        let (paths, parts) = &*served;
        let at = paths.iter().position(|end| path.ends_with(end)).unwrap_or(0);
        let body = parts.get(at).or_else(|| parts.first()).map(Vec::as_slice).unwrap_or_default();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
    }
}
