//! GitHub's audit log, exported or streamed: exact times, bypasses and the rules of an environment. Pure.
//!
//! Owns which events count and what their fields mean. The event for a bypass and the names of some fields come from third-party
//! catalogs and were never seen in a real log by us (fact G2.14), so several spellings are read and an event that is not understood is
//! counted, not guessed. Must not read files. Tested in this file.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Account;
use crate::model::{EnvName, RepoName};

/// What an audit log says about one repository.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuditLog {
    decisions: Vec<Decided>,
    rules: Vec<RuleChange>,
    /// Lines or entries that are not understood although they are about deployments of this repository.
    pub not_understood: usize,
    /// How many events were read.
    pub events: usize,
}

/// The events that count.
const COUNTED: [&str; 6] = [
    "workflows.approve_workflow_job",
    "workflows.reject_workflow_job",
    "workflows.bypass_protection_rules",
    "environment.update_protection_rule",
    "environment.add_protection_rule",
    "environment.remove_protection_rule",
];

/// The decision of an event about a run's deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// A reviewer approved it.
    Approved,
    /// A reviewer rejected it.
    Rejected,
    /// An admin started it without a review.
    Bypassed,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The decision.
    pub verb: Verb,
    /// The run.
    pub run: u64,
    /// The environment, if the event names one.
    pub environment: Option<String>,
    /// The actor, if the event names one.
    pub by: Option<Account>,
    /// Whether GitHub marks the actor as a bot or an agent.
    pub automated: bool,
    /// The time.
    pub at: Timestamp,
}

/// A change of an environment's rules.
#[derive(Debug, Clone, PartialEq)]
struct RuleChange {
    environment: String,
    at: Timestamp,
    before: Map<String, Value>,
    after: Map<String, Value>,
}

/// The rules of an environment at some moment, as the log names them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rule {
    /// Since when, if the log shows that.
    pub since: Option<Timestamp>,
    /// Key by key, in the log's words.
    pub values: Map<String, Value>,
}

impl AuditLog {
    /// Reads JSON lines or one JSON array; only events of this repository are kept.
    ///
    /// # Errors
    /// When an array is not whole: all its events would be lost with it.
    pub fn parse(text: &str, repository: &RepoName) -> Result<Self, serde_json::Error> {
        let mut log = Self::default();
        // Some exports open with a byte order mark, which is not JSON.
        let text = text.trim_start_matches('\u{feff}');
        if text.trim_start().starts_with('[') {
            let events: Vec<Value> = serde_json::from_str(text)?;
            events.iter().for_each(|event| log.take(event, repository));
        } else {
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                match serde_json::from_str(line) {
                    Ok(event) => log.take(&event, repository),
                    Err(_) => log.not_understood += 1,
                }
            }
        }
        log.rules.sort_by_key(|change| change.at);
        Ok(log)
    }

    fn take(&mut self, event: &Value, repository: &RepoName) {
        let text = |names: &[&str]| names.iter().find_map(|name| event.get(name)?.as_str());
        let about = text(&["repo", "repository"]).and_then(|name| RepoName::parse(name).ok());
        let Some(action) = text(&["action"]) else {
            self.not_understood += 1;
            return;
        };
        if about.as_ref() != Some(repository) {
            // One that counts and names no repository may be of this one.
            self.not_understood += usize::from(about.is_none() && COUNTED.contains(&action));
            return;
        }
        self.events += 1;
        let at = ["@timestamp", "created_at", "timestamp"].iter().find_map(|name| moment(event.get(name)?));
        let environment = text(&["environment_name", "environment"]).map(str::to_owned);
        let understood = match action {
            "workflows.approve_workflow_job" => self.decided(Verb::Approved, event, environment, at),
            "workflows.reject_workflow_job" => self.decided(Verb::Rejected, event, environment, at),
            "workflows.bypass_protection_rules" => self.decided(Verb::Bypassed, event, environment, at),
            "environment.update_protection_rule" | "environment.add_protection_rule" | "environment.remove_protection_rule" => {
                self.changed(event, environment, at)
            }
            _ => Some(()),
        };
        self.not_understood += usize::from(understood.is_none());
    }

    fn decided(&mut self, verb: Verb, event: &Value, environment: Option<String>, at: Option<Timestamp>) -> Option<()> {
        let number = |name: &str| whole(event.get(name)?)?.parse().ok();
        let flag = |name: &str| event.get(name).and_then(Value::as_bool).unwrap_or(false);
        let automated = flag("actor_is_bot") || flag("actor_is_agent");
        let kind = Some(if automated { "Bot" } else { "User" });
        let login = event.get("actor").and_then(Value::as_str);
        let by = login.map(|login| Account::new(login.to_owned(), number("actor_id"), kind));
        let run = number("workflow_run_id").or_else(|| number("run_id"))?;
        self.decisions.push(Decided { verb, run, environment, by, automated, at: at? });
        Some(())
    }

    fn changed(&mut self, event: &Value, environment: Option<String>, at: Option<Timestamp>) -> Option<()> {
        let (mut before, mut after) = (Map::new(), Map::new());
        for (name, value) in event.as_object()? {
            let known = ["approvers", "can_admins_bypass", "prevent_self_review", "wait_timer", "branch_policy", "new_value", "old_value"];
            match name.strip_suffix("_was") {
                Some(name) if known.contains(&name) => drop(before.insert(name.to_owned(), value.clone())),
                None if name == "old_value" => drop(before.insert("value".to_owned(), value.clone())),
                None if name == "new_value" => drop(after.insert("value".to_owned(), value.clone())),
                None if known.contains(&name.as_str()) => drop(after.insert(name.clone(), value.clone())),
                _ => {}
            }
        }
        self.rules.push(RuleChange { environment: environment?, at: at?, before, after });
        Some(())
    }

    /// What was decided about a run's deployment to an environment, in the order of the log.
    pub fn decisions(&self, run: u64, environment: &EnvName) -> impl Iterator<Item = &Decided> {
        let here = move |name: &String| name.to_lowercase() == environment.folded();
        self.decisions.iter().filter(move |one| one.run == run && one.environment.as_ref().is_none_or(here))
    }

    /// The rules at a moment: the result of the last change before it, else what the first change after it replaced.
    pub fn rule_at(&self, environment: &EnvName, moment: Timestamp) -> Option<Rule> {
        let here = || self.rules.iter().filter(|change| change.environment.to_lowercase() == environment.folded());
        if let Some(change) = here().rfind(|change| change.at <= moment) {
            return Some(Rule { since: Some(change.at), values: change.after.clone() });
        }
        here().next().filter(|change| !change.before.is_empty()).map(|change| Rule { since: None, values: change.before.clone() })
    }
}

