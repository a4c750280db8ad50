//! Documents on a terminal, with or without colors.

use unicode_width::UnicodeWidthStr;

use super::document::{Block, Document, Finding, Heading, HeadlinePlace, Role, Row, Section, Span};
use super::escape::actions::log_line;
use super::escape::{MAX_PROSE, MAX_VALUE, bounded, visible, word};
use super::style::Style;
use super::table;
use super::wrap::{wrap, wrap_under};

/// Labels up to this width are aligned with their neighbors.
const MAX_LABEL: usize = 28;
/// The indentation of text under its heading.
const INDENT: usize = 4;
/// The indentation of a finding: its place is a long word, and the message follows on the same line.
const FINDING: usize = 2;

/// One line of plain text that may quote text from outside: bounded, all characters visible, and not a command to a
/// runner of GitHub Actions.
pub fn line(text: &str) -> String {
    log_line(&visible(&bounded(text, MAX_PROSE))).into_owned()
}

/// Plain text of several lines from other code, which may quote text from outside.
pub fn lines(text: &str) -> String {
    bounded(text, 2 * MAX_PROSE).split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// The whole document, ending in a newline: the summary line before or after the sections, then the next step.
pub fn render(document: &Document, style: Style) -> String {
    let headline = wrap(&blanks(0), &[Span::new(document.tone, document.headline.as_str())], 0, style);
    let (mut lines, last) = match document.headline_place {
        HeadlinePlace::First => (headline, Vec::new()),
        HeadlinePlace::Last => (Vec::new(), headline),
    };
    let mut list_before = lines.is_empty();
    for section in &document.sections {
        // Headings without content are grouped.
        let list = section.blocks.is_empty();
        if !lines.is_empty() && (!list || !list_before) {
            lines.push(String::new());
        }
        list_before = list;
        lines.extend(section_lines(section, style));
    }
    let has_more = !last.is_empty() || !document.next.is_empty();
    if !lines.is_empty() && has_more {
        lines.push(String::new());
    }
    lines.extend(last);
    lines.extend(document.next.iter().flat_map(|next| wrap(&blanks(0), &[Span::plain(next)], 2, style)));
    lines.push(String::new());
    lines.join("\n")
}

/// One section without the blank line before the next.
fn section_lines(section: &Section, style: Style) -> Vec<String> {
    let mut lines = section.heading.as_ref().map_or_else(Vec::new, |heading| heading_lines(heading, style));
    let indent = if section.heading.is_some() { INDENT } else { 0 };
    let label = label_width(&section.blocks);
    for group in section.blocks.chunk_by(same_kind) {
        let findings: Vec<&Finding> = group.iter().filter_map(Block::finding).collect();
        match findings.as_slice() {
            [first, _, ..] => lines.extend(findings_lines(first, &findings, style)),
            _ => lines.extend(group.iter().flat_map(|block| block_lines(block, indent, label, style))),
        }
    }
    lines
}

fn heading_lines(heading: &Heading, style: Style) -> Vec<String> {
    let Some(subject) = &heading.subject else {
        return wrap(&blanks(0), &[Span::new(Role::Strong, heading.text.as_str())], 2, style);
    };
    let lead = Span::new(heading.glyph.role(), format!("{} ", heading.glyph.sign()));
    let spans = [Span::new(Role::Strong, word(subject)), Span::new(heading.glyph.role(), format!("  {}", heading.text))];
    wrap(&lead, &spans, INDENT, style)
}

fn block_lines(block: &Block, indent: usize, label: usize, style: Style) -> Vec<String> {
    match block {
        Block::Row(row) => row_lines(row, label, style),
        Block::Text(text) => wrap(&blanks(indent), &[Span::plain(text)], indent, style),
        Block::Quote(text) => {
            // Each line of a quotation has its bar, so that none can be mistaken for ours.
            let bar = Span::new(Role::Quiet, format!("{}| ", " ".repeat(indent)));
            bounded(text, MAX_PROSE).split('\n').flat_map(|line| wrap_under(&bar, &bar, &[Span::plain(line)], style)).collect()
        }
        Block::Link(url) => wrap(&blanks(indent), &[Span::new(Role::Strong, url.as_str())], indent, style),
        Block::Steps(steps) => steps.iter().enumerate().flat_map(|(at, step)| step_lines(at + 1, step, indent, style)).collect(),
        Block::Item { subject, text } => {
            let colon = if text.is_empty() { "" } else { ": " };
            let spans = [Span::new(Role::Strong, word(subject)), Span::plain(format!("{colon}{text}"))];
            wrap(&blanks(2), &spans, INDENT, style)
        }
        Block::Finding(finding) => finding_lines(finding, style),
        Block::Table(table) => table::lines(table, indent, style),
    }
}

fn row_lines(row: &Row, label: usize, style: Style) -> Vec<String> {
    let start = row.level * 2;
    let sign = Span::new(row.glyph.role(), format!("{}{} ", " ".repeat(start), row.glyph.sign()));
    let label = row.label.as_ref().map(|name| {
        let name = format!("{}:", visible(&bounded(name, MAX_VALUE)));
        let pad = if row.spans.is_empty() { 0 } else { label.saturating_sub(name.width()) + 1 };
        Span::plain(name + &" ".repeat(pad))
    });
    let spans: Vec<Span> = label.into_iter().chain(row.spans.iter().cloned()).collect();
    wrap(&sign, &spans, start + 4, style)
}

fn blanks(n: usize) -> Span {
    Span::plain(" ".repeat(n))
}

pub(crate) fn label_width(blocks: &[Block]) -> usize {
    let width = |block: &Block| match block {
        Block::Row(Row { label: Some(name), .. }) => Some(visible(&bounded(name, MAX_VALUE)).width() + 1),
        _ => None,
    };
    blocks.iter().filter_map(width).filter(|width| *width <= MAX_LABEL).max().unwrap_or(0)
}

fn step_lines(number: usize, step: &str, indent: usize, style: Style) -> Vec<String> {
    let lead = format!("{}{number:>2}. ", " ".repeat(indent));
    let hang = lead.width();
    wrap(&Span::plain(lead), &[Span::plain(step)], hang, style)
}

/// A finding alone: its kind, its subject and the message in one paragraph.
fn finding_lines(finding: &Finding, style: Style) -> Vec<String> {
    let mut spans = vec![kind(finding), Span::plain(" ")];
    spans.extend(about(finding));
    let mut lines = wrap(&blanks(FINDING), &spans, FINDING + 2, style);
    lines.extend(fix_lines(&finding.fix, FINDING + 2, style));
    lines
}

fn same_kind(one: &Block, other: &Block) -> bool {
    one.finding().zip(other.finding()).is_some_and(|(one, other)| one.severity == other.severity && one.code == other.code)
}

/// Several findings of the kind of the first: the kind once, a paragraph for each, and a fix under the last that needs it.
fn findings_lines(first: &Finding, findings: &[&Finding], style: Style) -> Vec<String> {
    let mut lines = wrap(&blanks(FINDING), &[kind(first)], FINDING, style);
    for same_fix in findings.chunk_by(|one, other| one.fix == other.fix) {
        lines.extend(same_fix.iter().flat_map(|finding| wrap(&blanks(INDENT), &about(finding), INDENT + 2, style)));
        lines.extend(same_fix.last().iter().flat_map(|last| fix_lines(&last.fix, INDENT, style)));
    }
    lines
}

fn kind(finding: &Finding) -> Span {
    Span::new(finding.severity.role(), format!("{}[{}]", finding.severity.word(), finding.code))
}

fn about(finding: &Finding) -> [Span; 2] {
    [Span::new(Role::Strong, word(&finding.subject)), Span::plain(format!(": {}", finding.message))]
}

fn fix_lines(fix: &str, indent: usize, style: Style) -> Vec<String> {
    if fix.is_empty() {
        return Vec::new();
    }
    wrap(&blanks(indent), &[Span::new(Role::Strong, "fix:"), Span::plain(format!(" {fix}"))], indent + 2, style)
}
