//! `[github]` and `[environments.*]`.

use std::collections::{BTreeMap, BTreeSet};

use super::super::check::duplicates;
use super::super::keys::{ENVIRONMENT, FLEET, REVIEWER, SELECTED};
use super::super::near::quote;
use super::super::position::Span;
use super::super::problem::{Problem, Sink};
use super::super::syntax;
use super::super::view::{View, integer};
use crate::desired::github::{BranchPolicy, Desired, DesiredEnvironment, Gate, Pattern, RefKind, Reviewer};
use crate::model::{EnvName, GateKey, RepoName};

pub(super) fn desired(sink: &mut Sink<'_>, root: View<'_>, github: Option<View<'_>>) -> Option<Desired> {
    let repository = github.and_then(|table| table.text("repository")).and_then(|text| RepoName::parse(text).ok());
    let api_url = github.and_then(|table| table.text("api_url")).map(str::to_owned);
    let organization = root.table("fleet", &FLEET).and_then(|fleet| fleet.text("organization"));
    let mut environments = BTreeMap::new();
    for (name, span, value) in root.entries("environments") {
        encoded(sink, name, span);
        let Some(table) = value.get_ref().as_table() else { continue };
        let environment = environment(sink, View::new(table, &ENVIRONMENT), repository.as_ref().map(RepoName::owner).or(organization));
        if let Ok(name) = EnvName::new(name) {
            environments.insert(name, environment);
        }
    }
    Some(Desired { repository, api_url, environments, left_out: BTreeSet::new() })
}

pub(super) fn environment(sink: &mut Sink<'_>, table: View<'_>, owner: Option<&str>) -> DesiredEnvironment {
    let gate = Gate {
        reviewers: reviewers(sink, table, owner),
        prevent_self_review: table.bool(GateKey::PreventSelfReview.name()),
        can_admins_bypass: table.bool(GateKey::CanAdminsBypass.name()),
        wait_timer: table.integer(GateKey::WaitTimer.name()).and_then(|minutes| u32::try_from(minutes).ok()),
        deployment_branch_policy: branch_policy(sink, table),
        protection_rules: table.texts(GateKey::ProtectionRules.name()).map(|slugs| slugs.map(|(slug, _)| slug.to_owned()).collect()),
        variables: variables(table),
        secrets: table.texts(GateKey::Secrets.name()).into_iter().flatten().map(|(name, _)| syntax::upper(name)).collect(),
        approvals: table.integer(GateKey::Approvals.name()).and_then(|people| u32::try_from(people).ok()),
    };
    if table.text(GateKey::State.name()) == Some("absent") {
        nothing_else(sink, table);
        return DesiredEnvironment::Absent;
    }
    self_review(sink, table);
    if table.text("state") == Some("optional") {
        return DesiredEnvironment::Optional(gate);
    }
    DesiredEnvironment::Present(gate)
}

/// GitHub encodes a name once in an address: one that is written encoded is another environment.
pub(super) fn encoded(sink: &mut Sink<'_>, name: &str, at: Span) {
    let hex = |text: Option<&str>| text.is_some_and(|text| text.chars().all(|c| c.is_ascii_hexdigit()));
    if name.match_indices('%').any(|(at, _)| hex(name.get(at + 1..at + 3))) {
        let plain = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        sink.warn(
            Problem::new(at, format!("`{name}` looks percent-encoded already"))
                .help(format!("Write the name as GitHub shows it, such as {}: gatectl encodes it", quote(&plain))),
        );
    }
}

fn nothing_else(sink: &mut Sink<'_>, table: View<'_>) {
    if let Some((name, span)) =
        table.present().into_iter().find(|(name, _)| *name != GateKey::State.name() && ENVIRONMENT.key(name).is_some())
    {
        sink.push(
            Problem::new(span, format!("an environment that must not exist has no `{name}`"))
                .label("goes with `state = \"present\"` only")
                .related(table.key(GateKey::State.name()).unwrap_or_default(), "declared absent here")
                .help("remove `state`, or everything else"),
        );
    }
}

