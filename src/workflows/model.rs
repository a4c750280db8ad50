//! A workflow file as GitHub understands it, with the position of everything that a message may mention.
//!
//! Owns plain data. Must not know how it is read, and evaluates nothing: text may still hold `${{ }}`.

pub use super::yaml::Problem;
use super::yaml::{Key, Node, NodeKind, Pos, Scalar};

/// A scalar and its position.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// The scalar; it may hold expressions.
    pub scalar: Scalar,
    /// Its position.
    pub pos: Pos,
}

impl Text {
    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.scalar.text
    }

    /// Whether it is plain `true`.
    pub fn is_true(&self) -> bool {
        self.scalar.kind == NodeKind::Bool(true)
    }

    /// Whether it is plain `false`.
    pub fn is_false(&self) -> bool {
        self.scalar.kind == NodeKind::Bool(false)
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq)]
pub struct Workflow {
    /// Its path in the repository, with `/`.
    pub path: String,
    /// Its `on`, in the order of the file.
    pub triggers: Vec<Trigger>,
    /// Its jobs, in the order of the file.
    pub jobs: Vec<Job>,
    /// The same as indices, none before a job that it needs; those that need each other come last.
    pub order: Vec<usize>,
    /// The workflow's `env`.
    pub env: Option<Node>,
    /// The workflow's `permissions`.
    pub permissions: Option<Node>,
    /// Why GitHub rejects the file as a whole; a job's own reasons are with the job.
    pub problems: Vec<Problem>,
    /// Keys that GitHub does not know.
    pub unknown_keys: Vec<UnknownKey>,
}

impl Workflow {
    /// The file's name, as paths of jobs begin: `deploy.yml`.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The trigger for an event, when the file declares one.
    pub fn trigger(&self, event: &str) -> Option<&Trigger> {
        self.triggers.iter().find(|trigger| trigger.event == event)
    }

    /// The job with an id. GitHub compares ids without case.
    pub fn job(&self, id: &str) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id.eq_ignore_ascii_case(id))
    }
}

/// A key that is not one of GitHub's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    /// The key.
    pub key: Key,
    /// The mapping that holds it: `on.push`, `jobs.deploy`.
    pub place: String,
    /// The key that the author probably meant.
    pub near: Option<&'static str>,
}

/// One event under `on`.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// GitHub's name of the event.
    pub event: String,
    /// The position of its name.
    pub pos: Pos,
    /// `branches` or `branches-ignore`.
    pub branches: RefFilter,
    /// `tags` or `tags-ignore`.
    pub tags: RefFilter,
    /// Whether the event is filtered by paths too, which depends on more than the ref.
    pub paths: bool,
    /// `types`; empty means GitHub's default ones.
    pub types: Vec<Text>,
    /// The cron lines of a schedule.
    pub crons: Vec<Text>,
    /// Inputs of a dispatch or a call.
    pub inputs: Vec<Input>,
    /// Outputs of a call, by name.
    pub outputs: Vec<(Key, Text)>,
}

/// The filter on one kind of ref.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum RefFilter {
    /// None is written.
    #[default]
    Absent,
    /// Only refs that these patterns admit, in order, `!` taking away again.
    Only(Vec<Text>),
    /// All but those that a pattern matches.
    Ignore(Vec<Text>),
}

/// One declared input of a dispatch or a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Its name; GitHub compares names without case.
    pub name: String,
    /// The position of its declaration.
    pub pos: Pos,
    /// Its type.
    pub kind: InputKind,
    /// Whether it must be given.
    pub required: bool,
    /// Its default, as written.
    pub default: Option<Text>,
}

/// The types of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputKind {
    /// Text; also when no type is written.
    String,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// One of these.
    Choice(Vec<String>),
    /// The name of one of the repository's environments.
    Environment,
}

/// One job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its key under `jobs`.
    pub id: String,
    /// The position of that key.
    pub pos: Pos,
    /// The jobs it waits for.
    pub needs: Vec<Text>,
    /// `if`.
    pub condition: Option<Text>,
    /// `environment`.
    pub environment: JobEnvironment,
    /// `strategy.matrix`, or a `strategy` that is one expression.
    pub matrix: Option<Matrix>,
    /// `continue-on-error`.
    pub continue_on_error: Option<Text>,
    /// The reusable workflow it calls.
    pub call: Option<Call>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Its outputs, by name.
    pub outputs: Vec<(Key, Text)>,
    /// The whole body, for questions about everything that a job reads.
    pub body: Node,
    /// Why GitHub rejects the job, and the file with it.
    pub problems: Vec<Problem>,
}

/// The `environment` of a job.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEnvironment {
    /// The key is not there.
    Absent,
    /// `environment: NAME`.
    Scalar(Text),
    /// `environment: { name, url, deployment }`.
    Mapping {
        /// The name.
        name: Text,
        /// Whether GitHub records a deployment; `None` means that it does.
        deployment: Option<Text>,
    },
}

impl JobEnvironment {
    /// The text that names the environment, when the key is there.
    pub fn name(&self) -> Option<&Text> {
        match self {
            Self::Absent => None,
            Self::Scalar(name) | Self::Mapping { name, .. } => Some(name),
        }
    }
}

/// The source of a job's matrix.
#[derive(Debug, Clone, PartialEq)]
pub enum Matrix {
    /// `strategy.matrix`: a mapping, or an expression.
    Declared(Node),
    /// The whole `strategy` is this expression.
    Strategy(Text),
}

/// A job that calls a reusable workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// `./.github/workflows/x.yml` or `owner/repo/.github/workflows/x.yml@ref`.
    pub uses: Text,
    /// Inputs it passes.
    pub with: Vec<(Key, Text)>,
    /// Secrets it passes.
    pub secrets: Secrets,
}

/// The `secrets` of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Secrets {
    /// None are passed.
    Absent,
    /// All of the caller's.
    Inherit(Pos),
    /// These, by the name that the called workflow gives them.
    Named(Vec<(Key, Text)>),
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its position.
    pub pos: Pos,
    /// `if`.
    pub condition: Option<Text>,
    /// `uses`.
    pub uses: Option<Text>,
    /// `run`.
    pub run: Option<Text>,
    /// `shell`: its own, or that of the `defaults` of its job or workflow.
    pub shell: Option<Text>,
    /// `continue-on-error`.
    pub continue_on_error: Option<Text>,
    /// Whether it may run concurrently with the steps after it (`background`).
    pub background: Option<Text>,
    /// `working-directory`: its own, or that of the `defaults` of its job or workflow.
    pub working_directory: Option<Text>,
    /// The folder of the action of this repository that it is a part of: its `github.action_path`.
    pub action_path: Option<String>,
    /// The whole step.
    pub body: Node,
}

impl Step {
    /// The name of the action that it uses, in lower case and without its ref.
    pub fn action(&self) -> Option<String> {
        Some(self.uses.as_ref()?.as_str().split('@').next().unwrap_or_default().trim_end_matches('/').to_lowercase())
    }

    /// The inputs that its `with` gives.
    pub fn with(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.body.get("with").and_then(Node::mapping).into_iter().flatten();
        entries.filter_map(|(key, value)| Some((key.text.as_str(), value.scalar()?.text.as_str())))
    }

    /// One of these inputs, by its name as it is written.
    pub fn input(&self, name: &str) -> Option<&str> {
        self.with().find(|(key, _)| *key == name).map(|(_, text)| text)
    }
}
