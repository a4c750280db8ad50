//! Heroku config vars.

pub mod desired;
