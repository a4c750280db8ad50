//! Turns plans and reports into text.
