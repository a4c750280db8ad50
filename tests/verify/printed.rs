//! What the program prints of verdicts.
