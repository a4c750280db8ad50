//! The request to stop, checked before every write and every wait.
//!
//! Must not know who requests it or what it stops.
//! Tested by `tests/program/signals.rs`.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts the requests to stop: after one, no write is sent and waits end; after two, nothing is waited for.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<u8>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Stop {
    /// Requests the stop.
    pub fn set(&self) {
        self.0.send_modify(|count| *count = count.saturating_add(1));
    }

    /// Whether it was requested.
    pub fn is_set(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Returns once it was requested `times` times.
    pub async fn asked(&self, times: u8) {
        // The sender lives as long as this does, so the wait cannot fail.
        let _ = self.0.subscribe().wait_for(|count| *count >= times).await;
    }

    /// Waits for a future that can be dropped at any time; `None` once a stop is requested.
    pub async fn unless_set<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            // A future that ends because of the stop has no result of its own.
            biased;
            () = self.asked(1) => None,
            done = work => Some(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_can_be_dropped_ends_with_the_first_wish() {
        let stop = Stop::default();
        assert_eq!((stop.is_set(), stop.unless_set(async { 1 }).await), (false, Some(1)));
        let (dropped, ()) = tokio::join!(stop.unless_set(std::future::pending::<()>()), async { stop.set() });
        assert_eq!((dropped, stop.is_set()), (None, true));
        assert_eq!(stop.unless_set(async { 1 }).await, None, "nothing is begun after it");
        stop.set();
        stop.asked(2).await;
    }
}
