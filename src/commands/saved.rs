//! A saved plan: what a reviewer approved is exactly what runs, or nothing does.
//!
//! The file holds the steps and the live state that they were made from. Applying reads everything again: moved state or
//! a moved gate.toml makes the plan stale (exit code 5), and since planning is pure, steps that do not follow from the
//! two are an altered file.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::{Global, PlanArgs};
use crate::config::Config;
use crate::model::{EnvName, Step};
use crate::providers::Op;
use crate::render::diagnostic::Hinted;

use super::fingerprint;
use super::reconcile::Drafted;

/// The only version there is; another major number is refused.
const FORMAT_VERSION: &str = "1.0";

/// More than any real plan, less than would exhaust memory.
const MAX_BYTES: u64 = 16 << 20;

/// A plan as it is kept in a file. Holds no secret: only declared config vars, and no token.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SavedPlan {
    format_version: String,
    /// The version of gatectl that planned.
    gatectl: String,
    /// Whether the one who planned consents to weakening.
    pub(super) allow_weaken: bool,
    /// Whether undeclared environments were to go.
    pub(super) prune: bool,
    /// What `--environment` named.
    pub(super) environments: Vec<EnvName>,
    /// The meaning of gate.toml.
    desired: String,
    /// The live state by address.
    basis: BTreeMap<String, Value>,
    steps: Vec<Step<Op>>,
}

/// Why a saved plan cannot be applied: what it was made from has moved (exit code 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stale(pub(super) String);

impl std::fmt::Display for Stale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Stale {}

impl SavedPlan {
    /// Takes what was just planned.
    pub(super) fn new(config: &Config, drafted: &Drafted, args: &PlanArgs, global: &Global) -> Self {
        Self {
            format_version: FORMAT_VERSION.to_owned(),
            gatectl: env!("CARGO_PKG_VERSION").to_owned(),
            allow_weaken: args.allow_weaken,
            prune: args.scope.prune,
            environments: global.environment.clone(),
            desired: fingerprint::of(&fingerprint::desired(&config.desired)),
            basis: drafted.basis.clone(),
            steps: drafted.plan.steps.clone(),
        }
    }

    /// Writes the file whole or not at all, readable by its owner only.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let save = || -> std::io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(directory)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            file.persist(path)?;
            Ok(())
        };
        save().with_context(|| format!("saving the plan to {}", path.display()))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is no plan, or one of a version that this program does not know.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let mut text = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut text))
            .with_context(|| format!("reading the saved plan {name}"))?;
        let unusable =
            |what: &str| Hinted { message: format!("{name} {what}"), hint: format!("make a new one: gatectl plan --out {name}") };
        if text.len() as u64 > MAX_BYTES {
            return Err(unusable("is too large to be a plan").into());
        }
        let value: Value = serde_json::from_slice(&text).map_err(|_| unusable("is not a plan saved by `gatectl plan --out`"))?;
        let version = value.get("format_version").and_then(Value::as_str).unwrap_or_default();
        if version != FORMAT_VERSION {
            return Err(unusable(&format!("has plan format {version:?}; this gatectl reads {FORMAT_VERSION:?}")).into());
        }
        serde_json::from_value(value).map_err(|_| unusable("is not a plan saved by `gatectl plan --out`").into())
    }

    /// Holds the plan against gate.toml and the live state as they are now.
    ///
    /// # Errors
    /// [`Stale`] when either moved, naming what did; another error when the file's steps are not what its sources give.
    pub(super) fn check(&self, config: &Config, now: &Drafted) -> anyhow::Result<()> {
        if self.desired != fingerprint::of(&fingerprint::desired(&config.desired)) {
            return Err(stale(format!("{} no longer declares what it was made from", config.path)));
        }
        let moved: Vec<String> = self
            .basis
            .iter()
            .filter(|(address, then)| now.basis.get(*address) != Some(then))
            .map(|(address, then)| format!("{address} ({})", what_moved(then, now.basis.get(address))))
            .chain(now.basis.keys().filter(|address| !self.basis.contains_key(*address)).map(|address| format!("{address} (new)")))
            .collect();
        if !moved.is_empty() {
            return Err(stale(format!("the live state moved: {}", moved.join(", "))));
        }
        if !same(&self.steps, &now.plan.steps) {
            return Err(Hinted {
                message: "the saved plan was altered: its steps do not follow from gate.toml and the live state".to_owned(),
                hint: "make a new one with `gatectl plan --out FILE`, by the same version of gatectl".to_owned(),
            }
            .into());
        }
        Ok(())
    }
}

/// Whether two plans do the same; who acts and when is the business of the one who applies.
fn same(saved: &[Step<Op>], fresh: &[Step<Op>]) -> bool {
    let unattributed = |steps: &[Step<Op>]| -> Vec<Step<Op>> {
        steps.iter().map(|step| Step { changes: step.changes.clone(), ops: step.ops.iter().map(Op::unattributed).collect() }).collect()
    };
    unattributed(saved) == unattributed(fresh)
}

fn stale(why: String) -> anyhow::Error {
    anyhow::Error::new(Stale(why)).context(Hinted {
        message: "the saved plan is stale: nothing was written".to_owned(),
        hint: "make a new one with `gatectl plan --out FILE`, and have it reviewed again".to_owned(),
    })
}

/// Names the fields that moved, or the value.
fn what_moved(then: &Value, now: Option<&Value>) -> String {
    match (then, now) {
        (_, None) => "could not be read".to_owned(),
        (Value::Object(then), Some(Value::Object(now))) => {
            let fields: Vec<String> = then
                .iter()
                .filter(|(name, value)| now.get(*name) != Some(value))
                .map(|(name, value)| format!("{name} was {value}, is {}", now.get(name).unwrap_or(&Value::Null)))
                .collect();
            fields.join("; ")
        }
        (Value::Null, Some(_)) => "appeared".to_owned(),
        (Value::Object(_), Some(Value::Null)) => "is gone".to_owned(),
        (then, Some(now)) => format!("was {then}, is {now}"),
    }
}
