//! GitHub Environments.

pub mod desired;
