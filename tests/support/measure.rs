//! A run of the program, measured from outside: how long it took, what it printed, and the most memory it had. Benchmarks use it.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use gatectl::sandbox::Sandbox;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// One run.
pub struct Measured {
    pub time: Duration,
    pub stdout: Vec<u8>,
    /// `VmHWM`, in kB, if the system reports it.
    pub memory: Option<u32>,
}

impl Measured {
    /// Milliseconds.
    pub fn ms(&self) -> f64 {
        ms(self.time)
    }

    /// The most memory in MB; 0 if the system does not report it.
    pub fn megabytes(&self) -> f64 {
        f64::from(self.memory.unwrap_or(0)) / 1024.0
    }
}

/// Runs `program` against the emulator in a directory, with nothing else in its environment than that emulator and a cache in the same directory.
pub async fn run(program: &str, sandbox: &Sandbox, directory: &Path, args: &[&str]) -> Measured {
    let mut command = Command::new(program);
    command.args(args).current_dir(directory).env_clear().stdout(Stdio::piped()).stderr(Stdio::null());
    command.env("GITHUB_API_URL", sandbox.github_url()).env("HEROKU_HOST", sandbox.heroku_url());
    command.env("GH_TOKEN", "sandbox").env("HEROKU_API_KEY", "sandbox").env("XDG_CACHE_HOME", directory);
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let read = tokio::spawn(async move {
        let mut text = Vec::new();
        stdout.read_to_end(&mut text).await.unwrap();
        text
    });
    let mut memory = None;
    while child.try_wait().unwrap().is_none() {
        memory = memory.max(child.id().and_then(peak));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let time = begun.elapsed();
    Measured { time, stdout: read.await.unwrap(), memory }
}

/// Runs a benchmark; under `cargo test` benchmarks are only built.
pub fn bench(work: impl Future<Output = ()>) {
    if std::env::args().any(|arg| arg == "--bench") {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
    }
}

/// The median of some durations.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// A duration in milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// `VmHWM` of a running process, in kB.
fn peak(process: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().trim_end_matches("kB").trim().parse().ok()
}
