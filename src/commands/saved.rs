//! A saved plan: what a reviewer approved is exactly what runs, or nothing does.
//!
//! The file holds the steps and the live state that they were made from, under a seal: a digest that shows every edit
//! by hand. Applying reads everything again: whatever moved makes the plan stale (exit code 5), and since planning is
//! pure, only steps that follow again from gate.toml and the live state are ever run. What cannot be read did not move:
//! then nothing is written and the plan stays good. The seal is not a signature: who can write the file can make a new
//! one, and with it the consent to weaken, but no other steps (see SECURITY.md).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cli::{Global, PlanArgs};
use crate::model::{Address, Cause, EnvName, Step, Unknown, in_words, is_masked};
use crate::providers::Op;
use crate::providers::request::Request as _;
use crate::reconcile::{Planned, fingerprint};
use crate::views::diagnostic::Hinted;

use super::failure::{Stale, Unread};

/// The only version that is read: a plan is made for one apply, so nothing is gained by reading another. 1.0 had one fingerprint of gate.toml.
const FORMAT_VERSION: &str = "3.0";

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
    /// The fingerprint of what gate.toml declares of each address.
    declared: BTreeMap<Address, String>,
    /// The live state by address.
    basis: BTreeMap<Address, Value>,
    /// What could not be read when it was made.
    unread: BTreeSet<Address>,
    steps: Vec<Value>,
}

impl SavedPlan {
    /// Takes what was just planned.
    pub(super) fn new(planned: &Planned, args: &PlanArgs, global: &Global) -> Self {
        Self {
            format_version: FORMAT_VERSION.to_owned(),
            gatectl: env!("CARGO_PKG_VERSION").to_owned(),
            allow_weaken: args.allow_weaken,
            prune: args.scope.prune,
            environments: global.environment.clone(),
            declared: planned.declared.clone(),
            basis: planned.basis.clone(),
            unread: planned.unread.keys().cloned().collect(),
            steps: kept(&planned.plan.steps),
        }
    }

