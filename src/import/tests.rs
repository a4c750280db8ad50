//! What is imported plans to no changes, and what is merged twice is merged once.
