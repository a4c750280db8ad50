//! Documents as GitHub's Markdown: comments on pull requests, issues, job summaries.
//!
//! The summary comes first, parts that need attention stay open, the rest is folded. A part that does not fit is
//! left out whole and named.

use unicode_width::UnicodeWidthStr;

use super::document::{Block, Document, Finding, Fold, Glyph, Heading, Row, Section, Table};
use super::escape::markdown::{code, fence, link, prose, text};
use super::escape::{MAX_PROSE, MAX_VALUE, bounded};
use super::human::label_width;

/// GitHub's limit for the body of a comment or an issue, in characters; counted in bytes here, which are never fewer.
pub const COMMENT_LIMIT: usize = 65_536;
/// GitHub's limit for the summary of one step, in bytes.
pub const SUMMARY_LIMIT: usize = 1_048_576;

/// Room for saying what was left out.
const NOTICE: usize = 3_000;
/// Characters of the sentences at the top.
const MAX_SENTENCE: usize = 300;

/// The hidden first line by which a comment is found again, so that it is updated in place.
///
/// `id` distinguishes several comments of one command, such as one for each gate.toml; empty if there is but one.
/// Search for it only at the start of a comment and only among your own comments: anyone can write such a line.
pub fn marker(name: &str, id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    let id: String = id.chars().map(|c| if plain(c) { c.to_string() } else { format!("%{:x}", u32::from(c)) }).collect();
    if id.is_empty() { format!("<!-- gatectl:{name} -->") } else { format!("<!-- gatectl:{name} {id} -->") }
}

/// The whole document, ending in a newline, in at most `limit` bytes (which are 16 KiB or more).
pub fn render(document: &Document, id: &str, limit: usize) -> String {
    let mut out = vec![marker(document.name, id), format!("### {}", prose(&bounded(&document.headline, MAX_SENTENCE)))];
    out.extend(document.next.iter().map(|next| prose(&bounded(next, MAX_SENTENCE))));
    let (shown, cut) = fit(pieces(document), limit.saturating_sub(size(&out) + NOTICE));
    out.extend(notice(&cut));
    out.extend(assemble(&shown));
    out.join("\n\n") + "\n"
}

