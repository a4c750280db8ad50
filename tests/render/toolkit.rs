//! What verdicts, checks and evidence are made of: findings, tables, CSV.

use gatectl::model::Severity;
use gatectl::render::{
    Block, Document, Finding, FindingLocation, Fold, Glyph, Heading, HeadlinePlace, Location, Role, Section, Span, Style, Table, csv,
    github, human, markdown,
};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use crate::samples::{self, NASTY};
use gatectl_test_support::assert_golden;

fn finding(severity: Severity, code: &'static str, message: &str, fix: &str) -> Finding {
    let place = FindingLocation::At(Location { file: ".github/workflows/deploy.yml".into(), line: 12, col: 5 });
    Finding { severity, code, subject: "production".into(), message: message.into(), fix: fix.into(), place }
}

fn verdict() -> Document {
    let findings = [
        finding(
            Severity::Error,
            "no-reviewers",
            "no approval is required: the environment exists without required reviewers (failure mode B)",
            "`gatectl apply`",
        ),
        finding(
            Severity::Warning,
            "admins-bypass",
            "admins may skip the rules; not set in gate.toml",
            "declare `can_admins_bypass = false`",
        ),
        finding(Severity::Info, "note", "checked at the default branch", ""),
    ];
    let rows = [
        ("v1.2.3", "2026-11-20 17:02", "MooseQuest", "gated", Role::Added),
        ("v1.2.4-a-rather-long-name-of-a-release", "2026-11-21 03:40", "nobody", "reached production without an approval", Role::Failure),
        ("漢字", "2026-11-22 09:00", "", "unknown", Role::Alert),
    ];
    let rows =
        rows.map(|(tag, at, who, verdict, role)| vec![Span::plain(tag), Span::plain(at), Span::plain(who), Span::new(role, verdict)]);
    let table = Table { header: ["deployment", "at", "approved by", "verdict"].map(str::to_owned).to_vec(), rows: rows.to_vec() };
    let heading =
        |glyph, subject: Option<&str>, text: &str| Some(Heading { glyph, subject: subject.map(str::to_owned), text: text.into() });
    Document {
        name: "verify",
        sections: vec![
            Section {
                heading: heading(Glyph::Failure, Some("production"), "UNGATED"),
                blocks: findings.map(Block::Finding).to_vec(),
                ..Section::default()
            },
            Section {
                heading: heading(Glyph::None, None, "Deployments"),
                blocks: vec![Block::Table(table)],
                fold: Some(Fold::Always("Deployments")),
                ..Section::default()
            },
        ],
        headline: "UNGATED: production can be reached without a person's approval.".into(),
        headline_place: HeadlinePlace::Last,
        tone: Role::Failure,
        next: vec!["Next: `gatectl apply`.".into()],
        outputs: vec![("verdict", "ungated".into())],
    }
}

#[test]
fn output_is_as_it_was_approved() {
    assert_golden("render/verdict.txt", &human::render(&verdict(), Style::PLAIN));
    assert_golden("render/verdict.narrow.txt", &human::render(&verdict(), Style { width: 50, ..Style::PLAIN }));
    assert_golden("render/verdict.md", &markdown::render(&verdict(), "", markdown::COMMENT_LIMIT));
    assert_golden("render/verdict.github.log", &github::render(&verdict(), "gate.toml", |_, _| None).log);
}

fn table(cells: &[Vec<String>]) -> Table {
    let header = (0..cells.iter().map(Vec::len).max().unwrap_or(0)).map(|n| format!("column {n}")).collect();
    Table { header, rows: cells.iter().map(|row| row.iter().map(Span::plain).collect()).collect() }
}

fn lines(table: Table, style: Style) -> Vec<String> {
    let section = Section { blocks: vec![Block::Table(table)], ..Section::default() };
    let document = Document { sections: vec![section], headline: String::new(), next: vec![], ..Document::from(&samples::applied()) };
    human::render(&document, style).lines().map(str::to_owned).collect()
}

/// A reader of RFC 4180.
fn read_csv(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    for line in text.strip_suffix("\r\n").unwrap().split("\r\n") {
        let (mut cells, mut cell, mut quoted, mut chars) = (Vec::new(), String::new(), false, line.chars().peekable());
        while let Some(c) = chars.next() {
            match (c, quoted) {
                ('"', true) if chars.peek() == Some(&'"') => {
                    chars.next();
                    cell.push('"');
                }
                ('"', _) => quoted = !quoted,
                (',', false) => cells.push(std::mem::take(&mut cell)),
                _ => cell.push(c),
            }
        }
        cells.push(cell);
        records.push(cells);
    }
    records
}

#[test]
fn csv_is_one_line_a_record_and_no_formula() {
    let rows: Vec<Vec<String>> = NASTY.iter().map(|nasty| vec![(*nasty).to_owned(), "plain".into(), (*nasty).to_owned()]).collect();
    let text = csv(&table(&rows));
    assert!(!text.replace("\r\n", "").chars().any(char::is_control));
    let records = read_csv(&text);
    assert_eq!(records.len(), rows.len() + 1);
    for (record, row) in records.iter().skip(1).zip(&rows) {
        assert_eq!(record.len(), 3, "{record:?}");
        assert_eq!(record[1], "plain");
        assert!(!record[0].trim_start().starts_with(['=', '+', '-', '@']), "{record:?}");
        if row[0].chars().all(|c| c.is_ascii_alphanumeric() || " \"|,".contains(c)) {
            assert_eq!(record[0], row[0]);
        }
    }
    assert!(text.lines().all(|line| !line.trim_start().starts_with("::") && !line.contains("##[")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_table_stays_in_its_width_and_loses_nothing(
        cells in prop::collection::vec(prop::collection::vec("[a-z 漢é]{0,40}", 1..5), 1..6),
        width in 60_usize..120,
    ) {
        let lines = lines(table(&cells), Style { width, ..Style::PLAIN });
        for line in &lines {
            prop_assert!(line.width() <= width, "{line}");
        }
        let count = |text: &str| text.chars().filter(|c| "漢é".contains(*c)).count();
        let shown: usize = lines.iter().map(|line| count(line)).sum();
        prop_assert_eq!(shown, cells.iter().flatten().map(|cell| count(cell)).sum::<usize>());
    }

    #[test]
    fn csv_reads_back(cells in prop::collection::vec(prop::collection::vec("[a-z][a-z \",;:]{0,20}", 2..3), 1..6)) {
        prop_assert_eq!(&read_csv(&csv(&table(&cells)))[1..], &cells[..]);
    }
}
