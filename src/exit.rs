//! Exit codes: the one documented table of them.

use std::process::ExitCode;

/// How a command ended. Scripts branch on the numbers, so they are part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done; `plan`: no changes, or changes without `--detailed-exitcode`; `verify`, `check`: gated.
    Done = 0,
    /// An error.
    Error = 1,
    /// `plan --detailed-exitcode`: changes are pending.
    Pending = 2,
    /// Applied as far as the API allows; steps by hand remain.
    Manual = 3,
    /// No or insufficient credentials.
    Credentials = 4,
    /// The saved plan is stale: live state or gate.toml moved.
    Stale = 5,
    /// `verify`, `check`: ungated or unknown.
    NotGated = 6,
    /// `freeze check`: frozen.
    Frozen = 7,
    /// `freeze check`: undetermined; closed by default.
    Undetermined = 8,
    /// The command line is wrong.
    Usage = 64,
    /// Interrupted; what was done and what was not is printed.
    Interrupted = 130,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