/// A part that is shown whole or not at all.
struct Piece {
    /// What is missing without it.
    name: String,
    place: Placement,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Placement {
    Alert,
    Open,
    Fold(&'static str),
}

/// The maximum number of lines of a fold that stays open.
const SHORT: usize = 40;

fn pieces(document: &Document) -> Vec<Piece> {
    let mut lines: Vec<(Fold, usize)> = Vec::new();
    for (fold, section) in document.sections.iter().filter_map(|section| Some((section.fold?, section))) {
        let own = section_text(section).lines().count();
        match lines.iter_mut().find(|(known, _)| *known == fold) {
            Some((_, all)) => *all += own,
            None => lines.push((fold, own)),
        }
    }
    let long = |fold: &Fold| matches!(fold, Fold::Always(_)) || lines.iter().any(|(known, all)| known == fold && *all > SHORT);
    let title = |section: &Section| section.fold.filter(long).map(Fold::title);
    let folded = || document.sections.iter().filter_map(|section| Some((section, title(section)?)));
    let open = document.sections.iter().filter(|section| title(section).is_none());
    let alerts = folded().flat_map(|(section, _)| &section.alerts).map(|alert| Piece {
        name: format!("{} {}", alert.code, alert.subject),
        place: Placement::Alert,
        text: finding(alert),
    });
    let piece = |section: &Section, place| Piece { name: name(section), place, text: section_text(section) };
    alerts
        .chain(open.map(|section| piece(section, Placement::Open)))
        .chain(folded().map(|(section, fold)| piece(section, Placement::Fold(fold))))
        .collect()
}

fn name(section: &Section) -> String {
    section.heading.as_ref().map_or_else(String::new, |heading| heading.subject.clone().unwrap_or_else(|| heading.text.clone()))
}

fn size(parts: &[String]) -> usize {
    parts.iter().map(|part| part.len() + 2).sum()
}

/// The pieces that fit, and the names of the others.
fn fit(pieces: Vec<Piece>, room: usize) -> (Vec<Piece>, Vec<String>) {
    let (mut used, mut shown, mut cut) = (0, Vec::<Piece>::new(), Vec::new());
    for piece in pieces {
        let around = match piece.place {
            Placement::Fold(title) if !shown.iter().any(|other| other.place == piece.place) => {
                fold_open(title, usize::MAX).len() + FOLD_CLOSE.len() + 4
            }
            _ => 0,
        };
        let cost = piece.text.len() + 2 + around;
        if used + cost <= room {
            used += cost;
            shown.push(piece);
        } else {
            cut.push(piece.name);
        }
    }
    (shown, cut)
}

fn notice(cut: &[String]) -> Option<String> {
    let mut names = String::new();
    let mut named = 0;
    for name in cut {
        let name = code(&bounded(name, 100));
        // The sentences around the names use the rest of the space.
        if names.len() + name.len() + 2 > NOTICE - 300 {
            break;
        }
        names.push_str(if named > 0 { ", " } else { "" });
        names.push_str(&name);
        named += 1;
    }
    let more = if named < cut.len() { format!(" and {} more", cut.len() - named) } else { String::new() };
    (!cut.is_empty()).then(|| {
        format!(
            "> [!WARNING]\n> **This is not all:** {} of the parts did not fit: {names}{more}. `--format json` has everything.",
            cut.len()
        )
    })
}

fn assemble(shown: &[Piece]) -> Vec<String> {
    let texts =
        |place: Placement| shown.iter().filter(move |piece| piece.place == place).map(|piece| piece.text.clone()).collect::<Vec<_>>();
    let mut out = Vec::new();
    let alerts = texts(Placement::Alert);
    if !alerts.is_empty() {
        out.push(alerts.join("\n"));
    }
    out.extend(texts(Placement::Open));
    let mut folds: Vec<&'static str> = Vec::new();
    for piece in shown {
        match piece.place {
            Placement::Fold(title) if !folds.contains(&title) => folds.push(title),
            _ => {}
        }
    }
    for title in folds {
        let texts = texts(Placement::Fold(title));
        out.push(fold_open(title, texts.len()));
        out.extend(texts);
        out.push(FOLD_CLOSE.to_owned());
    }
    out
}

const FOLD_CLOSE: &str = "</details>";

/// The blank line after it lets Markdown begin again.
fn fold_open(title: &str, count: usize) -> String {
    let count = if count > 1 { format!(": {count}") } else { String::new() };
    format!("<details>\n<summary>{}{count}</summary>", text(title))
}

fn section_text(section: &Section) -> String {
    // The title of a fold says what a plain heading would; one that may stay open has headings of its own.
    let heading = section.heading.as_ref().filter(|heading| heading.subject.is_some() || section.fold.is_none());
    let mut parts: Vec<String> = heading.map(heading_text).into_iter().collect();
    let label = label_width(&section.blocks);
    let mut rows = Vec::new();
    for (at, block) in section.blocks.iter().enumerate() {
        if let Block::Row(row) = block {
            rows.push(row_text(row, label));
            if matches!(section.blocks.get(at + 1), Some(Block::Row(_))) {
                continue;
            }
            parts.push(fence("diff", &rows).trim_end().to_owned());
            rows.clear();
            continue;
        }
        let text = block_text(block);
        // Neighboring entries are one list.
        match (at.checked_sub(1).and_then(|before| section.blocks.get(before)), parts.last_mut()) {
            (Some(before), Some(last)) if is_entry(before) && is_entry(block) => last.push_str(&format!("\n{text}")),
            _ => parts.push(text),
        }
    }
    parts.join("\n\n")
}

const fn is_entry(block: &Block) -> bool {
    matches!(block, Block::Item { .. } | Block::Finding(_))
}

fn heading_text(heading: &Heading) -> String {
    let words = prose(&bounded(&heading.text, MAX_PROSE));
    match &heading.subject {
        Some(subject) => {
            let sign = match heading.glyph {
                Glyph::None => String::new(),
                glyph => format!("**{}** ", text(&glyph.sign().to_string())),
            };
            format!("{sign}{} {words}", subject_code(subject))
        }
        None => format!("**{words}**"),
    }
}

/// A line of a `diff` block: GitHub colors it by its first character.
fn row_text(row: &Row, label: usize) -> String {
    let name = row.label.as_ref().map_or_else(String::new, |name| {
        let name = bounded(name, MAX_VALUE);
        let pad = if row.spans.is_empty() { 0 } else { label.saturating_sub(name.width() + 1) + 1 };
        format!("{name}:{}", " ".repeat(pad))
    });
    let values: String = row.spans.iter().map(|span| bounded(&span.text, MAX_PROSE)).collect();
    format!("{} {}{name}{values}", row.glyph.sign(), "  ".repeat(row.level.saturating_sub(1))).trim_end().to_owned()
}

fn block_text(block: &Block) -> String {
    let bounded = |text: &str| bounded(text, MAX_PROSE).into_owned();
    match block {
        Block::Row(row) => fence("diff", &[row_text(row, 0)]),
        Block::Text(words) => prose(&bounded(words)),
        Block::Quote(words) => quote(&bounded(words)),
        Block::Link(url) => link(&bounded(url)),
        Block::Steps(steps) => {
            let step = |(at, step): (usize, &String)| format!("{}. {}", at + 1, prose(&bounded(step)));
            steps.iter().enumerate().map(step).collect::<Vec<_>>().join("\n")
        }
        Block::Item { subject, text } if text.is_empty() => format!("- {}", subject_code(subject)),
        Block::Item { subject, text } => format!("- {}: {}", subject_code(subject), prose(&bounded(text))),
        Block::Finding(problem) => finding(problem),
        Block::Table(rows) => table(rows),
    }
}

/// The name of a thing.
fn subject_code(subject: &str) -> String {
    code(&bounded(subject, MAX_VALUE))
}

/// Lines stay lines by a backslash: a tag that stood alone on its line would turn those after it into HTML.
fn quote(words: &str) -> String {
    let lines: Vec<String> = words.split('\n').map(prose).collect();
    let ends = lines.iter().skip(1).map(String::as_str).chain(std::iter::once("")).map(str::trim);
    let line = |(line, next): (&String, &str)| match (line.trim(), next) {
        ("", _) => ">".to_owned(),
        (line, "") => format!("> {line}"),
        (line, _) => format!("> {line}\\"),
    };
    lines.iter().zip(ends).map(line).collect::<Vec<_>>().join("\n")
}

fn finding(finding: &Finding) -> String {
    let Finding { severity, code: name, subject, message, fix, place: _ } = finding;
    let fix = if fix.is_empty() { String::new() } else { format!("<br>fix: {}", prose(&bounded(fix, MAX_PROSE))) };
    let tag = text(&format!("{}[{name}]", severity.word()));
    format!("- **{tag}** {}: {}{fix}", subject_code(subject), prose(&bounded(message, MAX_PROSE)))
}

fn table(table: &Table) -> String {
    let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let columns = table.header.len();
    let header = row(table.header.iter().map(|name| prose(name)).collect());
    let rule = row(vec!["---".to_owned(); columns]);
    let body = table.rows.iter().map(|cells| {
        let cells = cells.iter().map(|cell| prose(&bounded(&cell.text, MAX_VALUE)));
        row(cells.chain(std::iter::repeat(String::new())).take(columns).collect())
    });
    [header, rule].into_iter().chain(body).collect::<Vec<_>>().join("\n")
}
