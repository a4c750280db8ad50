//! Reads headers as text.

use http::HeaderMap;

use super::answer::bounded;

/// A header that exists and says something, without the spaces around it; bounded.
pub(super) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| bounded(text, 300))
}
