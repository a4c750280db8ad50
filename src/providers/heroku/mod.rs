//! Heroku config vars: only the keys that gate.toml names are ever kept. The freeze is four of them.

pub mod freeze;
pub mod live;
pub mod ops;
pub mod plan;
