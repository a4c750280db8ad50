//! Refs that make the comparisons of a file come out differently.
//!
//! Owns how a prefix, a suffix and a part become a name that a trigger's filter admits. Tested in `tests.rs`.

use std::collections::BTreeSet;

use crate::workflows::model::{RefFilter, Trigger};
use crate::workflows::reads::RefTexts;
use crate::workflows::triggers::{admits, samples_with};

/// How many refs of one kind are tried; the rest is unknown.
const MOST: usize = 256;
/// With more parts than this, only one or all of them are tried at once.
const MAX_PARTS: usize = 3;
/// What stands between the known parts of a name.
const FILLER: &str = "1";

/// The refs to try.
pub(super) struct Probes {
    pub(super) refs: BTreeSet<String>,
    /// Whether they are all.
    pub(super) complete: bool,
}

/// The refs that the trigger admits: each text by itself, and each combination of a start, parts and an end, as they are and
/// in the place of a wildcard of the filter.
pub(super) fn of(trigger: &Trigger, texts: &RefTexts) -> Probes {
    let mut probes = Probes { refs: BTreeSet::new(), complete: true };
    for (kind, filter) in [("refs/heads/", &trigger.branches), ("refs/tags/", &trigger.tags)] {
        let (found, complete) = names(kind, filter, texts);
        let admitted: BTreeSet<String> = found
            .into_iter()
            .filter(|name| is_name(name))
            .map(|name| format!("{kind}{name}"))
            .filter(|full| admits(trigger, full))
            .collect();
        probes.complete &= complete && admitted.len() <= MOST;
        probes.refs.extend(admitted.into_iter().take(MOST));
    }
    probes
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.ends_with('/') && !name.starts_with('/')
}

/// Names of one kind of ref, whether or not the filter admits them, and whether they are all.
fn names(kind: &str, filter: &RefFilter, texts: &RefTexts) -> (Vec<String>, bool) {
    let mut found: Vec<String> = texts.whole.iter().filter_map(|text| short(kind, text)).collect();
    let mut starts: BTreeSet<String> = texts.starts.iter().filter_map(|text| short(kind, text)).collect();
    let mut parts: BTreeSet<String> = BTreeSet::new();
    for text in &texts.parts {
        // `refs/tags/v`, `tags/v`: a part that holds the kind is a start.
        match beyond(kind, text) {
            Some(start) => _ = starts.insert(start),
            None if text.starts_with("refs/") => {}
            None => _ = parts.insert(text.clone()),
        }
    }
    let mut ends: BTreeSet<&str> = BTreeSet::new();
    for text in &texts.ends {
        found.extend(beyond(kind, text));
        if !text.starts_with("refs/") {
            ends.insert(text);
        }
    }
    for start in &starts {
        found.extend([start.clone(), format!("{start}{FILLER}")]);
    }
    starts.insert(String::new());
    let middles = middles(&parts);
    let patterns: Vec<&str> = match filter {
        RefFilter::Only(patterns) => patterns.iter().map(|pattern| pattern.as_str()).filter(|pattern| !pattern.starts_with('!')).collect(),
        RefFilter::Absent | RefFilter::Ignore(_) => Vec::new(),
    };
    for start in &starts {
        for middle in &middles {
            for end in std::iter::once("").chain(ends.iter().copied()) {
                if found.len() > MOST * 8 {
                    return (found, false);
                }
                let rest = format!("{middle}{end}");
                if !rest.is_empty() {
                    found.push(format!("{start}{FILLER}{rest}"));
                }
                for pattern in &patterns {
                    let head = pattern.split(['*', '?', '+', '[']).next().unwrap_or_default();
                    // A start that goes beyond the pattern's own beginning continues in its wildcard.
                    let more = start.strip_prefix(head).unwrap_or(if head.starts_with(start.as_str()) { "" } else { start });
                    for plug in [format!("{more}{rest}"), format!("{more}{FILLER}{rest}")] {
                        found.extend(samples_with(pattern, &plug).into_iter().filter(|_| !start.is_empty() || !rest.is_empty()));
                    }
                }
            }
        }
    }
    (found, true)
}

/// A text that is compared with a ref or a name, as a name of this kind; none for a ref of another kind.
fn short(kind: &str, text: &str) -> Option<String> {
    match text.strip_prefix(kind) {
        Some(name) => Some(name.to_owned()),
        None if text.starts_with("refs/") => kind.starts_with(text).then(String::new),
        None => Some(text.to_owned()),
    }
}

/// What follows in a text after an end of `refs/heads/`, or `refs/tags/`.
fn beyond(kind: &str, text: &str) -> Option<String> {
    let ends = kind.char_indices().map(|(at, _)| kind.get(at..).unwrap_or_default()).filter(|end| end.len() > 1 || text.starts_with('/'));
    ends.filter_map(|end| text.strip_prefix(end)).next().map(str::to_owned)
}

/// Texts that hold none, one, several or all of the parts.
fn middles(parts: &BTreeSet<String>) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = parts.clone();
    found.insert(String::new());
    found.insert(parts.iter().map(String::as_str).collect());
    if parts.len() <= MAX_PARTS {
        for first in parts {
            found.extend(parts.iter().filter(|second| *second != first).map(|second| format!("{first}{second}")));
        }
    }
    found
}
