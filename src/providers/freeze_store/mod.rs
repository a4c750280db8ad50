//! A place that keeps a freeze: four named values, on any service.
//!
//! Owns what every store has in common: reading, sending and reading back ([`access`]), what an apply plans ([`plan`]) and how a
//! planned step is performed ([`ops`]). Must not know which stores exist, except for one line each in [`of`]; a store's
//! requests are in its own folder. Tested in `commands/freeze/tests.rs` and `tests/reconcile/frozen.rs`.

use crate::desired::freeze::Store;

use super::{actions_variables, heroku};

pub mod access;
pub mod ops;
pub mod plan;
mod store;

pub use store::FreezeStore;

/// The requests of a store.
pub fn of(store: &Store) -> &'static dyn FreezeStore {
    match store {
        Store::Heroku(_) => &heroku::freeze::ConfigVars,
        Store::Github(_) => &actions_variables::ActionsVariables,
    }
}
