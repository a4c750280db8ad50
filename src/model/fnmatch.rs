//! Placeholder.
/// x
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    pattern == name
}
/// x
#[must_use]
pub fn covers(general: &str, special: &str) -> bool {
    general == special
}
