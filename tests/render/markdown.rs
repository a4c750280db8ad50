//! The view of a pull request.

use gatectl::model::{Action, Plan};
use gatectl::render::markdown::{COMMENT_LIMIT, SUMMARY_LIMIT, marker, render};
use gatectl::render::{Block, Document, Finding, Place, Section, Severity, Span, Table};
use proptest::prelude::*;
use serde_json::json;

use crate::golden::assert_golden;
use crate::samples::{self, NASTY};

fn documents() -> Vec<Document> {
    let plans = [samples::plan(vec![]), samples::everything(), samples::hostile()];
    let reports = [samples::applied(), samples::mixed(), samples::hostile_report()];
    plans.iter().map(Document::from).chain(reports.iter().map(Document::from)).collect()
}

/// A document in which every kind of block holds the text.
fn saying(text: &str) -> Document {
    let finding = Finding {
        severity: Severity::Error,
        code: "code",
        subject: text.into(),
        message: text.into(),
        fix: text.into(),
        place: Place::Nowhere,
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
    let folded = Section { alerts: vec![finding], fold: Some("Fold"), ..Section::default() };
    let sections = vec![Section { blocks, ..Section::default() }, folded];
    Document { sections, headline: text.into(), next: vec![text.into()], ..Document::from(&samples::applied()) }
}

/// Everything but fenced blocks and inline code: what GitHub reads as markup.
fn markup(text: &str) -> String {
    let mut fence: Option<String> = None;
    let mut out = String::new();
    for line in text.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if ticks.len() > 2 => fence = Some(ticks),
            None => {
                let (mut code, mut escaped) = (false, false);
                for c in line.chars() {
                    if c == '`' && !escaped {
                        code = !code;
                    } else if !code {
                        out.push(c);
                    }
                    escaped = c == '\\' && !escaped && !code;
                }
                assert!(!code, "code that stays open: {line}");
                out.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "a fence that stays open");
    out
}

#[test]
fn output_is_as_it_was_approved() {
    assert_golden("plan-none.md", &render(&Document::from(&samples::plan(vec![])), "", COMMENT_LIMIT));
    assert_golden("plan-everything.md", &render(&Document::from(&samples::everything()), "", COMMENT_LIMIT));
    assert_golden("apply-mixed.md", &render(&Document::from(&samples::mixed()), "", COMMENT_LIMIT));
    assert_golden("plan-hostile.md", &render(&Document::from(&samples::hostile()), "gate.toml", COMMENT_LIMIT));
}

#[test]
fn the_marker_is_the_first_line_and_nothing_gets_out_of_it() {
    assert_eq!(marker("plan", ""), "<!-- gatectl:plan -->");
    assert_eq!(marker("plan", "ops/gate.toml"), "<!-- gatectl:plan ops/gate.toml -->");
    for nasty in NASTY {
        let marker = marker("plan", nasty);
        assert_eq!((marker.matches('>').count(), marker.matches('<').count(), marker.lines().count()), (1, 1, 1), "{marker}");
        assert!(render(&Document::from(&samples::everything()), nasty, COMMENT_LIMIT).starts_with(&format!("{marker}\n\n### ")));
    }
}

#[test]
fn weakening_and_unknown_are_outside_the_fold() {
    let text = render(&Document::from(&samples::everything()), "", COMMENT_LIMIT);
    let (open, _) = text.split_once("<details>").unwrap();
    for said in
        ["admins may then deploy", "may approve and could not before", "the gate goes", "403 Resource not accessible", "Plan: 1 to create"]
    {
        assert!(open.contains(said), "{said}");
    }
    let text = render(&Document::from(&samples::mixed()), "", COMMENT_LIMIT);
    let (open, _) = text.split_once("<details>").unwrap();
    for said in ["1. A Team plan", "2. Open the page", "failed to update", "skipped, still to delete"] {
        assert!(open.contains(said), "{said}");
    }
}

#[test]
fn nothing_from_outside_is_markup() {
    let documents = documents().into_iter().chain(NASTY.iter().map(|nasty| saying(nasty)));
    for document in documents {
        let text = render(&document, "", SUMMARY_LIMIT);
        assert!(
            !text
                .chars()
                .any(|c| (c.is_control() && c != '\n') || ('\u{200b}'..='\u{200f}').contains(&c) || ('\u{202a}'..='\u{2069}').contains(&c))
        );
        let markup = markup(&text);
        // The first line is the marker; what is between angle brackets after it is ours, or an address that we made a link.
        for tag in markup.lines().skip(1).flat_map(|line| line.split('<').skip(1)) {
            let ours = ["details>", "/details>", "summary>", "/summary>", "code>", "/code>", "br>", "span>$", "/span>", "https://"];
            assert!(ours.iter().any(|tag_of_ours| tag.starts_with(tag_of_ours)), "{tag}");
        }
        for (at, c) in markup.char_indices() {
            let rest = &markup[at + c.len_utf8()..];
            match c {
                '@' => assert!(rest.starts_with("&#8203;"), "{rest}"),
                '[' => assert!(markup[..at].ends_with('\\') || rest.starts_with("!WARNING]"), "{rest}"),
                _ => {}
            }
        }
        assert!(!markup.contains("www.") && !markup.replace("<https://", "").contains("://"), "{markup}");
        assert!(!markup.to_lowercase().contains("gh-7") && !markup.contains("#123") && !markup.contains("0123456789abcdef"));
        assert_eq!(markup.matches("<details>").count(), markup.matches("</details>").count());
    }
}

#[test]
fn rows_of_a_table_keep_their_cells() {
    for nasty in NASTY {
        let text = render(&saying(nasty), "", COMMENT_LIMIT);
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
        assert_eq!(rows.len(), 3, "{text}");
        assert!(rows.iter().all(|row| row.matches('|').count() == 3), "{rows:?}");
    }
}

#[test]
fn what_does_not_fit_is_named_and_the_summary_stays() {
    let changes = (0..2_000).map(|n| {
        let address = samples::env(&format!("env-{n:04}"));
        samples::change(
            address,
            Action::Update,
            vec![samples::weaker("can_admins_bypass", json!(false), json!(true), "admins may skip it")],
        )
    });
    let document = Document::from(&samples::plan(changes.collect()));
    let text = render(&document, "", COMMENT_LIMIT);
    assert!(text.len() <= COMMENT_LIMIT && text.len() > COMMENT_LIMIT / 2, "{}", text.len());
    assert!(text.contains("2000 changes weaken a gate"));
    let shown = (0..2_000).filter(|n| text.contains(&format!("`github/raxx-app/TradeMasterAPI/environments/env-{n:04}`"))).count();
    // Each change is an alert and a folded section: two parts.
    let cut: usize = text.split("**This is not all:** ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(shown > 0 && cut > 0 && cut <= 4_000 - shown, "{shown} {cut}");
    assert!(text.contains(" more. Run `gatectl plan`"));
    assert!(render(&document, "", SUMMARY_LIMIT).len() <= SUMMARY_LIMIT);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_limit_holds_for_any_text(text in "(?s).{0,1000}", times in 1_usize..40, limit in 16_384_usize..70_000) {
        let sections = saying(&text).sections;
        let document = Document { sections: sections.into_iter().cycle().take(times * 2).collect(), ..saying(&text) };
        prop_assert!(render(&document, &text.chars().take(50).collect::<String>(), limit).len() <= limit);
    }

    #[test]
    fn rendering_is_a_function(text in "(?s).{0,200}") {
        let plan = || Plan { config: text.clone(), ..samples::plan(vec![samples::change(samples::env("e"), Action::Update, vec![samples::weaker("x", json!(text), json!(format!("{text}\n{text}")), &text)])]) };
        prop_assert_eq!(render(&Document::from(&plan()), "", COMMENT_LIMIT), render(&Document::from(&plan()), "", COMMENT_LIMIT));
    }
}
