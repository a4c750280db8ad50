//! Reads headers as text.

use http::HeaderMap;

use super::answer::bounded;

/// A header that is present and not empty, trimmed; bounded.
pub(super) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| bounded(text, 300))
}