    /// Refuses a place that holds anything but a saved plan: a slip in `--out` must not cost a gate.toml or a workflow.
    ///
    /// # Errors
    /// If something else is there.
    pub(super) fn replaceable(path: &Path) -> anyhow::Result<()> {
        let Ok(kind) = std::fs::metadata(path) else { return Ok(()) };
        // Also one of another version, or one that was altered: it was a plan.
        let sealed =
            |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).is_ok_and(|plan| plan.get(SEAL).is_some_and(Value::is_string));
        let small = kind.len() <= MAX_BYTES;
        if kind.is_file() && small && std::fs::read(path).is_ok_and(sealed) {
            return Ok(());
        }
        let what = if kind.is_file() { "a file that is not a saved plan" } else { "not a regular file" };
        Err(Hinted {
            message: format!("--out {} would replace {what}: nothing was saved", path.display()),
            hint: "name a new file, or one that `gatectl plan --out` wrote".to_owned(),
        }
        .into())
    }

    /// Writes the file whole or not at all, readable by its owner only.
    ///
    /// # Errors
    /// If something else is there, or the directory cannot be written.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        Self::replaceable(path)?;
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
    /// When it is not a plan, one of a version that this program does not know, or one that was altered.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let no_plan = |what: &str, hint: String| Hinted { message: format!("{name} {what}"), hint };
        if std::fs::metadata(path).is_ok_and(|kind| !kind.is_file()) {
            let hint = "name a file that `gatectl plan --out FILE` wrote".to_owned();
            return Err(no_plan("is not a regular file, so it is not a saved plan", hint).into());
        }
        let mut text = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut text))
            .with_context(|| format!("reading the saved plan {name}"))?;
        let unusable = |what: &str| no_plan(what, "make a new one: gatectl plan --out FILE".to_owned());
        if text.len() as u64 > MAX_BYTES {
            return Err(unusable("is too large to be a plan").into());
        }
        let mut value: Value = serde_json::from_slice(&text).map_err(|_| {
            let hint =
                "apply takes a saved plan; to apply gate.toml itself, run `gatectl apply`, with -c FILE if it is not found automatically";
            no_plan("is not a plan saved by `gatectl plan --out`", hint.to_owned())
        })?;
        // What `plan --format json` prints has a version too, but no seal.
        let seal = value.as_object_mut().and_then(|plan| plan.remove(SEAL));
        let seal = seal.ok_or_else(|| unusable("is not a plan saved by `gatectl plan --out`"))?;
        let version = value.get("format_version").and_then(Value::as_str).unwrap_or_default();
        if version != FORMAT_VERSION {
            return Err(unusable(&format!("has plan format {version:?}; this gatectl reads {FORMAT_VERSION:?}")).into());
        }
        if seal != Value::String(fingerprint::of(&value)) {
            return Err(unusable("was altered after `gatectl plan` wrote it").into());
        }
        serde_json::from_value(value).map_err(|_| unusable("is not a plan saved by `gatectl plan --out`").into())
    }

    /// Holds the plan, which is kept in `file`, against gate.toml and the live state as they are now.
    ///
    /// # Errors
    /// [`Stale`] when either moved, naming what did, or when its steps no longer follow from the two; [`Unread`] when nothing is
    /// seen to have moved and not all of it can be read.
    pub(super) fn check(&self, file: &Path, now: &Planned) -> anyhow::Result<()> {
        let redeclared = self.redeclared(now);
        let list =
            |all: Vec<(&Address, String)>| all.iter().map(|(address, how)| format!("{address} {how}")).collect::<Vec<_>>().join(", ");
        let mut why = Vec::new();
        let moved = self.moved(now, |address| redeclared.contains_key(address));
        if !redeclared.is_empty() {
            why.push(format!("{} no longer declares what it was made from: {}", now.plan.config, list(redeclared.into_iter().collect())));
        }
        if !moved.is_empty() {
            why.push(format!("the live state moved: {}", list(moved)));
        }
        match (why.is_empty(), self.unread(now)) {
            (true, None) => self.follows(now),
            (true, Some(unread)) => Err(Unread(Unknown {
                reason: format!("nothing was written: what the saved plan was made from cannot be read now\n{}", unread.reason),
                hint: format!("{}\nthe plan is still good: then run `gatectl apply {}` again", unread.hint, file.display()),
                ..unread
            })
            .into()),
            (false, None) => Err(stale(why.join("\n"), "")),
            (false, Some(unread)) => {
                why.push(format!("could not be read: {}", unread.reason));
                Err(stale(why.join("\n"), &unread.hint))
            }
        }
    }

    /// The addresses that gate.toml no longer declares as it did.
    fn redeclared<'a>(&'a self, now: &'a Planned) -> BTreeMap<&'a Address, String> {
        let all: BTreeSet<&Address> = self.declared.keys().chain(now.declared.keys()).collect();
        let how = |address: &Address| match (self.declared.get(address), now.declared.get(address)) {
            (Some(then), Some(now)) if then == now => None,
            (Some(_), Some(_)) => Some("is declared otherwise"),
            (None, _) => Some("is new in it"),
            (_, None) => Some("is gone from it"),
        };
        all.into_iter().filter_map(|address| Some((address, how(address)?.to_owned()))).collect()
    }

    /// The addresses whose live state is seen to have moved; one that gate.toml declares otherwise is read otherwise.
    fn moved<'a>(&'a self, now: &'a Planned, redeclared: impl Fn(&Address) -> bool) -> Vec<(&'a Address, String)> {
        let how = |address: &Address| match (self.basis.get(address), now.basis.get(address)) {
            (Some(then), Some(live)) => what_moved(then, live, now.unread.contains_key(address)),
            // Whatever hides the others of its repository or app hides this one too.
            (_, None) => (!now.unread.keys().any(|unread| unread.scope() == address.scope())).then(|| "is gone".to_owned()),
            (None, _) if self.unread.contains(address) => Some("could not be read when the plan was made".to_owned()),
            (None, _) => Some("appeared".to_owned()),
        };
        let all: BTreeSet<&Address> = self.basis.keys().chain(now.basis.keys()).collect();
        all.into_iter().filter(|address| !redeclared(address)).filter_map(|address| Some((address, how(address)?))).collect()
    }

    /// What was known when the plan was made and cannot be read now: every reason with its addresses, and every next step, once.
    fn unread(&self, now: &Planned) -> Option<Unknown> {
        let unread: Vec<(&Address, &Unknown)> = now.unread.iter().filter(|(address, _)| !self.unread.contains(address)).collect();
        let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (address, unknown) in &unread {
            reasons.entry(&unknown.reason).or_default().push(address.to_string());
        }
        let reasons: Vec<String> = reasons.iter().map(|(reason, addresses)| format!("{}: {reason}", addresses.join(", "))).collect();
        let hints: BTreeSet<&str> = unread.iter().map(|(_, unknown)| unknown.hint.as_str()).filter(|hint| !hint.is_empty()).collect();
        let credentials = unread.iter().all(|(_, unknown)| unknown.cause == Cause::Credentials);
        (!unread.is_empty()).then(|| Unknown {
            reason: reasons.join("\n"),
            hint: hints.into_iter().collect::<Vec<_>>().join("\n"),
            cause: if credentials { Cause::Credentials } else { Cause::Other },
        })
    }

    /// Holds the steps against those that follow now.
    ///
    /// # Errors
    /// [`Stale`] when they differ.
    fn follows(&self, now: &Planned) -> anyhow::Result<()> {
        let (then, now) = (&self.steps, &kept(&now.plan.steps));
        if then == now {
            return Ok(());
        }
        let differ = |step: &&Value| !then.contains(step) || !now.contains(step);
        let changes = then.iter().chain(now).filter(differ).filter_map(|step| step.get("changes")?.as_array()).flatten();
        let moved: BTreeSet<String> = changes.filter_map(|change| change.get("address")?.as_str().map(str::to_owned)).collect();
        let moved = moved.into_iter().collect::<Vec<_>>().join(", ");
        let why = if self.gatectl == env!("CARGO_PKG_VERSION") {
            format!("it would be carried out in another way now ({moved}): the account behind a login, an id or the repository moved")
        } else {
            format!("gatectl {} made it, and this one would carry it out in another way ({moved})", self.gatectl)
        };
        Err(stale(why, ""))
    }
}

