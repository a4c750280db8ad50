//! Ctrl-C, SIGTERM and SIGHUP: asked once to stop, and twice to give up.

use crate::stop::Stop;

/// Listens for as long as the runtime lives.
///
/// # Errors
/// When signals cannot be listened to.
pub(super) fn listen(stop: Stop) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
            let mut signals = signal(kind)?;
            let stop = stop.clone();
            tokio::spawn(async move {
                while signals.recv().await.is_some() {
                    stop.set();
                }
            });
        }
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            stop.set();
        }
    });
    Ok(())
}
