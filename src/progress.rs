//! The progress line on standard error while the user waits.
//!
//! Owns the one line that appears after a second and is wiped at the end. Must not know what is being done.
//! Tested in this file and by `tests/program/terminal.rs`.

use std::io::{self, IsTerminal, Write as _};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};

use crate::render::escape::{bounded, visible};

/// Anything faster than this shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);
/// Characters of a message; a line that wraps cannot be wiped.
const MAX_MESSAGE: usize = 100;

/// Whether progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// On a terminal, after a second.
    Shown,
    /// Never.
    Hidden,
}

impl Mode {
    /// Shown on a terminal, except with `-q` and in CI (the environment variable `CI` is set).
    pub fn detect(quiet: bool, ci: bool) -> Self {
        if !quiet && !ci && io::stderr().is_terminal() { Self::Shown } else { Self::Hidden }
    }
}

/// Columns that stay free for what the terminal echoes: `^C`, twice.
const ECHO: u16 = 5;

/// Standard error, a little narrower than it is. The line is padded to its end, so an echoed `^C` would otherwise wrap: the next
/// line would be wiped, and this one left behind.
#[derive(Debug)]
struct Narrow;

impl Narrow {
    fn write(sequence: std::fmt::Arguments<'_>) -> io::Result<()> {
        io::stderr().write_fmt(sequence)
    }

    /// Moves the cursor; a zero would mean one.
    fn go(by: usize, direction: char) -> io::Result<()> {
        if by == 0 { Ok(()) } else { Self::write(format_args!("\u{1b}[{by}{direction}")) }
    }
}

impl TermLike for Narrow {
    fn width(&self) -> u16 {
        terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| width.0).saturating_sub(ECHO).max(1)
    }
    fn move_cursor_up(&self, by: usize) -> io::Result<()> {
        Self::go(by, 'A')
    }
    fn move_cursor_down(&self, by: usize) -> io::Result<()> {
        Self::go(by, 'B')
    }
    fn move_cursor_right(&self, by: usize) -> io::Result<()> {
        Self::go(by, 'C')
    }
    fn move_cursor_left(&self, by: usize) -> io::Result<()> {
        Self::go(by, 'D')
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        Self::write(format_args!("{text}\n"))
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        Self::write(format_args!("{text}"))
    }
    fn clear_line(&self) -> io::Result<()> {
        Self::write(format_args!("\r\u{1b}[2K"))
    }
    fn flush(&self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The line of progress; gone when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    mode: Mode,
    deadline: Arc<Mutex<Option<Instant>>>,
    /// Dropping it tells the thread that waits for the first second to give up.
    _alive: Option<Sender<()>>,
}

impl Progress {
    /// Starts the clock; nothing is shown yet.
    pub fn new(mode: Mode) -> Self {
        // Only Unix terminals echo a Ctrl-C; on Windows the library knows how to draw.
        let target = || if cfg!(unix) { ProgressDrawTarget::term_like(Box::new(Narrow)) } else { ProgressDrawTarget::stderr() };
        Self::drawing_on(mode, target, PATIENCE)
    }

    fn drawing_on(mode: Mode, target: impl FnOnce() -> ProgressDrawTarget + Send + 'static, delay: Duration) -> Self {
        let deadline: Arc<Mutex<Option<Instant>>> = Arc::default();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_style(style(&deadline));
        let alive = (mode == Mode::Shown).then(|| {
            let (alive, dropped) = channel();
            let bar = bar.clone();
            std::thread::spawn(move || {
                if dropped.recv_timeout(delay) == Err(RecvTimeoutError::Timeout) {
                    bar.set_draw_target(target());
                    bar.enable_steady_tick(TICK);
                }
            });
            alive
        });
        Self { bar, mode, deadline, _alive: alive }
    }

    /// Whether the line is ever visible.
    pub fn is_shown(&self) -> bool {
        self.mode == Mode::Shown
    }

    /// Says what is being done now: `reading github/o/r`.
    pub fn phase(&self, what: &str) {
        self.set_deadline(None);
        self.say(what);
    }

    /// Shows what is being waited for, and counts down.
    pub fn wait(&self, why: &str, until: Instant) {
        self.set_deadline(Some(until));
        self.say(why);
    }

    /// Runs something that prints or asks, with the line hidden.
    pub fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    fn say(&self, what: &str) {
        self.bar.set_message(visible(&bounded(what, MAX_MESSAGE)));
    }

    fn set_deadline(&self, until: Option<Instant>) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(deadline: &Arc<Mutex<Option<Instant>>>) -> ProgressStyle {
    let deadline = Arc::clone(deadline);
    let left = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
        if let Some(until) = *deadline.lock().unwrap_or_else(PoisonError::into_inner) {
            // Nothing can be done about a line that cannot be drawn.
            let _ = write!(out, " ({})", countdown(until.saturating_duration_since(Instant::now())));
        }
    };
    let style = ProgressStyle::with_template("{spinner} {msg}{left}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    style.with_key("left", left).tick_chars("|/-\\ ")
}

/// `1m 05s left`; a second that has begun counts.
fn countdown(left: Duration) -> String {
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s left"),
        (minutes, seconds) => format!("{minutes}m {seconds:02}s left"),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use indicatif::TermLike;

    use super::*;

    /// A terminal of one line.
    #[derive(Debug, Clone, Default)]
    struct Line(Arc<Mutex<String>>);

    impl Line {
        fn contents(&self) -> String {
            self.0.lock().unwrap().trim_end().to_owned()
        }
    }

    impl TermLike for Line {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            self.0.lock().unwrap().clear();
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn on(term: &Line, mode: Mode, delay: Duration) -> Progress {
        let term = term.clone();
        Progress::drawing_on(mode, move || ProgressDrawTarget::term_like(Box::new(term)), delay)
    }

    /// Waits for an expected event, without a time limit of its own.
    fn until(shown: impl Fn() -> bool) {
        while !shown() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_line_says_what_is_done_and_leaves_no_trace() {
        let term = Line::default();
        let progress = on(&term, Mode::Shown, Duration::ZERO);
        progress.phase("reading \u{1b}[31mgithub/o/r");
        until(|| term.contents().contains("reading \\u{1b}[31mgithub/o/r"));
        progress.wait("rate limit", Instant::now() + Duration::from_secs(3_600));
        until(|| term.contents().contains("rate limit (") && term.contents().contains(" left)"));
        progress.phase("writing");
        until(|| term.contents().contains("writing") && !term.contents().contains("left"));
        drop(progress);
        assert_eq!(term.contents(), "");
    }

    #[test]
    fn what_is_short_or_hidden_shows_nothing() {
        let term = Line::default();
        for progress in [on(&term, Mode::Shown, Duration::from_secs(3_600)), on(&term, Mode::Hidden, Duration::ZERO)] {
            progress.phase("reading");
            assert_eq!(progress.suspend(|| 7), 7);
        }
        assert_eq!(term.contents(), "");
    }

    #[test]
    fn quiet_and_ci_hide_it_everywhere() {
        assert_eq!(Mode::detect(true, false), Mode::Hidden);
        assert_eq!(Mode::detect(false, true), Mode::Hidden);
    }

    #[test]
    fn a_countdown_ends_at_nothing() {
        assert_eq!(countdown(Duration::ZERO), "0s left");
        assert_eq!(countdown(Duration::from_millis(1)), "1s left");
        assert_eq!(countdown(Duration::from_secs(65)), "1m 05s left");
    }
}
