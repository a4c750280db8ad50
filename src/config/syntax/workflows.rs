//! Workflow files and what starts them.

use super::{Check, not_empty};
use crate::config::near::quote;
use crate::config::schema::{Syntax, Wrong};

pub(in crate::config) static WORKFLOW_FILE: Syntax =
    Syntax { noun: "a workflow's path", pattern: Some(r"^\.github/workflows/.+\.ya?ml$"), check: workflow_file };

fn workflow_file(text: &str) -> Check {
    const FOLDER: &str = ".github/workflows/";
    let file = text.trim_start_matches("./").trim_start_matches('/').replace('\\', "/");
    let name = file.strip_prefix(FOLDER).unwrap_or(&file);
    let yaml = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
    let Some(stem) = yaml.filter(|stem| !stem.is_empty()) else {
        return Err(Wrong::new("a workflow is a .yml or .yaml file", format!("write a path such as \"{FOLDER}deploy.yml\"")));
    };
    let steps = name.split('/').any(|part| part.is_empty() || part == "." || part == "..");
    match text.strip_prefix(FOLDER) {
        Some(_) if !steps && !text.contains('\\') && !text.contains(char::is_control) => Ok(()),
        _ if steps || stem.contains('/') => {
            Err(Wrong::new(format!("a workflow lies below {FOLDER}"), "write the path from the repository's root, without `..`"))
        }
        _ => Err(Wrong::new(format!("a workflow lies below {FOLDER}"), format!("write \"{FOLDER}{name}\""))),
    }
}

pub(in crate::config) static REF_NAME: Syntax = Syntax {
    noun: "a branch or tag",
    pattern: Some("^(?!refs/(heads|tags)/)"),
    check: |text| match text.strip_prefix("refs/heads/").or_else(|| text.strip_prefix("refs/tags/")) {
        Some(short) => Err(Wrong::new("a branch or a tag is written by its short name", format!("write {}", quote(short)))),
        None => ref_name(text),
    },
};

pub(in crate::config) static REF: Syntax = Syntax {
    noun: "a ref",
    pattern: None,
    check: |text| match text.strip_prefix("refs/") {
        Some(rest) if !rest.starts_with("heads/") && !rest.starts_with("tags/") => {
            Err(Wrong::new("a dispatch runs on a branch or a tag", "write refs/heads/BRANCH or refs/tags/TAG"))
        }
        Some(_) => ref_name(text),
        None => ref_name(text),
    },
};

/// What git takes for one ref's name; patterns are refused, because a scenario is one concrete run.
fn ref_name(text: &str) -> Check {
    if text.contains(['*', '?', '[']) {
        return Err(Wrong::new(
            "a scenario is one concrete run, not a pattern",
            "write one name that the pattern matches, such as \"v1.2.3\"",
        ));
    }
    let odd = |c: char| c.is_whitespace() || c.is_control() || "~^:\\".contains(c);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    if text.contains(odd) || text.contains("..") || text.contains("@{") || text.ends_with('.') || !text.split('/').all(part) {
        return Err(Wrong::new("not a name that git allows", "write a branch or a tag as `git branch` or `git tag` prints it"));
    }
    Ok(())
}

pub(in crate::config) static INPUT: Syntax = Syntax { noun: "an input's name", pattern: None, check: not_empty };

pub(in crate::config) static JOB: Syntax =
    Syntax { noun: "a job's id", pattern: Some("^[A-Za-z_][A-Za-z0-9_-]*$"), check: |text| job(text, text) };

/// The rule for a job's id; `example` is how the whole value is written with a good one.
fn job(text: &str, example: &str) -> Check {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) {
        return Ok(());
    }
    let id: String = example.chars().take(60).collect();
    Err(Wrong::new(
        "a job's id has letters, digits, `-` and `_`, and no digit or `-` first",
        format!("write the job's key, not {}", quote(&id)),
    ))
}

pub(in crate::config) static HARMLESS: Syntax =
    Syntax { noun: "a secret or a job", pattern: Some(r"^([A-Za-z0-9_*]+|[^:]+\.ya?ml:[A-Za-z_][A-Za-z0-9_-]*)$"), check: harmless };

fn harmless(text: &str) -> Check {
    let Some((file, id)) = text.rsplit_once(':') else {
        if text.ends_with(".yml") || text.ends_with(".yaml") {
            return Err(Wrong::new("a whole file cannot be harmless", format!("name its job: \"{text}:JOB\"")));
        }
        let is_name = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_*".contains(c));
        // One `*` alone would declare that nothing can deploy.
        return match (is_name, text.chars().any(|c| c.is_ascii_alphanumeric())) {
            (true, true) => Ok(()),
            (true, false) => Err(Wrong::new("a pattern that matches every secret", "name the secrets that cannot deploy")),
            (false, _) => Err(Wrong::new("a secret's name has letters, digits and `_`", "write a secret's name, or a job as FILE:JOB")),
        };
    };
    if !(file.ends_with(".yml") || file.ends_with(".yaml")) || file.contains(':') {
        return Err(Wrong::new("a job is written FILE:JOB", "write the workflow's file name and the job's id, such as \"ci.yml:lint\""));
    }
    job(id, text)
}

pub(in crate::config) static CALLED_WORKFLOW: Syntax = Syntax {
    noun: "a called workflow",
    pattern: Some(r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.*-]+/\.github/workflows/[^@/]+$"),
    check: called_workflow,
};

fn called_workflow(text: &str) -> Check {
    let help = "write OWNER/REPO/.github/workflows/FILE.yml";
    if let Some((path, _)) = text.split_once('@') {
        return Err(Wrong::new("a trusted workflow is written without its ref", format!("write {}", quote(path))));
    }
    let plain = |part: &str, more: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c));
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [owner, _, ..] if owner.contains('*') => Err(Wrong::new("a wildcard as the owner would trust everyone", help)),
        [owner, repository, ".github", "workflows", file] if plain(owner, "_.-") && plain(repository, "_.-*") && plain(file, "_.-*") => {
            Ok(())
        }
        _ => Err(Wrong::new("not the path of a workflow in another repository", help)),
    }
}
