//! The problems of a file as text for people.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::position::Position;
use super::problem::{Problem, Problems};

/// How many problems are shown; the rest is counted.
const SHOWN: usize = 50;

/// How many characters of a line are shown on either side of the marked text.
const AROUND: usize = 100;

impl Problems {
    /// Shows the problems without color.
    pub fn plain(&self) -> String {
        self.render(&Renderer::plain())
    }

    /// Shows the problems with ANSI colors.
    pub fn styled(&self) -> String {
        self.render(&Renderer::styled())
    }

    /// One line for each problem, `gate.toml:LINE:COL: message; help`, for editors and logs.
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
            out.push_str(&with_one_marker(&renderer.render(&[self.group(problem)])));
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

    fn group<'p>(&self, problem: &Problem) -> Group<'p> {
        let group = Group::with_title(Level::ERROR.primary_title(visible(&problem.message)));
        let excerpt = Excerpt::of(&self.text, &problem.at);
        let mut primary = excerpt.snippet(problem.at.line).annotation(excerpt.mark(AnnotationKind::Primary, &problem.label));
        let mut second = None;
        if let Some(related) = &problem.related {
            let other = Excerpt::of(&self.text, &related.at);
            let mark = other.mark(AnnotationKind::Context, &related.label);
            if (related.at.line, &other.line) == (problem.at.line, &excerpt.line) {
                primary = primary.annotation(mark);
            } else {
                second = Some((other.snippet(related.at.line).annotation(mark), &related.at, other.left));
            }
        }
        let mut group = self.place(group, primary, &problem.at, excerpt.left);
        if let Some((snippet, at, left)) = second {
            group = self.place(group, snippet, at, left);
        }
        match &problem.help {
            Some(help) => group.element(Level::HELP.message(visible(help))),
            None => group,
        }
    }

    /// Names the place of a snippet; if the start of its line is missing, the renderer cannot count the column.
    fn place<'p>(&self, group: Group<'p>, snippet: Snippet<'p, Annotation<'p>>, at: &Position, left: Left) -> Group<'p> {
        let path = visible(&self.path);
        match left {
            Left::Whole => group.element(snippet.path(path)),
            Left::Cut => group.element(Origin::path(path).line(at.line).char_column(at.column)).element(snippet),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plain())
    }
}

impl std::error::Error for Problems {}

/// Marks a second place as the first is marked. A runner of GitHub Actions takes a line that begins with `::` for a command, so
/// the `:::` of the library would be printed escaped.
fn with_one_marker(text: &str) -> String {
    let line = |line: &str| match line.trim_start().strip_prefix("::: ") {
        Some(place) => format!("{}--> {place}", &line[..line.len() - line.trim_start().len()]),
        None => line.to_owned(),
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// The part of one line that surrounds a position, safe to print.
struct Excerpt {
    line: String,
    marked: Range<usize>,
    left: Left,
}

/// Whether an excerpt begins where its line begins.
#[derive(Clone, Copy)]
enum Left {
    Whole,
    Cut,
}

impl Excerpt {
    fn of(text: &str, at: &Position) -> Self {
        let (before, after) = text.split_at_checked(at.span.start).unwrap_or((text, ""));
        let before = before.rsplit('\n').next().unwrap_or_default();
        let after = after.lines().next().unwrap_or_default();
        let (marked, rest) = after.split_at_checked(at.span.len()).unwrap_or((after, ""));

        let (mut line, left) = match before.char_indices().rev().nth(AROUND) {
            None => (visible(before), Left::Whole),
            Some((from, _)) => (format!("...{}", visible(before.get(from..).unwrap_or_default())), Left::Cut),
        };
        let start = line.len();
        line.push_str(&first(marked, AROUND));
        let end = line.len();
        if marked.chars().count() <= AROUND {
            line.push_str(&first(rest, AROUND));
        }
        Self { line, marked: start..end, left }
    }

    fn snippet<'p>(&self, number: usize) -> Snippet<'p, Annotation<'p>> {
        Snippet::source(self.line.clone()).line_start(number)
    }

    fn mark<'p>(&self, kind: AnnotationKind, label: &str) -> Annotation<'p> {
        kind.span(self.marked.clone()).label(visible(label))
    }
}

/// At most this many characters, safe to print, with dots for the rest.
fn first(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => visible(text),
        Some((end, _)) => format!("{}...", visible(text.get(..end).unwrap_or_default())),
    }
}

/// Puts a replacement character in the place of each character that a terminal would obey or hide, and a blank in that of a
/// tab, so that columns stay.
fn visible(text: &str) -> String {
    let shown = |c| match c {
        '\t' => ' ',
        c if hidden(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).collect()
}

/// Control characters, and the format characters that reorder, join or hide text.
pub(super) fn hidden(c: char) -> bool {
    let invisible = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    (c.is_control() && c != '\t') || invisible
}
