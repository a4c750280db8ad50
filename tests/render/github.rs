//! The view of a run of GitHub Actions.

use gatectl::model::Address;
use gatectl::render::{Document, Location, github};

use crate::samples::{self, NASTY};
use gatectl_test_support::assert_golden;

fn locate(address: &Address, field: Option<&str>) -> Option<Location> {
    let at = |line, col| Some(Location { file: "gate.toml".into(), line, col });
    match field {
        None if address.to_string().contains("production") => at(6, 2),
        Some("reviewers") => at(7, 1),
        _ => None,
    }
}

#[test]
fn output_is_as_it_was_approved() {
    let plan = github::render(&Document::from(&samples::everything()), "gate.toml", locate);
    assert_golden("render/plan-everything.github.log", &plan.log);
    assert_golden("render/plan-everything.github.output", &plan.output);
    let apply = github::render(&Document::from(&samples::mixed()), "gate.toml", locate);
    assert_golden("render/apply-mixed.github.log", &apply.log);
    assert_golden("render/apply-mixed.github.output", &apply.output);
}

#[test]
fn a_field_that_is_not_found_falls_back_to_its_address() {
    let log = github::render(&Document::from(&samples::plan(vec![samples::weaken()])), "gate.toml", locate).log;
    assert!(log.contains("file=gate.toml,line=7,col=1,") && log.contains("file=gate.toml,line=6,col=2,"), "{log}");
}

#[test]
fn every_command_in_the_log_is_one_of_ours() {
    let hostile = |_: &Address, _: Option<&str>| Some(Location { file: NASTY.concat(), line: 1, col: 1 });
    for document in [Document::from(&samples::hostile()), Document::from(&samples::hostile_report())] {
        let log = github::render(&document, "gate.toml", hostile).log;
        let commands: Vec<&str> = log.lines().filter(|line| line.trim_start().starts_with("::")).collect();
        assert!(commands.iter().all(|line| line.starts_with("::error file=") || line.starts_with("::warning file=")), "{commands:#?}");
        // One for each alert, and no more.
        let alerts: usize = document.sections.iter().map(|section| section.alerts.len()).sum();
        assert_eq!(commands.len(), alerts);
        // Four properties, each with nothing in it that ends it.
        assert!(commands.iter().all(|line| line.split("::").nth(1).unwrap().matches(',').count() == 3));
        assert!(!log.contains("##["));
    }
}

#[test]
fn outputs_are_one_line_each() {
    let output = github::render(&Document::from(&samples::hostile()), "gate.toml", |_, _| None).output;
    assert_eq!(output, "changes=true\nweakens=true\nmanual=true\ninvalid=true\nunknown=true\n");
}
