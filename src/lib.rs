//! gatectl: production deploy gates as code.
//!
//! Data flows one way:
//!
//! ```text
//! gate.toml → Desired ─┐
//!                      ├→ plan (pure) → Plan → apply (writes) → read back → Report → exit code
//! observe (GETs) → Live┘
//! ```
//!
//! `config` reads the file, `model` holds the shared words, `providers` observe, plan and write, `http` is the only
//! place that knows the HTTP library, `credentials` finds tokens, `reconcile` is the flow itself, `render` turns plans
//! and reports into text, `commands` is where all layers meet.
//! `workflows`, `freeze` and `verify` are pure. `sandbox` is the emulator; no client code knows of it.
//! The import arrows are held by `tests/program/layers.rs`.

pub mod apply;
pub mod cli;
pub mod commands;
pub mod config;
pub mod credentials;
pub mod desired;
pub mod exit;
pub mod files;
pub mod findings;
pub mod freeze;
pub mod http;
pub mod import;
pub mod model;
pub mod progress;
pub mod providers;
pub mod reconcile;
pub mod render;
pub mod sandbox;
pub mod stop;
pub mod verify;
pub mod views;
pub mod workflows;
