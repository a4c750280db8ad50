//! GitHub Environments: reviewers, timers, refs, custom rules and variables.
//! `plan` is tested in its `tests/`, all of it over HTTP by `tests/reconcile/` and `tests/verify/`.

pub mod api;
pub mod contents;
pub mod inspect;
pub mod inspection;
pub mod live;
pub mod observe;
pub mod ops;
pub mod organization;
pub mod plan;
pub mod read_back;
pub mod refusal;
mod request;
pub mod reviewers;
pub mod rulesets;
pub mod runs;
pub mod strictness;
pub mod target;
