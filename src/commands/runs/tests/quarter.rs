//! A quarter of 300 deployments in which each standing was planted a known number of times.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::*;
use crate::providers::github::runs::audit::AuditLog;
use crate::sandbox::AccountKind;
use crate::views::evidence_page;

const GATE: &str = r#"
version = 1
[github]
repository = "raxx-app/TradeMasterAPI"
[environments.production]
reviewers = [{ user = "MooseQuest", id = 20930225 }]
[environments.eu]
reviewers = [{ user = "MooseQuest", id = 20930225 }]
approvals = 2
"#;

const DEPLOYMENTS: usize = 300;
/// A run of the deploying workflow without a deployment record.
const SILENT: u64 = 8_000_000_000;

/// Plants deployments and counts what each must result in.
struct Planter<'s> {
    state: &'s mut State,
    planted: BTreeMap<&'static str, usize>,
    /// Lines of the audit log.
    log: Vec<String>,
}

impl Planter<'_> {
    /// People take their time.
    fn wait(&mut self, minutes: i64) {
        self.state.now.0 += SignedDuration::from_mins(minutes);
    }

    fn expect(&mut self, word: &'static str, times: usize) {
        *self.planted.entry(word).or_default() += times;
    }

    /// A run whose commit came with a pull request of its author.
    fn start(&mut self, actor: &str, author: &str, environment: &str) -> u64 {
        self.wait(30);
        let run = self.state.start_run(REPO, DEPLOY, "push", "refs/heads/main", actor, environment).unwrap();
        let mut ids = self.state.github.ids.clone();
        let repo = self.state.repo(REPO).unwrap();
        let sha = repo.runs[0].head_sha.clone();
        repo.commits.get_mut(&sha).unwrap().author = Some(author.to_owned());
        repo.merge(&mut ids, &sha, &["bob"]);
        self.state.github.ids = ids;
        run
    }

    fn finish(&mut self, run: u64, approver: Option<&str>) {
        self.wait(20);
        self.state.release_run(REPO, run, approver);
        self.wait(5);
        self.state.finish_run(REPO, run, "success");
    }

    /// One more person approves what was approved.
    fn approve_too(&mut self, run: u64, login: &str) {
        for known in self.state.repo(REPO).unwrap().runs.iter_mut().filter(|known| known.id == run) {
            let first = known.approvals[0].clone();
            known.approvals.push(crate::sandbox::Approval { user: login.to_owned(), ..first });
        }
    }

    /// A run that one person approved.
    fn approved(&mut self, actor: &str, author: &str, approver: &str, environment: &str, word: &'static str) -> u64 {
        let run = self.start(actor, author, environment);
        self.finish(run, Some(approver));
        self.expect(word, 1);
        run
    }

    fn sha_of(&mut self, run: u64) -> String {
        self.state.repo(REPO).unwrap().runs.iter().find(|known| known.id == run).unwrap().head_sha.clone()
    }
}

