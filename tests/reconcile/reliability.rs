//! The fault matrix: every fault, at every request of a plan and at every write of an apply, with its one defined outcome.
//!
//! `GATECTL_BLESS=1 cargo test --test reconcile reliability` writes `docs/reliability.md`; without it the file has to be up to date.

mod faults;
mod others;
mod requests;
mod trial;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt as _;
use gatectl::exit::Exit;
use gatectl::model::{OutcomeResult, Unknown};
use gatectl::reconcile::{Applied, exit_of_plan};
use gatectl::sandbox::{Api, Effect, Fault, State, Switches};

use crate::properties::{self, PROPERTIES, Property};
use gatectl_test_support::world::said;

/// The result of a case that has no place.
type Verdict = Result<(), String>;

/// A line of the table: what goes wrong, the outcome for reads and for writes, and the cases of each.
struct Line {
    name: String,
    read: Option<(String, Vec<Verdict>)>,
    write: Option<(String, Vec<Verdict>)>,
}

fn table(lines: &[Line]) -> String {
    let mut text = String::from(
        "# Reliability\n\n\
         What gatectl does when something goes wrong. Written by `GATECTL_BLESS=1 cargo test --test reconcile reliability`, which runs the real\n\
         client over HTTP against the emulator and injects each fault into every request of a plan and into every write of an apply, one at a\n\
         time; a test keeps this page up to date. After each case the test also checks that no gate was weaker at any moment than where it\n\
         started or was going, that the report tells the truth, that nothing undeclared changed, and that the next apply converges.\n\n\
         If a new reviewer's access, the protected branches or the waiting runs cannot be read, the plan has a note instead of an unknown.\n\n\
         | what goes wrong | a read | cases | a write | cases | violations |\n|---|---|--:|---|--:|--:|\n",
    );
    for line in lines {
        let (read, reads) = line.read.as_ref().map_or(("", 0), |(words, verdicts)| (words, verdicts.len()));
        let (write, writes) = line.write.as_ref().map_or(("", 0), |(words, verdicts)| (words, verdicts.len()));
        let wrong = line.read.iter().chain(&line.write).flat_map(|(_, verdicts)| verdicts).filter(|verdict| verdict.is_err()).count();
        let _ = writeln!(text, "| {} | {read} | {reads} | {write} | {writes} | {wrong} |", line.name);
    }
    text.push_str(
        "\n## Random worlds\n\nRandom gates, declarations, faults, moments at which a run ends, and answers to what GitHub's documentation leaves open.\n\
         `GATECTL_CASES=10` tries ten times as many. A case that fails is shrunk. \"The next apply\" is the very next one; if reads lag behind\n\
         writes, or a request of a killed run may still arrive, it is one of the next three.\n\n| property | cases | violations |\n|---|--:|--:|\n",
    );
    for property in &PROPERTIES {
        let tried = property.tried();
        let _ = writeln!(text, "| {} | {} | {} |", property.name, tried.cases, tried.violations.len());
    }
    text.push_str(OTHER_SEEDS);
    text.push_str(
        "\n## Every command\n\nThe binary itself, if every request to GitHub and Heroku meets the same fault: nothing is written, no token is shown, nothing\n\
         hangs, and nothing ends with 0. Written by `GATECTL_BLESS=1 cargo test --test program unread`.\n\n```text\n",
    );
    text.push_str(include_str!("../golden/program/unread.txt"));
    text.push_str("```\n");
    text
}

/// The results of runs with other seeds than that of CI; written by hand after such a run.
const OTHER_SEEDS: &str = "
These are the cases of one seed. With `PROPTEST_RNG_SEED=N cargo test --test reconcile properties`, the seeds 301 to 338 ran in November 2026 too:
60,800 more cases in 46 minutes, without a violation, on a machine that built other code most of that time. An earlier run of seed 301 on an overloaded
machine reported 2 cases of the billing property, which passed when tried again. The requests had exceeded the two minutes that the test allowed them, and gatectl
correctly reported the result as unknown. Stopping the process for 125 seconds reproduced it (12 of 150 cases). The tests now allow half an hour, and the same stop
fails no case.
";

/// The whole matrix.
fn matrix() -> Vec<Line> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut lines = others::unreachable().await;
        lines.extend(Box::pin(requests::every_request_and_every_fault()).await);
        lines.extend(Box::pin(others::the_rest()).await);
        lines
    })
}

#[test]
fn reliability() {
    // What the tests of the properties tried already is not tried again.
    let lines = std::thread::scope(|scope| {
        scope.spawn(|| PROPERTIES.iter().map(Property::tried).count());
        matrix()
    });
    let of_lines = lines.iter().flat_map(|line| line.read.iter().chain(&line.write)).flat_map(|(_, verdicts)| verdicts);
    let of_properties = PROPERTIES.iter().flat_map(|property| &property.tried().violations);
    let wrong: Vec<&String> = of_lines.filter_map(|v| v.as_ref().err()).chain(of_properties).collect();
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.iter().map(|w| format!("- {w}\n")).collect::<String>());
    if !properties::usual() {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md");
    let text = table(&lines);
    if std::env::var_os("GATECTL_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap_or_default() == text, "docs/reliability.md is out of date: GATECTL_BLESS=1 writes it");
}
