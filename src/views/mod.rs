//! What commands show: plans, reports, verdicts, freezes, evidence and reviews as documents and as JSON.
//!
//! Each file turns one result into a [`crate::render::Document`] and into its documented JSON. Must not do I/O, and must
//! not know how a document is printed: `render` does that. Tested by `tests/render/`, `tests/verify/` and golden files.

pub mod diagnostic;
pub mod evidence;
mod evidence_csv;
mod evidence_document;
mod evidence_page;
pub mod fleet;
mod fleet_evidence;
pub mod fleet_verdict;
mod freeze;
pub mod json;
pub mod pending;
mod pending_document;
pub mod plan;
mod report;
pub mod review;
pub mod sarif;
pub mod scope;
pub mod verdict;
mod verdict_jobs;
mod verdict_page;
pub mod words;

pub(crate) use evidence_page::{evidence_page, fleet_evidence_page};
pub(crate) use fleet_evidence::FleetEvidence;
pub(crate) use verdict_page::{fleet_verdict_page, verdict_page};
