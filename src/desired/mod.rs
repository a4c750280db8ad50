//! What gate.toml can declare, as types.
//!
//! Every module may know it; it knows only `model`. Must not know the file's syntax, live state or requests.
//! Tested through `config` (reading it) and the providers' plans (comparing it).

pub mod fleet;
pub mod freeze;
pub mod github;
pub mod heroku;
pub mod verify;
pub mod workflows;

/// What gate.toml declares, with every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// `[github]` and `[environments.*]`.
    pub github: github::Desired,
    /// `[[workflows]]`, in the order of the file.
    pub workflows: Vec<workflows::Expectation>,
    /// `[verify]`.
    pub verify: verify::Verify,
    /// `[heroku.config.*]`.
    pub heroku: heroku::Desired,
    /// `[fleet]`, if the file is for many repositories: then `github` is the default for each.
    pub fleet: Option<fleet::Fleet>,
    /// `[freeze]`, when there is one.
    pub freeze: Option<freeze::Policy>,
}
