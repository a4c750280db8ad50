//! The law of the proof: if a deploy can run while production is frozen, nothing is proven.
//!
//! Jobs are made of parts with known meaning, and [`Run`] simulates every possible course of them.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Check,
    Deploy,
    Harmless,
    /// Fails or not.
    Test,
    Exit(u8),
}

#[derive(Debug, Clone)]
struct Line {
    first: Command,
    /// Whether `&&`, and the command.
    rest: Vec<(bool, Command)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Succeeded,
    Always,
    Failed,
    NotCancelled,
    /// Not a known tool.
    Input,
    Never,
}

#[derive(Debug, Clone)]
struct Part {
    lines: Vec<Line>,
    when: When,
    ignored: bool,
    stops_at_failure: bool,
}

impl Command {
    fn text(self) -> String {
        match self {
            Self::Check => "gatectl freeze check --environment production".to_owned(),
            Self::Deploy => "heroku container:release web".to_owned(),
            Self::Harmless => "echo done".to_owned(),
            Self::Test => "test -f x".to_owned(),
            Self::Exit(code) => format!("exit {code}"),
        }
    }
}

impl Part {
    fn yaml(&self) -> String {
        let line = |line: &Line| {
            let rest: String =
                line.rest.iter().map(|(and, command)| format!(" {} {}", if *and { "&&" } else { "||" }, command.text())).collect();
            format!("          {}{rest}\n", line.first.text())
        };
        let condition = match self.when {
            When::Succeeded => "",
            When::Always => "        if: always()\n",
            When::Failed => "        if: failure()\n",
            When::NotCancelled => "        if: '!cancelled()'\n",
            When::Input => "        if: inputs.x\n",
            When::Never => "        if: false\n",
        };
        let ignored = if self.ignored { "        continue-on-error: true\n" } else { "" };
        let shell = if self.stops_at_failure { "" } else { "        shell: bash {0}\n" };
        format!("      - name: x\n{condition}{ignored}{shell}        run: |\n{}", self.lines.iter().map(line).collect::<String>())
    }
}

/// Whether a deploy ran, and whether everything so far succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    deployed: bool,
    succeeded: bool,
}

/// The possible ends of a script while production is frozen: (deployed, succeeded).
fn script(part: &Part) -> Vec<(bool, bool)> {
    // (deployed, status of the last command), with scripts that ended apart.
    let mut open = vec![(false, true)];
    let mut ended = Vec::new();
    for line in &part.lines {
        let mut next = Vec::new();
        for (deployed, _) in open {
            for (deployed, status, is_final, exited) in list(line, deployed) {
                if let Some(code) = exited {
                    ended.push((deployed, code == 0));
                } else if !status && is_final && part.stops_at_failure {
                    ended.push((deployed, false));
                } else {
                    next.push((deployed, status));
                }
            }
        }
        open = next;
    }
    ended.extend(open);
    ended
}

/// The possible courses of a list: deployed, its status, whether its last command gave it, and the code it exited with.
fn list(line: &Line, deployed: bool) -> Vec<(bool, bool, bool, Option<u8>)> {
    let all: Vec<(bool, Command)> = [(true, line.first)].into_iter().chain(line.rest.iter().copied()).collect();
    let mut ways = vec![(deployed, true, true, None)];
    for (n, (and, command)) in all.iter().enumerate() {
        let is_last = n + 1 == all.len();
        let mut next = Vec::new();
        for way @ (deployed, status, _, exited) in ways {
            if exited.is_some() {
                next.push(way);
            } else if n > 0 && status != *and {
                next.push((deployed, status, false, None));
            } else {
                match command {
                    Command::Check => next.push((deployed, false, is_last, None)),
                    Command::Deploy => next.push((true, true, is_last, None)),
                    Command::Harmless => next.push((deployed, true, is_last, None)),
                    Command::Test => next.extend([(deployed, true, is_last, None), (deployed, false, is_last, None)]),
                    Command::Exit(code) => next.push((deployed, *code == 0, is_last, Some(*code))),
                }
            }
        }
        ways = next;
    }
    ways
}

