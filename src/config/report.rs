//! The problems of a file as text for people.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::problem::{Problem, Problems};
use super::position::Position;

/// How many problems are shown; the rest is counted.
const SHOWN: usize = 50;

/// How many characters of a line are shown on either side of what is pointed at.
const AROUND: usize = 60;

impl Problems {
    /// Shows the problems without colour.
    #[must_use]
    pub fn plain(&self) -> String {
        self.render(&Renderer::plain())
    }

    /// Shows the problems with ANSI colours.
    #[must_use]
    pub fn styled(&self) -> String {
        self.render(&Renderer::styled())
    }

    /// One line for each problem, `gate.toml:LINE:COL: message; help`, for editors and logs.
    #[must_use]
    pub fn lines(&self) -> String {
        let line = |p: &Problem| {
            let help = p.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            visible(&format!("{}:{}:{}: {}{help}", self.path, p.at.line, p.at.column, p.message))
        };
        self.problems.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn render(&self, renderer: &Renderer) -> String {
        let mut out = String::new();
        for problem in self.problems.iter().take(SHOWN) {
            out.push_str(&renderer.render(&[self.group(problem)]));
            out.push_str("\n\n");
        }
        let count = self.problems.len();
        let path = visible(&self.path);
        out.push_str(&match count {
            1 => format!("{path}: 1 problem"),
            _ if count > SHOWN => format!("{path}: {count} problems, the first {SHOWN} are shown; correct these and run again"),
            _ => format!("{path}: {count} problems"),
        });
        out
    }

    fn group<'p>(&'p self, problem: &'p Problem) -> Group<'p> {
        let group = Group::with_title(Level::ERROR.primary_title(visible(&problem.message)));
        let mut group = self.excerpt(group, &problem.at, AnnotationKind::Primary, &problem.label);
        if let Some(related) = &problem.related {
            group = self.excerpt(group, &related.at, AnnotationKind::Context, &related.label);
        }
        match &problem.help {
            Some(help) => group.element(Level::HELP.message(visible(help))),
            None => group,
        }
    }

    fn excerpt<'p>(&'p self, group: Group<'p>, at: &Position, kind: AnnotationKind, label: &str) -> Group<'p> {
        let excerpt = Excerpt::of(&self.text, at);
        group.element(Origin::path(visible(&self.path)).line(at.line).char_column(at.column)).element(
            Snippet::source(excerpt.line)
                .line_start(at.line)
                .annotation(kind.span(excerpt.start..excerpt.end).label(visible(label))),
        )
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plain())
    }
}

impl std::error::Error for Problems {}

/// The part of one line that surrounds a position, safe to print.
struct Excerpt {
    line: String,
    start: usize,
    end: usize,
}

impl Excerpt {
    fn of(text: &str, at: &Position) -> Self {
        let before = text.get(..at.span.start).unwrap_or_default();
        let before = before.rsplit('\n').next().unwrap_or_default();
        let after = text.get(at.span.start..).unwrap_or_default().lines().next().unwrap_or_default();
        let marked = after.get(..at.span.len().min(after.len())).unwrap_or(after);
        let rest = after.get(marked.len()..).unwrap_or_default();

        let mut line = String::new();
        let from = before.char_indices().rev().nth(AROUND - 1).map_or(0, |(i, _)| i);
        if from > 0 {
            line.push_str("...");
        }
        line.push_str(&visible(before.get(from..).unwrap_or_default()));
        let start = line.len();
        let most = AROUND.min(marked.chars().count().max(1));
        line.extend(visible(marked).chars().take(most));
        let end = line.len();
        let shown: String = visible(marked).chars().skip(most).chain(visible(rest).chars()).take(AROUND).collect();
        let cut = marked.chars().count() + rest.chars().count() > most + AROUND;
        line.push_str(&shown);
        if cut {
            line.push_str("...");
        }
        Self { line, start, end }
    }
}

/// Puts a replacement character in the place of each character that a terminal would obey or hide, so that columns stay.
fn visible(text: &str) -> String {
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

/// Control characters, and the format characters that reorder, join or hide text.
fn hidden(c: char) -> bool {
    let invisible = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    (c.is_control() && c != '\t') || invisible
}
