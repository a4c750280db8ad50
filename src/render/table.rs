//! Aligned tables for a terminal, and CSV for everything else.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::document::{Role, Span, Table};
use super::escape::{MAX_VALUE, actions, bounded, visible};
use super::style::Style;

const GAP: usize = 2;
/// No column gets narrower than this, however narrow the terminal is.
const NARROW: usize = 8;

/// The table as finished lines: a header, then the rows, cells wrapped inside their columns.
pub(super) fn lines(table: &Table, indent: usize, style: Style) -> Vec<String> {
    let header: Vec<Span> = table.header.iter().map(|name| Span::new(Role::Strong, visible(name))).collect();
    let rows = table.rows.iter().map(|row| row.iter().map(|cell| Span::new(cell.role, visible(&bounded(&cell.text, MAX_VALUE)))).collect());
    let rows: Vec<Vec<Span>> = std::iter::once(header).chain(rows).collect();
    let widths = widths(&rows, style.width.saturating_sub(indent));
    rows.iter().flat_map(|row| row_lines(row, &widths, indent, style)).collect()
}

fn widths(rows: &[Vec<Span>], room: usize) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let natural = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.width()).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..columns).map(natural).collect();
    let room = room.saturating_sub(GAP * columns.saturating_sub(1));
    // The widest column gives way first, so that short ones stay on one line.
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max_by_key(|width| **width) {
            Some(widest) if *widest > NARROW => *widest -= 1,
            _ => break,
        }
    }
    widths
}

fn row_lines(row: &[Span], widths: &[usize], indent: usize, style: Style) -> Vec<String> {
    let cells: Vec<Vec<String>> = row.iter().zip(widths).map(|(cell, width)| fold(&cell.text, *width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    (0..height)
        .map(|at| {
            let mut plain = " ".repeat(indent);
            let mut painted = plain.clone();
            for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
                let text = cell.get(at).map_or("", String::as_str);
                let role = row.get(column).map_or(Role::Plain, |span| span.role);
                let rest = cells.iter().skip(column + 1).any(|cell| cell.get(at).is_some_and(|text| !text.is_empty()));
                let pad = if rest { " ".repeat(width.saturating_sub(text.width()) + GAP) } else { String::new() };
                plain.push_str(&format!("{text}{pad}"));
                painted.push_str(&format!("{}{pad}", style.paint(role, text)));
            }
            match actions::log_line(plain.trim_end()) {
                Cow::Borrowed(_) => painted.trim_end().to_owned(),
                Cow::Owned(safe) => safe,
            }
        })
        .collect()
}

/// Breaks a cell between words, and inside a word that is wider than the column.
fn fold(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let blank = usize::from(used > 0);
        if used > 0 && used + blank + word.width() > width {
            lines.push(String::new());
            used = 0;
        } else if let (1, Some(line)) = (blank, lines.last_mut()) {
            line.push(' ');
            used += 1;
        }
        for c in word.chars() {
            let wide = c.width().unwrap_or(0);
            if used > 0 && used + wide > width {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
            used += wide;
        }
    }
    lines
}

/// The table as CSV (RFC 4180): a header record, `,`, CRLF.
///
/// Made to be opened in a spreadsheet by a user who trusts it: a cell that a spreadsheet would compute (it begins
/// with `=`, `+`, `-`, `@`) gets a `'` in front, and what cannot be seen is written as an escape, line breaks included,
/// so that each record is one line.
pub fn csv(table: &Table) -> String {
    // A quote in front of a cell also keeps `::` from the start of a line.
    let mut writer =
        csv::WriterBuilder::new().quote_style(csv::QuoteStyle::NonNumeric).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let mut record = |cells: Vec<String>| writer.write_record(cells);
    let padded = |row: &[Span]| (0..table.header.len()).map(|n| csv_cell(row.get(n).map_or("", |cell| &cell.text))).collect();
    let header = table.header.iter().map(|name| csv_cell(name)).collect();
    // Writing into memory cannot fail, and every record has a cell for each column.
    let written = std::iter::once(header).chain(table.rows.iter().map(|row| padded(row))).try_for_each(&mut record);
    debug_assert!(written.is_ok());
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn csv_cell(raw: &str) -> String {
    let mut cell = visible(raw);
    // Spreadsheets skip leading blanks before they look for a formula.
    if cell.trim_start().starts_with(['=', '+', '-', '@']) {
        cell.insert(0, '\'');
    }
    cell.replace("##[", "#\\u{23}[")
}
