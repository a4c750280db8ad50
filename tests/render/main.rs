//! What plans and reports look like, in every format.

mod golden;
mod human;
mod json;
mod samples;