/// Plants the quarter: its first moment, what was planted, and the audit log.
fn plant(state: &mut State) -> (Timestamp, BTreeMap<&'static str, usize>, String) {
    for login in ["dev", "alice", "bob"] {
        state.github.add_account(login, None, AccountKind::User);
    }
    state.github.add_account("deployer[bot]", None, AccountKind::Bot);
    let mut planter = Planter { state, planted: BTreeMap::new(), log: Vec::new() };
    for environment in ["production", "eu"] {
        let before = planter.start("sandbox-admin", "dev", environment);
        planter.finish(before, Some("MooseQuest"));
    }
    planter.wait(60);
    let since = planter.state.now.0;
    let everyday = |planter: &mut Planter<'_>, times: usize| {
        for _ in 0..times {
            planter.approved("sandbox-admin", "dev", "MooseQuest", "production", "approved");
        }
    };
    everyday(&mut planter, 40);
    for _ in 0..25 {
        planter.approved("MooseQuest", "dev", "MooseQuest", "production", "self-approved");
    }
    for _ in 0..20 {
        planter.approved("sandbox-admin", "alice", "alice", "production", "author-approved");
    }
    for _ in 0..10 {
        planter.approved("sandbox-admin", "dev", "deployer[bot]", "production", "approved-by-automation");
    }
    everyday(&mut planter, 30);
    // Two runs that one account approved within seconds.
    for _ in 0..2 {
        planter.wait(60);
        let pair =
            [(); 2].map(|()| planter.state.start_run(REPO, DEPLOY, "push", "refs/heads/main", "sandbox-admin", "production").unwrap());
        pair.iter().for_each(|run| planter.state.release_run(REPO, *run, Some("MooseQuest")));
        pair.iter().for_each(|run| planter.state.finish_run(REPO, *run, "success"));
        planter.expect("approved-by-automation", 2);
    }
    for _ in 0..15 {
        planter.approved("sandbox-admin", "dev", "MooseQuest", "eu", "too-few-approvals");
    }
    for _ in 0..10 {
        let run = planter.approved("sandbox-admin", "dev", "MooseQuest", "eu", "approved");
        planter.approve_too(run, "bob");
    }
    for _ in 0..8 {
        let run = planter.start("sandbox-admin", "dev", "production");
        planter.finish(run, None);
        planter.expect("bypassed", 1);
        let at = planter.state.now.0;
        planter.log.push(format!(
            r#"{{"action":"workflows.bypass_protection_rules","repo":"{REPO}","actor":"sandbox-admin","workflow_run_id":{run},"created_at":"{at}"}}"#
        ));
    }
    for _ in 0..30 {
        let run = planter.start("sandbox-admin", "dev", "production");
        planter.finish(run, None);
        planter.expect("no-approval", 1);
    }
    for _ in 0..20 {
        let run = planter.start("sandbox-admin", "dev", "production");
        planter.wait(9);
        planter.state.reject_run(REPO, run, "MooseQuest");
        planter.expect("rejected", 1);
    }
    // Deleted runs, records that scripts made, one of them with a link to an approved run of the same commit.
    for _ in 0..10 {
        let run = planter.approved("sandbox-admin", "dev", "MooseQuest", "production", "not-provable");
        planter.state.repo(REPO).unwrap().runs.retain(|known| known.id != run);
    }
    let honest = planter.approved("sandbox-admin", "dev", "MooseQuest", "production", "approved");
    let sha = planter.sha_of(honest);
    for link in [None, None, None, None, None, None, None, None, Some(honest), Some(honest)] {
        planter.wait(10);
        planter.state.deploy_over_api(REPO, "production", &sha, "mallory", link);
        planter.expect("not-provable", 1);
    }
    // Two attempts, of which GitHub does not say which was approved.
    for _ in 0..5 {
        let run = planter.approved("sandbox-admin", "dev", "MooseQuest", "production", "not-provable");
        planter.wait(40);
        planter.state.rerun(REPO, run, "sandbox-admin");
        planter.finish(run, None);
        planter.expect("not-provable", 1);
    }
    // Two jobs for one environment and one approval; then two environments, each with its own.
    for _ in 0..3 {
        let run = planter.start("sandbox-admin", "dev", "production");
        planter.wait(20);
        planter.state.release_run(REPO, run, Some("MooseQuest"));
        planter.state.add_job(REPO, run, "production");
        planter.finish(run, None);
        planter.expect("not-provable", 2);
    }
    for _ in 0..5 {
        let run = planter.start("sandbox-admin", "dev", "production");
        planter.state.add_job(REPO, run, "eu");
        planter.finish(run, Some("MooseQuest"));
        planter.expect("approved", 1);
        planter.expect("too-few-approvals", 1);
    }
    for _ in 0..12 {
        planter.start("sandbox-admin", "dev", "production");
        planter.expect("waiting", 1);
    }
    let so_far: usize = planter.planted.values().sum();
    everyday(&mut planter, DEPLOYMENTS - so_far);
    (since, planter.planted, planter.log.join("\n"))
}

/// Many runs of another workflow: more than the pages show that a list of all runs may take.
fn busy(state: &mut State) {
    let repo = state.repo(REPO).unwrap();
    let sample = repo.runs[0].clone();
    let spread = (repo.runs[0].created_at.as_second() - repo.runs.last().unwrap().created_at.as_second()) / 1_200;
    let tests: Vec<_> = (0..1_200_u64)
        .map(|number| {
            let at = sample.created_at - SignedDuration::from_secs(spread * i64::try_from(number).unwrap());
            let path = ".github/workflows/test.yml".to_owned();
            let run = crate::sandbox::Run { id: 9_000_000_000 + number, path, created_at: at, updated_at: at, ..sample.clone() };
            crate::sandbox::Run { status: "completed".to_owned(), pending: Vec::new(), approvals: Vec::new(), ..run }
        })
        .collect();
    repo.runs.extend(tests);
    // The last run of the deploying workflow left no deployment record.
    let silent = crate::sandbox::Run { id: SILENT, status: "completed".to_owned(), pending: Vec::new(), approvals: Vec::new(), ..sample };
    repo.runs.push(silent);
    repo.runs.sort_by_key(|run| std::cmp::Reverse(run.created_at));
}

