//! How far a run over many repositories has come: on a terminal a bar, in a log a line every ten seconds.

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::model::{Address, RepoName};

use super::super::Session;
use super::super::output::to_stderr;

/// How often a log gets a line.
const BETWEEN_LINES: Duration = Duration::from_secs(10);
/// Characters of the bar.
const BAR: usize = 20;

/// Counts repositories.
pub(super) struct Counter<'s> {
    session: &'s Session,
    what: &'static str,
    total: usize,
    done: Cell<usize>,
    began: Instant,
    last_line: Cell<Instant>,
}

impl<'s> Counter<'s> {
    pub(super) fn new(session: &'s Session, what: &'static str, total: usize) -> Self {
        let now = Instant::now();
        let counter = Self { session, what, total, done: Cell::new(0), began: now, last_line: Cell::new(now) };
        session.progress.phase(&counter.line());
        counter
    }

    /// One more repository is done.
    pub(super) fn one_more(&self) {
        self.done.set(self.done.get() + 1);
        let line = self.line();
        self.session.progress.phase(&line);
        // If no progress line is drawn, a log line shows that the run is alive.
        let in_words = !self.session.progress.is_shown() && !self.session.global.quiet;
        if in_words && self.last_line.get().elapsed() >= BETWEEN_LINES {
            self.last_line.set(Instant::now());
            to_stderr(&line);
        }
    }

    fn line(&self) -> String {
        shown(self.what, self.done.get(), self.total, self.began.elapsed())
    }
}

/// Works on all repositories, this many at once, and counts them. The results are in the order of the repositories' addresses.
///
/// # Errors
/// The first failure, or a stop.
pub(in crate::commands) async fn each<I, T>(
    session: &Session,
    what: &'static str,
    at_once: usize,
    all: Vec<I>,
    work: impl AsyncFn(I) -> anyhow::Result<(RepoName, T)>,
) -> anyhow::Result<Vec<(RepoName, T)>> {
    let counter = Counter::new(session, what, all.len());
    let mut done = Vec::new();
    let mut working = stream::iter(all).map(|one| work(one)).buffer_unordered(at_once);
    while let Some(one) = session.unless_stopped(working.next()).await? {
        counter.one_more();
        done.push(one?);
    }
    drop(working);
    done.sort_by_cached_key(|(name, _)| Address::repository(name));
    Ok(done)
}

fn shown(what: &str, done: usize, total: usize, elapsed: Duration) -> String {
    let filled = (done * BAR).checked_div(total).unwrap_or(BAR);
    let bar = format!("[{}{}]", "#".repeat(filled), "-".repeat(BAR - filled));
    let seconds = elapsed.as_secs_f64();
    if done == 0 || seconds < 0.001 {
        return format!("{what} {bar} {done} of {total} repositories");
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate is rounded anyway")]
    let (rate, left) = (done as f64 / seconds, (total - done) as f64);
    format!("{what} {bar} {done} of {total} repositories, {rate:.0}/s, about {:.0} s left", (left / rate).ceil())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_bar_a_rate_and_an_estimate() {
        assert_eq!(shown("reading", 0, 40, Duration::ZERO), "reading [--------------------] 0 of 40 repositories");
        assert_eq!(
            shown("reading", 10, 40, Duration::from_secs(2)),
            "reading [#####---------------] 10 of 40 repositories, 5/s, about 6 s left"
        );
        assert_eq!(shown("reading", 0, 0, Duration::ZERO), "reading [####################] 0 of 0 repositories");
    }
}
