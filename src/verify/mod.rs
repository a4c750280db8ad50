//! The verdict over what was observed.
