//! What the test binaries, the unit tests, the benchmarks and the fuzz targets share: official API descriptions, golden files, texts
//! that want more than to be read, an emulated world, and the targets that are fuzzed.

pub mod conformance;
mod golden;
pub mod measure;
mod nasty;
pub mod targets;
pub mod world;

pub use golden::assert_golden;
pub use nasty::NASTY;
