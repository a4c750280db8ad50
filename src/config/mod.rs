//! Reads gate.toml.
