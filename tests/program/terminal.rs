//! What happens at a prompt. Needs `script` of util-linux, which makes a terminal; without it these tests say so.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use gatectl::sandbox::Scenario;

use super::run::{holds_no_secret, root};
use super::served::Served;

const SCRIPT: &str = "/usr/bin/script";

/// Has the emulator in the binary's own process, and answers the questions in order.
fn converse(arguments: &str, answers: &[(&str, &[u8])]) -> Option<(Option<i32>, String)> {
    let arguments: Vec<&str> = arguments.split(' ').collect();
    on_terminal(&root(), &arguments, &[("TERM", "dumb")], answers)
}

/// Runs the binary on a terminal, answers the questions in order, and gives the exit code with everything shown. No argument
/// may need quotes.
pub(crate) fn on_terminal(
    dir: &Path,
    arguments: &[&str],
    vars: &[(&str, &str)],
    answers: &[(&str, &[u8])],
) -> Option<(Option<i32>, String)> {
    if !cfg!(target_os = "linux") || !Path::new(SCRIPT).exists() {
        #[expect(clippy::print_stdout, reason = "a skipped test says so")]
        {
            println!("skipped: there is no {SCRIPT}");
        }
        return None;
    }
    let command = format!("exec {} {}", env!("CARGO_BIN_EXE_gatectl"), arguments.join(" "));
    let mut child = Command::new(SCRIPT)
        .args(["-qec", &command, "/dev/null"])
        .current_dir(dir)
        .env_clear()
        .envs([("HOME", "/nonexistent"), ("PATH", "/nonexistent"), ("SHELL", "/bin/sh"), ("TERM", "xterm")])
        .envs(vars.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut shown = Vec::new();
    for (question, answer) in answers {
        while !String::from_utf8_lossy(&shown).contains(question) {
            let mut byte = [0];
            assert_eq!(stdout.read(&mut byte).unwrap(), 1, "never asked {question:?}: {}", String::from_utf8_lossy(&shown));
            shown.push(byte[0]);
        }
        stdin.write_all(answer).unwrap();
        stdin.flush().unwrap();
    }
    stdout.read_to_end(&mut shown).unwrap();
    let shown = String::from_utf8_lossy(&shown).into_owned();
    holds_no_secret(&shown, "a terminal");
    Some((child.wait().unwrap().code(), shown))
}

#[test]
fn yes_is_a_yes_and_nothing_else_is() {
    let apply = "apply --sandbox=no-rules";
    let Some((code, shown)) = converse(apply, &[("be accepted:", b"yes\n")]) else { return };
    assert_eq!(code, Some(0), "{shown}");
    for no in [&b"y\n"[..], b"\n", b"\x04"] {
        let (code, shown) = converse(apply, &[("be accepted:", no)]).unwrap();
        assert_eq!(code, Some(1), "{shown}");
        assert!(shown.contains("nothing was written") && shown.contains("hint:"), "{shown}");
    }
}

#[test]
fn a_weakening_asks_for_the_environments_name() {
    let apply = "apply --sandbox=wrong-reviewer";
    let Some((code, shown)) = converse(apply, &[("to confirm:", b"production\n"), ("be accepted:", b"yes\n")]) else { return };
    assert_eq!(code, Some(0), "{shown}");
    let (code, _) = converse(apply, &[("to confirm:", b"yes\n")]).unwrap();
    assert_eq!(code, Some(1));
}

#[test]
fn a_prompt_can_be_interrupted() {
    let Some((code, shown)) = converse("apply --sandbox=no-rules", &[("be accepted:", b"\x03")]) else { return };
    assert_eq!(code, Some(130), "{shown}");
    assert!(shown.contains("\nerror: interrupted: nothing was changed"), "on a line of its own: {shown}");
}

/// The terminal echoes `^C` where the cursor is: at the end of the line of progress, which must leave room for it.
#[test]
fn an_interrupted_wait_leaves_no_half_line() {
    let gate = "version = 1\n[github]\nrepository = \"acme/shop\"\n[environments.production]\nreviewers = [{ user = \"alice\" }]\n";
    let world = Served::rehearsal(Scenario::NoRules, gate);
    world.sandbox.with(|state| state.faults.push("* * hang".parse().unwrap()));
    let Some((code, shown)) = on_terminal(world.dir.path(), &["plan"], &world.vars(), &[("reading the live state", b"\x03")]) else {
        return;
    };
    assert_eq!(code, Some(130), "{shown}");
    let lines: Vec<&str> = shown.split("\r\u{1b}[2K").filter(|line| line.contains("reading the live state")).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.replace("^C", "").trim_end_matches('\r').len() <= 80 - 4), "{lines:?}");
    let (_, left) = shown.rsplit_once("\r\u{1b}[2K").unwrap();
    assert!(left.contains("error:") && !left.contains("reading"), "the line is wiped before the error: {shown:?}");
}

#[test]
fn the_plan_is_shown_before_the_question_in_every_format() {
    for format in ["json", "markdown", "github"] {
        let Some((_, shown)) = converse(&format!("apply --sandbox=no-rules -q --format {format}"), &[("be accepted:", b"no\n")]) else {
            return;
        };
        let before = shown.split("be accepted:").next().unwrap();
        assert!(before.contains("MooseQuest"), "{format}: {shown}");
    }
}

#[test]
fn approve_shows_what_would_ship_and_asks_for_the_comment() {
    let waits = super::run::gatectl(&["pending", "--sandbox=gated", "--format", "json"]);
    let waits: serde_json::Value = serde_json::from_str(&waits.stdout).unwrap();
    let run = &waits["pending"][0]["run"];
    for (typed, recorded) in [("ship it\n", "ship it"), ("\n", "reviewed with gatectl")] {
        let answers = [("Comment", typed.as_bytes()), ("be accepted:", b"yes\n")];
        let Some((code, shown)) = converse(&format!("approve {run} --sandbox=gated"), &answers) else { return };
        assert_eq!(code, Some(0), "{shown}");
        let (before, after) = shown.split_once("Comment").unwrap();
        assert!(before.contains("1 commit by sandbox-developer") && before.contains("Show prices without tax"), "{shown}");
        assert!(after.contains(recorded), "{shown}");
    }
    let given = format!("approve {run} --sandbox=gated --comment given");
    let (code, shown) = converse(&given, &[("be accepted:", b"yes\n")]).unwrap();
    assert!(code == Some(0) && !shown.contains("Comment for the record"), "{shown}");
}

#[test]
fn text_is_laid_out_for_the_terminal_at_hand() {
    let lines = |columns: u32| {
        if !cfg!(target_os = "linux") || !Path::new(SCRIPT).exists() {
            return None;
        }
        let command =
            format!("/usr/bin/stty rows 24 cols {columns} && exec {} plan --sandbox=no-rules --color never", env!("CARGO_BIN_EXE_gatectl"));
        let ran = Command::new(SCRIPT)
            .args(["-qec", &command, "/dev/null"])
            .current_dir(root())
            .env_clear()
            .envs([("HOME", "/nonexistent"), ("PATH", "/nonexistent"), ("SHELL", "/bin/sh"), ("TERM", "xterm")])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Some(String::from_utf8_lossy(&ran.stdout).lines().count())
    };
    let (Some(narrow), Some(wide)) = (lines(50), lines(120)) else { return };
    assert!(narrow > wide, "{narrow} lines on 50 columns, {wide} on 120");
}