/// Whether a deploy can run while production is frozen.
fn can_deploy(parts: &[Part]) -> bool {
    let mut runs = vec![Run { deployed: false, succeeded: true }];
    for part in parts {
        let mut next = Vec::new();
        for run in runs {
            let may = |starts: bool| match part.when {
                When::Succeeded => starts == run.succeeded,
                When::Always => starts,
                When::Failed => starts != run.succeeded,
                When::NotCancelled => true,
                When::Input => run.succeeded || !starts,
                When::Never => !starts,
            };
            if may(false) {
                // In a run that was cancelled `success()` does not hold either.
                next.push(Run { succeeded: run.succeeded && part.when != When::NotCancelled, ..run });
            }
            if may(true) {
                for (deployed, succeeded) in script(part) {
                    next.push(Run { deployed: run.deployed || deployed, succeeded: run.succeeded && (succeeded || part.ignored) });
                }
            }
        }
        next.sort_by_key(|run| (run.deployed, run.succeeded));
        next.dedup();
        runs = next;
    }
    runs.iter().any(|run| run.deployed)
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => Just(Command::Check),
        2 => Just(Command::Deploy),
        3 => Just(Command::Harmless),
        1 => Just(Command::Test),
        1 => prop_oneof![Just(Command::Exit(0)), Just(Command::Exit(1))],
    ]
}

fn line() -> impl Strategy<Value = Line> {
    (command(), prop::collection::vec((any::<bool>(), command()), 0..3)).prop_map(|(first, rest)| Line { first, rest })
}

fn simple() -> impl Strategy<Value = Line> {
    command().prop_map(|first| Line { first, rest: Vec::new() })
}

fn part() -> impl Strategy<Value = Part> {
    let when = prop_oneof![
        6 => Just(When::Succeeded),
        1 => Just(When::Always),
        1 => Just(When::Failed),
        1 => Just(When::NotCancelled),
        1 => Just(When::Input),
        1 => Just(When::Never),
    ];
    let lines = prop::collection::vec(prop_oneof![3 => simple().boxed(), 1 => line().boxed()], 1..4);
    (lines, when, prop::bool::weighted(0.1), prop::bool::weighted(0.8)).prop_map(|(lines, when, ignored, stops_at_failure)| Part {
        lines,
        when,
        ignored,
        stops_at_failure,
    })
}

fn parts_proof(parts: &[Part]) -> Proof {
    let steps: String = parts.iter().map(Part::yaml).collect();
    proof_of(&format!("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    environment: production\n    steps:\n{steps}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_job_that_can_deploy_while_frozen_is_proven(parts in prop::collection::vec(part(), 1..4)) {
        let proof = parts_proof(&parts);
        prop_assert!(!matches!(proof, Proof::Proven(_)) || !can_deploy(&parts), "{proof:?}");
    }

    /// Each way of taking the check out of the path of a proven job takes the proof with it.
    #[test]
    fn a_mutated_job_is_not_proven(at in 0_usize..9, before in 0_usize..3) {
        let plain = |command: Command| Part { lines: vec![Line { first: command, rest: Vec::new() }], when: When::Succeeded, ignored: false, stops_at_failure: true };
        let mut parts: Vec<Part> = (0..before).map(|_| plain(Command::Harmless)).collect();
        parts.extend([plain(Command::Check), plain(Command::Deploy)]);
        prop_assert!(matches!(parts_proof(&parts), Proof::Proven(_)));
        match at {
            0 => _ = parts.remove(before),
            1 => parts.swap(before, before + 1),
            2 => parts[before].ignored = true,
            3 => parts[before].when = When::Input,
            4 => parts[before].when = When::Never,
            5 => parts[before].lines[0].rest = vec![(false, Command::Harmless)],
            6 => parts[before + 1].when = When::Always,
            7 => parts.insert(before, plain(Command::Deploy)),
            _ => parts[before].lines.insert(0, Line { first: Command::Exit(0), rest: Vec::new() }),
        }
        prop_assert!(can_deploy(&parts) || at == 4);
        prop_assert!(!matches!(parts_proof(&parts), Proof::Proven(_)), "{parts:?}");
    }
}