/// The requests since the last count: those about who changed what, and the others.
fn requests(stage: &Stage) -> (usize, usize) {
    stage.sandbox.with(|state| {
        let about_changes = |path: &String| ["/commits", "/pulls", "/activity"].iter().any(|part| path.contains(part));
        let paths: Vec<String> = std::mem::take(&mut state.log.exchanges).into_iter().map(|exchange| exchange.path).collect();
        let changes = paths.iter().filter(|path| about_changes(path)).count();
        (changes, paths.len() - changes)
    })
}

#[tokio::test]
async fn a_quarter_is_counted_exactly_within_the_promised_requests() {
    let mut planted = None;
    let plant = |state: &mut State| {
        planted = Some(plant(state));
        busy(state);
    };
    let stage = Stage::of(GATE, plant).await;
    let (since, planted, log) = planted.unwrap();
    let extent = Extent::Since(since, None);
    let audit = AuditLog::parse(&log, &stage.site.repository).unwrap();
    let approvals = evidence::approvals(&stage.site.config);
    let measure = Measure { approvals: Some(&approvals), audit: Some(&audit) };
    requests(&stage);
    let report = stage.evidence_by(extent, measure).await;
    let seen = value(&report, "evidence");
    let counted = |seen: &Value| -> BTreeMap<String, usize> {
        let counts = seen["summary"].as_object().unwrap().iter().map(|(word, count)| (word.clone(), count.as_u64().unwrap() as usize));
        counts.filter(|(_, count)| *count > 0).collect()
    };
    let expected: BTreeMap<String, usize> = planted.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect();
    assert_eq!((counted(&seen), expected.values().sum::<usize>()), (expected.clone(), DEPLOYMENTS));
    assert_eq!(seen["environments"].as_array().unwrap().iter().map(|one| one["total"].as_u64().unwrap()).sum::<u64>(), 300);
    let (changes, others) = requests(&stage);
    assert!(others <= 2 * DEPLOYMENTS + DEPLOYMENTS / 50 + 10, "{others} requests");
    assert!(changes <= DEPLOYMENTS + DEPLOYMENTS / 50 + 10, "{changes} requests about changes");
    // Of the 1,500 runs those of the deploying workflow are known, so none of the others is taken for a deployment without a record.
    let unrecorded = seen["unrecorded_runs"].as_array().unwrap();
    assert!(unrecorded.iter().all(|run| run["run"].as_u64().unwrap() < 9_000_000_000), "{unrecorded:?}");
    assert!(unrecorded.iter().any(|run| run["run"] == SILENT), "{unrecorded:?}");
    let one = &seen["environments"][1]["deployments"][0]["changes"][0];
    assert_eq!((&one["reviewers"][0]["login"], &one["merged_by"]["login"]), (&"bob".into(), &"dev".into()), "{one}");
    let page = evidence_page(&report);
    let passing: usize = ["approved", "rejected", "waiting"].iter().map(|word| expected[*word]).sum();
    assert!(page.contains(&format!("Exceptions ({})", DEPLOYMENTS - passing)));
    // What docs/evidence.md points an auditor to.
    for label in [
        "population",
        "generated",
        "query",
        "source",
        "account",
        "approved by",
        "started by",
        "no later than",
        "after the request",
        "(id 20930225)",
        "comment: reviewed in the browser",
        "reviewed by bob, merged by dev",
        "Rules in force",
        "Rules at that time",
        "Review after the fact",
        "SHA-256 of the JSON",
    ] {
        assert!(page.contains(label), "{label}");
    }
    assert_eq!(csv(&report.records()).lines().count(), 1 + DEPLOYMENTS + unrecorded.len());

    // A page of runs that fails costs requests and no count.
    let fails = |pattern: &str, from| Fault::before(Response::github_error(422, "Validation Failed")).path(pattern).from(from);
    stage.sandbox.with(|state| state.faults = vec![fails("*/actions/workflows/*/runs", 2)]);
    assert_eq!(counted(&value(&stage.evidence_by(extent, measure).await, "evidence")), expected);
    // A page of deployments that fails leaves its environment unknown, and nothing of it approved.
    stage.sandbox.with(|state| state.faults = vec![fails("*/deployments", 3)]);
    let broken = stage.evidence_by(extent, measure).await;
    let seen = value(&broken, "evidence");
    assert_eq!((evidence::exit(&broken, false), &seen["complete"]), (Exit::Error, &false.into()));
    let production = &seen["environments"].as_array().unwrap().iter().find(|one| one["name"] == "production").unwrap();
    let page = evidence_page(&broken);
    for told in ["INCOMPLETE", "not read", "Unknown: the deployments to this environment could not be read."] {
        assert!(page.contains(told), "{told}");
    }
    assert!(production["deployments"].as_array().unwrap().is_empty() && production["unknown"]["reason"].is_string(), "{production}");
}
