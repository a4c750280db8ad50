//! Heroku config vars: only the keys that gate.toml names are ever kept.

pub mod desired;
pub mod live;
pub mod ops;
pub mod plan;