/// GitHub keeps the setting only together with reviewers: without any it has no effect.
fn self_review(sink: &mut Sink<'_>, table: View<'_>) {
    let Some(at) = table.key(GateKey::PreventSelfReview.name()).filter(|_| table.bool(GateKey::PreventSelfReview.name()) == Some(true))
    else {
        return;
    };
    let problem = Problem::new(at, "`prevent_self_review` has no effect without reviewers");
    if !table.mentions(GateKey::Reviewers.name()) {
        sink.push_absence(
            problem
                .label("`reviewers` is not declared")
                .help("declare `reviewers` too: live ones may be removed at any time, and the setting with them"),
        );
    } else if table.list(GateKey::Reviewers.name()).is_some_and(|mut items| items.next().is_none()) {
        sink.push(
            problem
                .label("has no effect")
                .related(table.key(GateKey::Reviewers.name()).unwrap_or_default(), "no approval is required")
                .help("name a reviewer, or remove `prevent_self_review`"),
        );
    }
}

fn reviewers(sink: &mut Sink<'_>, table: View<'_>, owner: Option<&str>) -> Option<Vec<Reviewer>> {
    let mut names: Vec<(String, Span)> = Vec::new();
    let mut ids: Vec<(String, Span)> = Vec::new();
    let mut reviewers = Vec::new();
    for item in table.list(GateKey::Reviewers.name())? {
        let Some(reviewer) = item.get_ref().as_table().map(|table| View::new(table, &REVIEWER)) else { continue };
        let id = reviewer.get("id").and_then(|value| Some((u64::try_from(integer(value.get_ref())?).ok()?, value.span())));
        let pin = id.as_ref().map(|(id, _)| *id);
        let kind = if let Some(login) = reviewer.text("user") {
            names.push((login.to_owned(), reviewer.get("user").map(|v| v.span()).unwrap_or_default()));
            reviewers.push(Reviewer::User { login: login.to_owned(), id: pin });
            "user"
        } else if let Some(team) = reviewer.text("team") {
            let (org, slug) = team.split_once('/').map_or((None, team), |(org, slug)| (Some(org), slug));
            let full = format!("{}/{slug}", org.or(owner).unwrap_or_default());
            names.push((full, reviewer.get("team").map(|v| v.span()).unwrap_or_default()));
            reviewers.push(Reviewer::Team { org: org.map(str::to_owned), slug: slug.to_owned(), id: pin });
            "team"
        } else {
            continue;
        };
        ids.extend(id.map(|(id, span)| (format!("{kind} {id}"), span)));
    }
    duplicates(sink, syntax::folded, names.iter().map(|(name, span)| (name.as_str(), span.clone())));
    duplicates(sink, syntax::exact, ids.iter().map(|(id, span)| (id.as_str(), span.clone())));
    Some(reviewers)
}

fn branch_policy(sink: &mut Sink<'_>, table: View<'_>) -> Option<BranchPolicy> {
    const KEY: &str = GateKey::DeploymentBranchPolicy.name();
    match table.text(KEY) {
        Some("all") => return Some(BranchPolicy::All),
        Some("protected") => return Some(BranchPolicy::Protected),
        _ => {}
    }
    let selected = table.table(KEY, &SELECTED)?;
    for (text, at) in ["branches", "tags"].into_iter().flat_map(|name| selected.texts(name).into_iter().flatten()) {
        encoded(sink, text, at);
    }
    let patterns = |name, kind| {
        let texts = selected.texts(name).into_iter().flatten();
        texts.map(move |(text, _)| Pattern { kind, name: text.to_owned() })
    };
    let all: BTreeSet<Pattern> = patterns("branches", RefKind::Branch).chain(patterns("tags", RefKind::Tag)).collect();
    let empty = |name| match selected.get(name) {
        Some(value) => value.get_ref().as_array().is_some_and(|items| items.is_empty()),
        None => !selected.mentions(name),
    };
    if empty("branches") && empty("tags") {
        sink.push_absence(
            Problem::new(table.get(KEY).map(|value| value.span()).unwrap_or_default(), "no branch and no tag could deploy")
                .label("both lists are empty")
                .help("name a pattern such as { branches = [\"main\"] }, or write \"protected\" or \"all\""),
        );
    }
    Some(BranchPolicy::Selected(all))
}

fn variables(table: View<'_>) -> BTreeMap<String, String> {
    table
        .entries(GateKey::Variables.name())
        .filter_map(|(name, _, value)| Some((syntax::upper(name), value.get_ref().as_str()?.to_owned())))
        .collect()
}
