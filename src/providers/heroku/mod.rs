//! Heroku config vars: only the keys that gate.toml names are ever kept. They can also hold a freeze.
//! Tested in its own files and by `tests/reconcile/heroku.rs`.

pub mod api;
pub mod freeze;
pub mod live;
pub mod ops;
pub mod plan;
