//! Flags of the verbs about runs: `pending`, `approve`, `reject` and `evidence`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueHint};
use jiff::Timestamp;

use super::FleetArgs;
use crate::model::{CommitPin, RunRef, parse_duration};
use crate::providers::github::runs::evidence::Standing;

/// Flags of `pending`.
#[derive(Debug, Args)]
pub struct PendingArgs {
    /// Only what has waited longer than this, such as 2d or 12h
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub older_than: Option<Duration>,
    /// Exit 2 if anything is listed
    #[arg(long)]
    pub exit_code: bool,
}

/// Flags that `approve` and `reject` share.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// The comment in GitHub's record [default: prompted for on a terminal]
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// Only if the run is for this commit: a full or abbreviated SHA, at least seven digits
    #[arg(long, value_name = "COMMIT")]
    pub sha: Option<CommitPin>,
    /// Do not ask for confirmation
    #[arg(long)]
    pub auto_approve: bool,
}

/// Flags of `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The run ID or the run URL
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<RunRef>,
    /// What is approved, and how.
    #[command(flatten)]
    pub review: ReviewArgs,
    /// Approve even if it cannot be determined whether deploys are frozen
    #[arg(long)]
    pub ignore_unreachable_freeze: bool,
}

/// Flags of `reject`.
#[derive(Debug, Args)]
pub struct RejectArgs {
    /// The run ID or the run URL
    #[arg(value_name = "RUN", required_unless_present = "stale")]
    pub runs: Vec<RunRef>,
    /// Reject every run that a newer deployment has overtaken
    #[arg(long, conflicts_with_all = ["runs", "sha"])]
    pub stale: bool,
    /// How it is rejected.
    #[command(flatten)]
    pub review: ReviewArgs,
}

/// Flags of `evidence`.
#[derive(Debug, Args)]
pub struct EvidenceArgs {
    /// Only the newest N deployments of each environment
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000), conflicts_with = "since")]
    pub last: u16,
    /// Only deployments since then: a duration back such as 30d, a date, or an RFC 3339 time
    #[arg(long, value_name = "TIME")]
    pub since: Option<Since>,
    /// Only deployments before this time, with --since [default: now]
    #[arg(long, value_name = "TIME", requires = "since")]
    pub until: Option<Since>,
    /// A GitHub audit log, exported or streamed as JSON lines: exact times, bypasses and the rules in force
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub audit_log: Option<PathBuf>,
    /// Print CSV, one line for each deployment
    #[arg(long, conflicts_with = "format")]
    pub csv: bool,
    /// Exit 6 if there is no evidence, or any deployment lacks a provable approval by someone independent
    #[arg(long)]
    pub require_approved: bool,
    /// Standings that also pass --require-approved, such as self-approved,author-approved (see docs/evidence.md)
    #[arg(long, value_name = "STANDING", value_delimiter = ',', requires = "require_approved", hide_possible_values = true, value_parser = clap::builder::PossibleValuesParser::new(Standing::WORDS))]
    pub allow: Vec<String>,
    /// Write evidence.json, evidence.csv, evidence.html and SHA256SUMS into this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Which part of a fleet.
    #[command(flatten)]
    pub fleet: FleetArgs,
}

/// A moment in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// This long ago.
    Ago(Duration),
    /// Then.
    At(Timestamp),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let midnight = |date: jiff::civil::Date| jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0));
        parse_duration(text)
            .map(Self::Ago)
            .or_else(|_| text.parse().map(Self::At))
            .or_else(|_| text.parse().and_then(midnight).map(Self::At))
            .map_err(|_| {
                format!("`{text}` is not a time: write a duration back such as 30d, a date such as 2026-11-01 (UTC), or an RFC 3339 time")
            })
    }
}