/// The steps as a file keeps them: without who acts and when, which is the business of the one who applies, and without any value
/// that looks like a credential (law 8).
fn kept(steps: &[Step<Op>]) -> Vec<Value> {
    let unattributed = |step: &Step<Op>| Step { changes: step.changes.clone(), ops: step.ops.iter().map(Op::unattributed).collect() };
    steps.iter().map(|step| json!(unattributed(step))).collect()
}

/// The error for a plan that is stale; `hint` is the next step for what could not be read beside.
fn stale(why: String, hint: &str) -> anyhow::Error {
    let hints = ["make a new one with `gatectl plan --out FILE`, and have it reviewed again", hint];
    anyhow::Error::new(Stale(why)).context(Hinted {
        message: "the saved plan is stale: nothing was written".to_owned(),
        hint: hints.join("\n").trim_end().to_owned(),
    })
}

/// Names the fields that moved, or the value. A field that is missing is one that could not be read.
fn what_moved(then: &Value, now: &Value, unread: bool) -> Option<String> {
    match (then, now) {
        (then, now) if then == now => None,
        (then, now) if is_masked(then) || is_masked(now) => Some(format!("(was {}, is {})", in_words(then), in_words(now))),
        (Value::Object(then), Value::Object(now)) => {
            let moved = then.iter().filter(|(name, value)| now.get(*name).map_or(!unread, |now| now != *value));
            let moved = moved
                .map(|(name, value)| format!("{name} was {}, is {}", in_words(value), in_words(now.get(name).unwrap_or(&Value::Null))));
            let learned = now.keys().filter(|name| !then.contains_key(*name));
            let fields: Vec<String> = moved.chain(learned.map(|name| format!("{name} could not be read when the plan was made"))).collect();
            (!fields.is_empty()).then(|| format!("({})", fields.join("; ")))
        }
        (Value::Null, _) => Some("appeared".to_owned()),
        (Value::Object(_), Value::Null) => Some("is gone".to_owned()),
        (then, now) => Some(format!("(was {}, is {})", in_words(then), in_words(now))),
    }
}
