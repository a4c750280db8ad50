//! A saved plan: what a reviewer approved is exactly what runs, or nothing does.
//!
//! The file holds the steps and the live state that they were made from, under a seal: a digest that shows every edit
//! by hand. Applying reads everything again: whatever moved makes the plan stale (exit code 5), and since planning is
//! pure, only steps that follow anew from gate.toml and the live state are ever run. The seal is no signature: who can
//! write the file can make a new one, and with it the consent to weaken, but no other steps (see SECURITY.md).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::{Global, PlanArgs};
use crate::config::Config;
use crate::model::{EnvName, Step};
use crate::providers::Op;
use crate::reconcile::{Drafted, fingerprint};
use crate::render::diagnostic::Hinted;

/// The only version there is; another major number is refused.
const FORMAT_VERSION: &str = "1.0";

/// More than any real plan, less than would exhaust memory.
const MAX_BYTES: u64 = 16 << 20;

/// The key of the digest over all others.
const SEAL: &str = "seal";

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
            let mut sealed = serde_json::to_value(self)?;
            let seal = fingerprint::of(&sealed);
            if let Some(sealed) = sealed.as_object_mut() {
                sealed.insert(SEAL.to_owned(), Value::String(seal));
            }
            serde_json::to_writer_pretty(&mut file, &sealed)?;
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
    /// When it is no plan, one of a version that this program does not know, or one that was altered.
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
        let mut value: Value = serde_json::from_slice(&text).map_err(|_| unusable("is not a plan saved by `gatectl plan --out`"))?;
        let version = value.get("format_version").and_then(Value::as_str).unwrap_or_default();
        if version != FORMAT_VERSION {
            return Err(unusable(&format!("has plan format {version:?}; this gatectl reads {FORMAT_VERSION:?}")).into());
        }
        let seal = value.as_object_mut().and_then(|plan| plan.remove(SEAL));
        if seal != Some(Value::String(fingerprint::of(&value))) {
            return Err(unusable("was altered after `gatectl plan` wrote it").into());
        }
        serde_json::from_value(value).map_err(|_| unusable("is not a plan saved by `gatectl plan --out`").into())
    }

    /// Holds the plan against gate.toml and the live state as they are now.
    ///
    /// # Errors
    /// [`Stale`] when either moved, naming what did, or when its steps no longer follow from the two.
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
        let (then, now) = (unattributed(&self.steps), unattributed(&now.plan.steps));
        if then != now {
            let differ = |step: &&Step<Op>| !then.contains(step) || !now.contains(step);
            let moved: BTreeSet<String> = (then.iter().chain(&now).filter(differ))
                .flat_map(|step| step.changes.iter().map(|change| change.address.to_string()))
                .collect();
            let moved = moved.into_iter().collect::<Vec<_>>().join(", ");
            return Err(stale(if self.gatectl == env!("CARGO_PKG_VERSION") {
                format!("it would be carried out in another way now ({moved}): the account behind a login, an id or the repository moved")
            } else {
                format!("gatectl {} made it, and this one would carry it out in another way ({moved})", self.gatectl)
            }));
        }
        Ok(())
    }
}

/// Steps without who acts and when, which is the business of the one who applies.
fn unattributed(steps: &[Step<Op>]) -> Vec<Step<Op>> {
    steps.iter().map(|step| Step { changes: step.changes.clone(), ops: step.ops.iter().map(Op::unattributed).collect() }).collect()
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
