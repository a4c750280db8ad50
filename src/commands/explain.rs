//! `gatectl explain`: which rule admits or refuses a ref, declared and live.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::json;

use super::failure::hinted;
use crate::cli::ExplainArgs;
use crate::config::Config;
use crate::desired::github::{BranchPolicy, DesiredEnvironment};
use crate::exit::Exit;
use crate::model::{Cause, EnvName, Unknown};
use crate::providers::github::inspection::ProtectedBranches;
use crate::providers::github::observe;
use crate::render::{Block, Document, Glyph, Heading, Section, json};
use crate::workflows::refs::{Admission, explain, explain_protected};

use super::wiring::{Needs, Wiring};
use super::{Session, statics};

/// Prints what each environment's policy decides about a ref.
///
/// # Errors
/// When gate.toml cannot be read, or GitHub must be asked and no repository is named.
pub(super) async fn run(session: &Session, args: &ExplainArgs) -> anyhow::Result<Exit> {
    let config = session.config_if_any()?;
    let declared = &config.desired;
    let asked = if declared.github.environments.is_empty() && declared.workflows.is_empty() {
        session.global.environment.iter().cloned().collect()
    } else {
        statics::asked(session, &config)?
    };
    if asked.is_empty() {
        return Err(hinted("there is no gate.toml that declares an environment, and none is named", "name one with --environment NAME"));
    }
    let live = if args.offline { None } else { Some(look(session, &config, &asked).await?) };
    let answers: Vec<Answer> = asked
        .into_iter()
        .map(|name| {
            let declared = match config.desired.github.environments.get(&name) {
                Some(DesiredEnvironment::Present(gate) | DesiredEnvironment::Optional(gate)) => match &gate.deployment_branch_policy {
                    Some(policy) => RuleAnswer::of(explain(policy, &args.git_ref)),
                    None => RuleAnswer::new("undeclared", "gate.toml does not set deployment_branch_policy for this environment"),
                },
                Some(DesiredEnvironment::Absent) => RuleAnswer::new("undeclared", "gate.toml declares the environment absent"),
                None => RuleAnswer::new("undeclared", "gate.toml does not declare the environment"),
            };
            let live = live.as_ref().map(|live| live.say(&name, &args.git_ref));
            Answer { name, declared, live }
        })
        .collect();
    session.print(&config, &document(&args.git_ref, &answers), || {
        json::to_string(&json!({"format_version": json::FORMAT_VERSION, "ref": args.git_ref, "environments": answers}))
    })?;
    let undecided = answers.iter().filter_map(|answer| answer.live.as_ref()?.undecided);
    Ok(Cause::common(undecided).map_or(Exit::Done, Exit::from))
}

/// What one policy says; also the shape of the JSON.
#[derive(Serialize)]
struct RuleAnswer {
    #[serde(rename = "answer")]
    word: &'static str,
    because: String,
    /// Why that is not a decision, if it is not.
    #[serde(skip)]
    undecided: Option<Cause>,
}

impl RuleAnswer {
    fn new(word: &'static str, because: impl Into<String>) -> Self {
        Self { word, because: because.into(), undecided: None }
    }

    fn of(admission: Admission) -> Self {
        match admission {
            Admission::Admitted(why) => Self::new("admitted", why),
            Admission::Refused(why) => Self::new("refused", why),
            Admission::Depends(why) => Self { undecided: Some(Cause::Other), ..Self::new("depends", why) },
        }
    }

    fn unknown(unknown: &Unknown) -> Self {
        Self { undecided: Some(unknown.cause), ..Self::new("unknown", format!("{}; {}", unknown.reason, unknown.hint)) }
    }
}

#[derive(Serialize)]
struct Answer {
    name: EnvName,
    declared: RuleAnswer,
    live: Option<RuleAnswer>,
}

/// What is live of policies and branches.
struct Live {
    environments: Result<observe::Policies, Unknown>,
    protected: Result<ProtectedBranches, Unknown>,
}

impl Live {
    fn say(&self, name: &EnvName, git_ref: &str) -> RuleAnswer {
        let environments = match &self.environments {
            Ok(environments) => environments,
            Err(unknown) => return RuleAnswer::unknown(unknown),
        };
        match environments.get(name) {
            None => RuleAnswer::new("admitted", "the environment does not exist: a job that names it creates it, without any rule"),
            Some(Err(unknown)) => RuleAnswer::unknown(unknown),
            Some(Ok(policy)) => match (explain(policy, git_ref), policy, &self.protected) {
                (_, BranchPolicy::Protected, Ok(protected)) => {
                    RuleAnswer::of(explain_protected(&protected.names, protected.complete, git_ref))
                }
                (Admission::Depends(_), BranchPolicy::Protected, Err(unknown)) => RuleAnswer::unknown(unknown),
                (admission, _, _) => RuleAnswer::of(admission),
            },
        }
    }
}

async fn look(session: &Session, config: &Config, asked: &BTreeSet<EnvName>) -> anyhow::Result<Live> {
    let wiring = Wiring::of(session, config, Needs::REPOSITORY).await?;
    let repository = wiring.repository()?;
    let reader = match wiring.github() {
        Ok(reader) => reader,
        Err(error) => return Ok(Live { environments: Err(error.unknown()), protected: Err(error.unknown()) }),
    };
    session.progress.phase("reading the live state");
    let policies = observe::policies(&reader, repository, asked);
    let protected = crate::providers::github::inspect::protected_branches(&reader, repository);
    let (environments, protected) = session.unless_stopped(async { tokio::join!(policies, protected) }).await?;
    Ok(Live { environments, protected })
}

fn document(git_ref: &str, answers: &[Answer]) -> Document {
    let section = |answer: &Answer| {
        let item = |subject: &str, said: &RuleAnswer| Block::Item {
            subject: subject.to_owned(),
            text: format!("{}: {}", said.word, said.because),
        };
        let blocks = [Some(item("gate.toml", &answer.declared)), answer.live.as_ref().map(|said| item("live", said))];
        Section::new(Heading::of(Glyph::None, answer.name.to_string(), git_ref), blocks.into_iter().flatten().collect())
    };
    let decisive = |answer: &Answer| answer.live.as_ref().map_or(answer.declared.word, |said| said.word);
    let words: Vec<String> = answers.iter().map(|answer| format!("{}: {}", answer.name, decisive(answer))).collect();
    Document {
        name: "explain",
        sections: answers.iter().map(section).collect(),
        headline: format!("{git_ref}: {}.", words.join(", ")),
        ..Document::default()
    }
}
