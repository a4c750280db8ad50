//! Flags of `gatectl freeze`.

use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::FleetArgs;
use crate::desired::freeze::Store;
use crate::freeze::{FreezeId, parse_override, parse_until};

/// What can be done with the deploy freeze.
#[derive(Debug, Subcommand)]
pub enum FreezeCommand {
    /// Freeze deploys now; needs only a token and the name of the store (--app or --github)
    #[command(
        after_help = "Examples:\n  gatectl freeze on --app my-app --reason \"INC-12: database is read-only\"\n  gatectl freeze on --github acme --reason \"INC-12: database is read-only\"\n  gatectl freeze on --reason \"release day\" --until 4h\n  gatectl freeze on --emergency --reason \"INC-12\" --ref INC-12\n  gatectl freeze on --replace --until 2026-05-05T18:00:00-04:00 --reason \"longer than thought\"\n\nExit codes: 0 frozen, 1 already frozen (see --replace) or an error, 4 credentials."
    )]
    On(FreezeOn),
    /// Lift the freeze (succeeds if nothing is frozen)
    #[command(
        after_help = "Examples:\n  gatectl freeze off --reason \"INC-12 is over\"\n  gatectl freeze off --id 6f9619ff-8b86-4d01-b42d-00cf4fc964ff --reason \"INC-12 is over\" --auto-approve"
    )]
    Off(FreezeOff),
    /// Let deploys through a freeze for a limited time; the freeze stays
    #[command(
        after_help = "Examples:\n  gatectl freeze override --for 1h --reason \"hotfix for INC-12\"\n  gatectl freeze override --revoke"
    )]
    Override(FreezeOverride),
    /// Show the freeze, its record and override, the calendar, and who changed it
    #[command(
        after_help = "Examples:\n  gatectl freeze status\n  gatectl freeze status --at 2026-11-27T17:00:00-05:00\n  gatectl freeze status --app my-app --format json"
    )]
    Status(FreezeStatus),
    /// Check whether a deploy may proceed: the first step of a deploy job
    #[command(
        after_help = "Examples:\n  gatectl freeze check --environment production\n  gatectl freeze check --environment production --app my-app\n\nAnswers within 10 seconds. In GitHub Actions it also writes an annotation and the job summary.\nExit codes: 0 open, 7 frozen, 8 undetermined (closed, unless gate.toml says on_unreachable = \"open\")."
    )]
    Check(StoreArgs),
}

impl FreezeCommand {
    /// Which freeze it is about.
    pub fn which(&self) -> &StoreArgs {
        match self {
            Self::On(args) => &args.which,
            Self::Off(args) => &args.which,
            Self::Override(args) => &args.which,
            Self::Status(args) => &args.which,
            Self::Check(which) => which,
        }
    }
}

/// Which freeze.
#[derive(Debug, Clone, Default, Args)]
pub struct StoreArgs {
    /// The Heroku app that holds the freeze [default: freeze.heroku_app]; with it, gate.toml is not needed
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new(), conflicts_with = "github")]
    pub app: Option<String>,
    /// The organization or repository whose Actions variables hold the freeze [default: freeze.github]; with it, gate.toml is
    /// not needed
    #[arg(long, value_name = "OWNER[/REPO]", value_parser = Store::github)]
    pub github: Option<Store>,
}

impl StoreArgs {
    /// The store that the flags name.
    pub fn store(&self) -> Option<Store> {
        self.app.clone().map(Store::Heroku).or_else(|| self.github.clone())
    }
}

/// Flags of `freeze on`.
#[derive(Debug, Clone, Default, Args)]
pub struct FreezeOn {
    /// Which freeze.
    #[command(flatten)]
    pub which: StoreArgs,
    /// Why; shown to everyone whose deploy is refused
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// When it ends: a duration, or a timestamp with offset [default: until lifted]
    #[arg(long, value_name = "WHEN", value_parser = until)]
    pub until: Option<String>,
    /// Mark as an emergency: lifting it always asks for confirmation
    #[arg(long)]
    pub emergency: bool,
    /// The incident or ticket
    #[arg(long = "ref", value_name = "ID")]
    pub reference: Option<String>,
    /// Extend the current freeze and take it over
    #[arg(long)]
    pub replace: bool,
    /// Whose workflow files are then read.
    #[command(flatten)]
    pub fleet: FleetArgs,
}

/// Flags of `freeze off`.
#[derive(Debug, Clone, Default, Args)]
pub struct FreezeOff {
    /// Which freeze.
    #[command(flatten)]
    pub which: StoreArgs,
    /// Why; kept in the record
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Only the freeze with this ID; a newer one stays
    #[arg(long, value_name = "ID", value_parser = FreezeId::parse)]
    pub id: Option<FreezeId>,
    /// Do not ask for confirmation; to lift someone else's freeze, add --id
    #[arg(long)]
    pub auto_approve: bool,
}

/// Flags of `freeze override`.
#[derive(Debug, Clone, Default, Args)]
pub struct FreezeOverride {
    /// Which freeze.
    #[command(flatten)]
    pub which: StoreArgs,
    /// Why; kept in the record
    #[arg(long, value_name = "TEXT", required_unless_present = "revoke")]
    pub reason: Option<String>,
    /// How long, at most 4h
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_override, required_unless_present = "revoke")]
    pub length: Option<Duration>,
    /// End the override that is in place
    #[arg(long, conflicts_with_all = ["reason", "length"])]
    pub revoke: bool,
}

/// Flags of `freeze status`.
#[derive(Debug, Clone, Default, Args)]
pub struct FreezeStatus {
    /// Which freeze.
    #[command(flatten)]
    pub which: StoreArgs,
    /// Show the freeze as it would be at this time
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
    /// Whose workflow files are read.
    #[command(flatten)]
    pub fleet: FleetArgs,
}

/// Checks the form; the command resolves it against the clock.
fn until(text: &str) -> Result<String, String> {
    parse_until(text, Timestamp::MIN).map(|_| text.to_owned())
}
