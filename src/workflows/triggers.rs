//! Which events on which refs start a workflow.
//!
//! Owns the filters. Must not know what the run then does.

use super::glob;
use super::model::{Problem, RefFilter, Text, Trigger, Workflow};
use super::yaml::Pos;

/// Events whose filters apply to the target branch of a pull request.
pub const PULL_REQUESTS: &[&str] = &["pull_request", "pull_request_target"];

/// The trigger that an event on a ref starts. Path filters are assumed to pass: the changed files are not known.
///
/// `filtered` is the full ref that filters look at: of a pull request the branch that it goes to, as `refs/heads/…`.
///
/// # Errors
/// Why the event does not start the workflow, and where that is written.
pub fn starts<'a>(workflow: &'a Workflow, event: &str, filtered: &str) -> Result<&'a Trigger, Problem> {
    let Some(trigger) = workflow.trigger(event) else {
        let pos = workflow.triggers.first().map_or(Pos { line: 1, col: 1 }, |first| first.pos);
        let declared: Vec<&str> = workflow.triggers.iter().map(|trigger| trigger.event.as_str()).collect();
        return Err(Problem { pos, why: format!("`on` does not declare `{event}`, only {}", declared.join(", ")) });
    };
    if admits(trigger, filtered) {
        return Ok(trigger);
    }
    Err(Problem { pos: trigger.pos, why: format!("the filters of `on.{event}` leave out {filtered}") })
}

/// Whether the filters of a trigger let a ref through.
pub fn admits(trigger: &Trigger, filtered: &str) -> bool {
    let push = trigger.event == "push";
    if !push && !PULL_REQUESTS.contains(&trigger.event.as_str()) && trigger.event != "merge_group" {
        return true;
    }
    match (filtered.strip_prefix("refs/heads/"), filtered.strip_prefix("refs/tags/")) {
        (Some(branch), _) => lets_through(&trigger.branches, &trigger.tags, branch),
        (_, Some(tag)) => push && lets_through(&trigger.tags, &trigger.branches, tag),
        (None, None) => false,
    }
}

/// A filter on only the other kind of ref excludes this kind. Unclear patterns let everything through: it may run.
fn lets_through(own: &RefFilter, other: &RefFilter, name: &str) -> bool {
    match own {
        RefFilter::Absent => *other == RefFilter::Absent,
        RefFilter::Only(patterns) => glob::matches(&strings(patterns), name).unwrap_or(true),
        RefFilter::Ignore(patterns) => !glob::matches(&strings(patterns), name).unwrap_or(false),
    }
}

/// The filters of a trigger whose effect is not documented.
pub fn unclear(trigger: &Trigger) -> Vec<Problem> {
    let filters = [&trigger.branches, &trigger.tags].into_iter();
    let patterns = filters.filter_map(|filter| match filter {
        RefFilter::Only(patterns) | RefFilter::Ignore(patterns) => patterns.first().map(|first| (first.pos, patterns)),
        RefFilter::Absent => None,
    });
    patterns
        .filter_map(|(pos, patterns)| glob::matches(&strings(patterns), "").err().map(|error| Problem { pos, why: error.to_string() }))
        .collect()
}

fn strings(patterns: &[Text]) -> Vec<&str> {
    patterns.iter().map(Text::as_str).collect()
}

/// Names that the positive patterns of a filter admit, one for each pattern for which one is easily made.
pub fn samples(filter: &RefFilter) -> Vec<String> {
    match filter {
        RefFilter::Only(patterns) => {
            patterns.iter().map(|pattern| pattern.as_str()).filter(|p| !p.starts_with('!')).map(|p| sample(p, None)).collect()
        }
        RefFilter::Absent | RefFilter::Ignore(_) => Vec::new(),
    }
}

/// Names of the form that a pattern asks for, with a text in the place of each of its wildcards; the caller checks them.
pub fn samples_with(pattern: &str, text: &str) -> Vec<String> {
    let places = pattern.matches(['*', '[']).count();
    (0..places).map(|place| sample(pattern, Some((place, text)))).collect()
}

