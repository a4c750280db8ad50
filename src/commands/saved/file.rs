//! The file of a saved plan: sealed, written whole or not at all, and read only as it was written.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::{Global, PlanArgs};
use crate::commands::Session;
use crate::commands::failure::hinted;
use crate::commands::output::replace_file;
use crate::files;
use crate::model::{EnvName, shell_word};
use crate::reconcile::fingerprint;
use crate::views::diagnostic::Hinted;

use super::part::SavedPart;

/// The only version that is read: a plan is made for one apply, so older versions need no reader. 1.0 had one fingerprint of gate.toml.
const FORMAT_VERSION: &str = "3.0";

/// Larger than any real plan, too small to exhaust memory.
const MAX_BYTES: u64 = 64 << 20;

/// The key of the digest over all others.
const SEAL: &str = "seal";

/// A plan as it is kept in a file. Holds no secret: only declared config vars, and no token.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::commands) struct SavedPlan<Kept = SavedPart> {
    format_version: String,
    /// The version of gatectl that planned.
    pub(super) gatectl: String,
    /// Whether the person who planned consents to weakening.
    pub(in crate::commands) allow_weaken: bool,
    /// Whether undeclared environments are deleted (`--prune`).
    pub(in crate::commands) prune: bool,
    /// What `--environment` named.
    pub(in crate::commands) environments: Vec<EnvName>,
    /// What is planned for one repository, or for those of a fleet.
    #[serde(flatten)]
    pub(super) kept: Kept,
}

impl<Kept: Serialize> SavedPlan<Kept> {
    pub(super) fn of(kept: Kept, args: &PlanArgs, global: &Global) -> Self {
        Self {
            format_version: FORMAT_VERSION.to_owned(),
            gatectl: env!("CARGO_PKG_VERSION").to_owned(),
            allow_weaken: args.allow_weaken,
            prune: args.scope.prune,
            environments: global.environment.clone(),
            kept,
        }
    }

    /// Writes the file whole or not at all, readable by its owner only, and says how it is applied.
    ///
    /// # Errors
    /// If something else is there, or the directory cannot be written.
    pub(in crate::commands) fn write(&self, session: &Session, path: &Path) -> anyhow::Result<()> {
        replaceable(path)?;
        let mut sealed = serde_json::to_value(self)?;
        let seal = fingerprint::of(&sealed);
        if let Some(sealed) = sealed.as_object_mut() {
            sealed.insert(SEAL.to_owned(), Value::String(seal));
        }
        replace_file(path, format!("{sealed:#}\n").as_bytes(), None).with_context(|| format!("saving the plan to {}", path.display()))?;
        session.say(&format!("Saved the plan to {}. Apply exactly this with `gatectl apply {}`.", path.display(), named(path)));
        Ok(())
    }
}

/// The file in a command that can be pasted.
pub(super) fn named(path: &Path) -> String {
    shell_word(&path.to_string_lossy())
}

/// The error for a file that is not a plan, or one that cannot be used.
pub(super) fn unusable(path: &Path, what: &str) -> Hinted {
    Hinted::new(format!("{} {what}", path.display()), "make a new one: `gatectl plan --out FILE`")
}

/// Refuses a place that holds anything except a saved plan: a typo in `--out` must not overwrite a gate.toml or a workflow.
///
/// # Errors
/// If something else is there.
pub(in crate::commands) fn replaceable(path: &Path) -> anyhow::Result<()> {
    let Ok(kind) = std::fs::metadata(path) else { return Ok(()) };
    // A plan of another version, or an altered one, may be replaced too.
    let sealed = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).is_ok_and(|plan| plan.get(SEAL).is_some_and(Value::is_string));
    if files::read(path, MAX_BYTES).is_ok_and(sealed) {
        return Ok(());
    }
    let what = if kind.is_file() { "a file that is not a saved plan" } else { "something other than a file" };
    Err(hinted(
        format!("--out {} would replace {what}: nothing was saved", path.display()),
        "name a new file, or one that `gatectl plan --out FILE` wrote",
    ))
}

/// Reads a file.
///
/// # Errors
/// When it is not a plan, one of a version that this program does not know, or one that was altered.
pub(in crate::commands) fn read(path: &Path) -> anyhow::Result<Value> {
    let name = path.display();
    let no_plan = |what: &str, hint: &str| Hinted::new(format!("{name} {what}"), hint);
    let unusable = |what: &str| unusable(path, what);
    let text = match files::read(path, MAX_BYTES) {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::IsADirectory) => {
            let hint = "name a file that `gatectl plan --out FILE` wrote";
            return Err(no_plan("is not a regular file, so it is not a saved plan", hint).into());
        }
        Err(error) if error.kind() == ErrorKind::FileTooLarge => return Err(unusable("is too large to be a plan").into()),
        read => {
            read.with_context(|| no_plan("could not be read", &format!("to save a plan there: `gatectl plan --out {}`", named(path))))?
        }
    };
    let mut value: Value = serde_json::from_slice(&text).map_err(|_| {
        let hint =
            "apply takes a saved plan; to apply gate.toml itself, run `gatectl apply`, with -c FILE if it is not found automatically";
        no_plan("is not a saved plan", hint)
    })?;
    // What `plan --format json` prints has a version too, but no seal.
    let seal = value.as_object_mut().and_then(|plan| plan.remove(SEAL));
    let seal = seal.ok_or_else(|| unusable("is not a saved plan"))?;
    let version = value.get("format_version").and_then(Value::as_str).unwrap_or_default();
    if version != FORMAT_VERSION {
        return Err(unusable(&format!("has plan format {version:?}; this gatectl reads {FORMAT_VERSION:?}")).into());
    }
    if seal != Value::String(fingerprint::of(&value)) {
        return Err(unusable("was altered after it was saved").into());
    }
    Ok(value)
}
