//! The terminal's view.

use gatectl::model::{ApplyReport, Plan};
use gatectl::render::{Document, Style, human};
use proptest::prelude::*;

use crate::samples::{self, hostile_text, saying};
use gatectl_test_support::assert_golden;

const COLOR: Style = Style { color: true, ..Style::PLAIN };

fn plain(document: &Document) -> String {
    human::render(document, Style::PLAIN)
}

fn plans() -> Vec<(&'static str, Plan<()>)> {
    let unknown_only = Plan { unknown: vec![samples::unknown()], ..samples::plan(vec![]) };
    vec![
        ("none", samples::plan(vec![])),
        ("create", samples::plan(vec![samples::create(), samples::create_with_patterns()])),
        ("weaken", samples::plan(vec![samples::weaken()])),
        ("no-reviewers", samples::plan(vec![samples::no_reviewers()])),
        ("patterns", samples::plan(vec![samples::patterns()])),
        ("delete", samples::plan(vec![samples::delete()])),
        ("unknown-only", unknown_only),
        ("everything", samples::everything()),
        ("hostile", samples::hostile()),
    ]
}

fn reports() -> Vec<(&'static str, ApplyReport)> {
    let nothing =
        ApplyReport { converged: true, outcomes: vec![], invalid: vec![], unknown: vec![], interrupted: false, limited_to: [].into() };
    let interrupted = ApplyReport { interrupted: true, converged: false, ..samples::applied() };
    vec![
        ("nothing", nothing),
        ("applied", samples::applied()),
        ("mixed", samples::mixed()),
        ("interrupted", interrupted),
        ("hostile", samples::hostile_report()),
    ]
}

fn documents() -> Vec<(String, Document)> {
    let plans = plans().into_iter().map(|(name, plan)| (format!("plan-{name}"), Document::from(&plan)));
    let reports = reports().into_iter().map(|(name, report)| (format!("apply-{name}"), Document::from(&report)));
    plans.chain(reports).collect()
}

#[test]
fn output_is_as_it_was_approved() {
    for (name, document) in documents() {
        assert_golden(&format!("render/{name}.txt"), &plain(&document));
    }
    assert_golden("render/plan-everything.color.txt", &human::render(&Document::from(&samples::everything()), COLOR));
}

#[test]
fn taking_the_colors_away_leaves_the_plain_output() {
    for (name, document) in documents() {
        for width in [20, 80, 200] {
            let colored = human::render(&document, Style { color: true, width });
            assert!(colored.contains('\u{1b}'), "{name}");
            let stripped = anstream::adapter::strip_str(&colored).to_string();
            let plain = human::render(&document, Style { color: false, width });
            for (stripped, plain) in stripped.lines().zip(plain.lines()) {
                assert_eq!(stripped, plain, "{name}");
            }
            assert_eq!(stripped.len(), plain.len(), "{name}");
        }
    }
}

#[test]
fn no_line_holds_a_control_or_a_command() {
    documents().iter().for_each(|(_, document)| assert_harmless(&plain(document)));
}

fn assert_harmless(text: &str) {
    for line in text.lines() {
        let unseen = |c: char| {
            c.is_control()
                || ('\u{200b}'..='\u{200f}').contains(&c)
                || ('\u{2028}'..='\u{202e}').contains(&c)
                || ('\u{2066}'..='\u{2069}').contains(&c)
        };
        assert!(!line.chars().any(unseen), "{line:?}");
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line:?}");
        assert_eq!(line, line.trim_end());
    }
}

#[test]
fn lines_stay_within_80_columns_unless_one_word_is_wider() {
    use unicode_width::UnicodeWidthStr;
    for (name, document) in documents() {
        for line in plain(&document).lines().filter(|line| line.width() > 80) {
            // A line that is disarmed grows after it was laid out, and a command to paste stands on one line.
            if line.contains("\\u{23}") || line.contains("\\u{3a}") || line.contains(" gh secret set ") {
                continue;
            }
            let widest = line.split(' ').map(UnicodeWidthStr::width).max().unwrap_or(0);
            assert!(widest > 80 - 8, "{name}: {line}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_is_harmless(text in hostile_text(), width in 10_usize..100) {
        let document = saying(&text);
        let lines = human::render(&document, Style { color: false, width });
        assert_harmless(&lines);
        let colored = human::render(&document, Style { color: true, width });
        prop_assert_eq!(anstream::adapter::strip_str(&colored).to_string(), lines);
    }
}