/// A name of the form that a pattern asks for, with a text in the place of one of its wildcards; the caller checks it.
fn sample(pattern: &str, text: Option<(usize, &str)>) -> String {
    let mut name = String::new();
    let mut chars = pattern.chars().peekable();
    let mut place = 0;
    while let Some(c) = chars.next() {
        let given = text.filter(|(at, _)| *at == place && ['*', '['].contains(&c)).map(|(_, text)| text);
        match c {
            '*' => {
                while chars.next_if_eq(&'*').is_some() {}
                name.push_str(given.unwrap_or("1"));
                place += 1;
            }
            '?' | '+' => {}
            '[' => {
                let first = chars.next();
                while chars.next().is_some_and(|c| c != ']') {}
                match given {
                    Some(text) => name.push_str(text),
                    None => name.extend(first),
                }
                place += 1;
            }
            '\\' => name.extend(chars.next()),
            c => name.push(c),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflows::read::read;

    fn on(filters: &str) -> Workflow {
        read("x.yml", &format!("on: {{{filters}}}\njobs: {{a: {{runs-on: x}}}}")).unwrap()
    }

    fn pushes(filters: &str) -> (bool, bool) {
        let workflow = on(&format!("push: {filters}"));
        (starts(&workflow, "push", "refs/heads/main").is_ok(), starts(&workflow, "push", "refs/tags/v1").is_ok())
    }

    #[test]
    fn a_filter_on_one_kind_of_ref_leaves_the_other_out() {
        assert_eq!(pushes(""), (true, true));
        assert_eq!(pushes("{paths: [src/**]}"), (true, true));
        assert_eq!(pushes("{branches: [main]}"), (true, false));
        assert_eq!(pushes("{branches-ignore: [dev]}"), (true, false));
        assert_eq!(pushes("{tags: ['v*']}"), (false, true));
        assert_eq!(pushes("{tags-ignore: ['w*']}"), (false, true));
        assert_eq!(pushes("{branches: main, tags: v1}"), (true, true));
        assert_eq!(pushes("{branches: [dev], tags: ['w*']}"), (false, false));
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        assert!(!pushes("{branches: ['**', '!main']}").0);
        assert!(pushes("{branches: ['!main', '**']}").0);
        assert!(pushes("{branches: ['**', '!main', 'm*']}").0);
        let unclear_one = on("push: {branches: ['!main']}");
        assert_eq!(unclear(&unclear_one.triggers[0]).len(), 1);
        assert!(starts(&unclear_one, "push", "refs/heads/dev").is_ok());
        assert!(unclear(&on("push: {branches: ['**', '!main']}").triggers[0]).is_empty());
    }

    #[test]
    fn pull_requests_are_filtered_by_the_branch_they_go_to() {
        let workflow = on("pull_request: {branches: [main]}, schedule: [{cron: '0 0 * * *'}]");
        assert!(starts(&workflow, "pull_request", "refs/heads/main").is_ok());
        assert!(starts(&workflow, "pull_request", "refs/heads/dev").is_err());
        assert!(starts(&workflow, "schedule", "refs/heads/main").is_ok());
        let refused = starts(&workflow, "push", "refs/heads/main").unwrap_err();
        assert!(refused.why.contains("`push`") && refused.why.contains("schedule"), "{refused:?}");
    }

    #[test]
    fn samples_have_the_form_of_their_pattern() {
        for pattern in ["main", "v*", "release/**", "v[0-9]+.[0-9]+", "feature/?x", "a/*/b", "**"] {
            let workflow = on(&format!("push: {{branches: ['{pattern}']}}"));
            let name = samples(&workflow.triggers[0].branches).remove(0);
            assert!(starts(&workflow, "push", &format!("refs/heads/{name}")).is_ok(), "{pattern}: {name}");
        }
    }
}
