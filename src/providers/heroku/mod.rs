//! Heroku config vars: only the keys that gate.toml names are ever kept. They can also hold a freeze.

pub mod api;
pub mod freeze;
pub mod live;
pub mod ops;
pub mod plan;
