//! Colors and width: how a terminal shows a document.

use std::io::IsTerminal;

use anstyle::{AnsiColor, Effects, Style as Ansi};
use clap::ValueEnum;

use super::document::Role;

/// When to use colors: the values of `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Color {
    /// On a terminal; `NO_COLOR` and `CLICOLOR_FORCE` are honored.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Applies this to every stream of the process, so that help, errors and results agree.
    pub fn install(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// How text is laid out for a terminal, or for a substitute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to write colors.
    pub color: bool,
    /// Columns; lines are wrapped between words to stay within.
    pub width: usize,
}

impl Style {
    /// The width that text is laid out for if no other is known.
    pub const WIDTH: usize = 80;

    /// Narrower than this, words would be broken on most lines.
    const NARROWEST: usize = 40;
    /// Wider than this, lines are hard to read.
    const WIDEST: usize = 120;

    /// No colors, 80 columns: for logs, files and tests.
    pub const PLAIN: Self = Self { color: false, width: Self::WIDTH };

    /// The style for standard output.
    pub fn stdout() -> Self {
        Self::of(&std::io::stdout())
    }

    /// The style for standard error.
    pub fn stderr() -> Self {
        Self::of(&std::io::stderr())
    }

    fn of(stream: &(impl anstream::stream::RawStream + IsTerminal)) -> Self {
        let color = anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never;
        let columns = if IsTerminal::is_terminal(stream) { terminal_size::terminal_size() } else { None };
        let width = columns.map_or(Self::WIDTH, |(width, _)| usize::from(width.0).clamp(Self::NARROWEST, Self::WIDEST));
        Self { color, width }
    }

    /// A piece of finished text in the color of its role.
    pub(super) fn paint(self, role: Role, text: &str) -> String {
        let ansi = ansi(role);
        if self.color && ansi != Ansi::new() && !text.is_empty() {
            format!("{}{text}{}", ansi.render(), ansi.render_reset())
        } else {
            text.to_owned()
        }
    }
}

const fn ansi(role: Role) -> Ansi {
    match role {
        Role::Plain => Ansi::new(),
        Role::Quiet => Ansi::new().effects(Effects::DIMMED),
        Role::Strong => Ansi::new().effects(Effects::BOLD),
        Role::Added => AnsiColor::Green.on_default(),
        Role::Removed => AnsiColor::Red.on_default(),
        Role::AddedPart => AnsiColor::Green.on_default().effects(Effects::BOLD.insert(Effects::UNDERLINE)),
        Role::RemovedPart => AnsiColor::Red.on_default().effects(Effects::BOLD.insert(Effects::UNDERLINE)),
        Role::Changed => AnsiColor::Yellow.on_default(),
        Role::Alert => AnsiColor::Yellow.on_default().effects(Effects::BOLD),
        Role::Failure => AnsiColor::Red.on_default().effects(Effects::BOLD),
    }
}