/// The digits of a whole number, which tools also write as text or with a fraction of zero.
fn whole(value: &Value) -> Option<String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    Some(text.strip_suffix(".0").unwrap_or(&text).to_owned())
}

/// Milliseconds since 1970, or a timestamp in words.
fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(_) => Timestamp::from_millisecond(whole(value)?.parse().ok()?).ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo() -> RepoName {
        RepoName::parse("acme/shop").unwrap()
    }

    fn production() -> EnvName {
        EnvName::new("production").unwrap()
    }

    fn parsed(text: &str) -> AuditLog {
        AuditLog::parse(text, &repo()).unwrap()
    }

    #[test]
    fn lines_and_an_array_read_alike_and_other_repositories_do_not_count() {
        let events = [
            r#"{"action":"workflows.approve_workflow_job","repo":"acme/shop","actor":"ann","actor_id":7,"workflow_run_id":42,"environment_name":"Production","@timestamp":1000}"#,
            r#"{"action":"workflows.approve_workflow_job","repo":"acme/other","actor":"eve","workflow_run_id":42,"@timestamp":1000}"#,
            r#"{"action":"workflows.bypass_protection_rules","repo":"ACME/shop","actor":"bot[bot]","actor_is_bot":true,"workflow_run_id":"42","created_at":"2026-01-01T00:00:00Z"}"#,
        ];
        let lines = parsed(&events.join("\n"));
        for array in [format!("[{}]", events.join(",")), format!("\u{feff}[{}]", events.join(","))] {
            assert_eq!(lines, parsed(&array));
        }
        assert_eq!(lines, parsed(&format!("\u{feff}{}", events.join("\n"))));
        let actor = |one: &Decided| one.by.as_ref().map(|by| by.login.clone()).unwrap();
        let found: Vec<_> = lines.decisions(42, &production()).map(|one| (one.verb, actor(one), one.automated)).collect();
        assert_eq!(found, [(Verb::Approved, "ann".to_owned(), false), (Verb::Bypassed, "bot[bot]".to_owned(), true)]);
        assert_eq!((lines.events, lines.not_understood), (2, 0));
        assert_eq!(lines.decisions(43, &production()).count(), 0);
    }

    #[test]
    fn the_rule_at_a_moment_is_what_the_last_change_made_or_the_next_one_replaced() {
        let log = parsed(
            r#"{"action":"environment.update_protection_rule","repo":"acme/shop","environment_name":"production","approvers":["ann"],"approvers_was":["ann","bob"],"@timestamp":5000}"#,
        );
        let at = |ms| log.rule_at(&production(), Timestamp::from_millisecond(ms).unwrap()).unwrap().values["approvers"].clone();
        assert_eq!((at(1000), at(9000)), (serde_json::json!(["ann", "bob"]), serde_json::json!(["ann"])));
        assert_eq!(log.rule_at(&EnvName::new("staging").unwrap(), Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn what_is_not_understood_is_counted() {
        let bypass = r#"{"action":"workflows.bypass_protection_rules","workflow_run_id":42,"@timestamp":1000}"#;
        let log = parsed(&format!(
            "not json\n{{\"x\":1}}\n{{\"action\":\"workflows.approve_workflow_job\",\"repo\":\"acme/shop\"}}\n{bypass}\n{{\"action\":\"org.invite\"}}"
        ));
        assert_eq!((log.not_understood, log.decisions.len()), (4, 0), "a bypass somewhere may be one here");
    }

    #[test]
    fn an_array_that_is_cut_off_is_an_error() {
        let bypass = r#"{"action":"workflows.bypass_protection_rules","repo":"acme/shop","workflow_run_id":42,"@timestamp":1000}"#;
        for text in [format!("[{bypass},\n{{\"act"), format!("[\n{bypass}\n"), "[".to_owned()] {
            assert!(AuditLog::parse(&text, &repo()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_bypass_without_an_actor_and_with_a_run_as_a_float_is_a_bypass() {
        for (run, actor) in [("56780015.0", r#""ann""#), ("56780015", "null"), (r#""56780015""#, "null")] {
            let event = r#"{"action":"workflows.bypass_protection_rules","repo":"acme/shop","@timestamp":1000.0"#;
            let log = parsed(&format!(r#"{event},"actor":{actor},"workflow_run_id":{run}}}"#));
            assert_eq!((log.decisions(56_780_015, &production()).count(), log.not_understood), (1, 0), "{run} {actor}");
        }
        let half = parsed(r#"{"action":"workflows.bypass_protection_rules","repo":"acme/shop","@timestamp":1,"workflow_run_id":5.5}"#);
        assert_eq!((half.decisions.len(), half.not_understood), (0, 1));
    }
}
