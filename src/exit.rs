//! Exit codes: the one documented table of them.
//! Tested by `tests/program/docs.rs`.

use std::process::ExitCode;

use crate::model::Cause;

/// Each line once: the name, the number, what it means, the next step.
macro_rules! exits {
    ($($name:ident = $code:literal, $meaning:literal, $next:literal;)+) => {
        /// How a command ended. Scripts branch on the numbers, so they are part of the interface.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Exit {
            $(#[doc = $meaning] $name = $code,)+
        }

        impl Exit {
            /// All of them, by number.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// What it means, in the words of the documentation.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)+
                }
            }

            /// What to do about it; empty if nothing is to be done.
            pub const fn next_step(self) -> &'static str {
                match self {
                    $(Self::$name => $next,)+
                }
            }
        }
    };
}

exits! {
    Done = 0, "Done; `plan`: no changes, or changes without `--detailed-exitcode`; `verify`, `check`: gated.", "";
    Error = 1, "An error, or a `plan`, `import` or `explain` with something that could not be determined.", "Read stderr: the last lines are the next step.";
    Pending = 2, "`plan --detailed-exitcode`: changes are pending; `pending --exit-code`: deployments wait.", "`gatectl apply`; for `pending`, review what is listed.";
    Manual = 3, "Applied as far as the API allows; manual steps remain.", "Do the numbered steps, or use a billing plan that has the rule and apply again.";
    Credentials = 4, "Missing or insufficient credentials; the message names what is missing.", "Set `GH_TOKEN` or `HEROKU_API_KEY` to a token with the named permission.";
    Stale = 5, "The saved plan is stale: live state or gate.toml moved.", "Plan again, review again, apply that.";
    NotGated = 6, "`verify`, `check`: ungated or unknown; `evidence --require-approved`: not all provably approved.", "Each finding says what closes the gate.";
    Frozen = 7, "`freeze check`: frozen.", "Wait, or `gatectl freeze override`.";
    Undetermined = 8, "`freeze check`: undetermined; closed by default.", "Find out why the store could not be read; do not treat it as open.";
    Usage = 64, "The command line is wrong.", "`gatectl COMMAND --help`.";
    Interrupted = 130, "Interrupted; what was done and what was not is printed.", "`gatectl plan` shows where things stand.";
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Something could not be determined.
impl From<Cause> for Exit {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Credentials => Self::Credentials,
            Cause::Other => Self::Error,
        }
    }
}
