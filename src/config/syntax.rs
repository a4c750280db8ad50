//! The rules for single pieces of text: names, patterns, addresses.
//!
//! Each refusal says what to write instead.

use super::near::{nearest, quote};
use super::schema::{Syntax, Wrong};
use crate::model::{EnvName, RepoName};

type Check = Result<(), Wrong>;

pub(super) fn exact(text: &str) -> String {
    text.to_owned()
}
/// How GitHub compares environments, logins and slugs.
pub(super) fn folded(text: &str) -> String {
    text.to_lowercase()
}
/// How GitHub stores the names of variables and secrets.
pub(super) fn upper(text: &str) -> String {
    text.to_ascii_uppercase()
}

pub(super) static REPOSITORY: Syntax = Syntax {
    noun: "a repository",
    pattern: Some(r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$"),
    check: |text| match RepoName::parse(text) {
        Ok(_) => Ok(()),
        Err(e) => {
            let found = super::discover::Remote::parse(text).map(|remote| remote.repository.to_string());
            Err(Wrong::new(e.to_string(), format!("write \"{}\"", found.as_deref().unwrap_or("OWNER/REPO"))))
        }
    },
};

pub(super) static API_URL: Syntax = Syntax { noun: "an API address", pattern: Some("^https?://"), check: api_url };

fn api_url(text: &str) -> Check {
    let help = "write the address of the REST API, such as \"https://ghe.example.com/api/v3\"";
    let (scheme, rest) = text.split_once("://").ok_or_else(|| Wrong::new("not an address", help))?;
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return Err(Wrong::new(
            "an address must not hold a user or a password",
            "remove what stands before the `@`; GH_TOKEN holds the token",
        ));
    }
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let odd = |c: char| c.is_whitespace() || c.is_control() || "?#\\\"<>".contains(c);
    if host.is_empty() || text.contains(odd) {
        return Err(Wrong::new("not an address of an API", help));
    }
    let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match scheme {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        "http" => Err(Wrong::new("plain http would send the token in the open", format!("write \"https://{rest}\""))),
        _ => Err(Wrong::new("an API is reached by https", help)),
    }
}

pub(super) static ENVIRONMENT: Syntax = Syntax {
    noun: "an environment's name",
    pattern: None,
    check: |text| match EnvName::new(text) {
        Ok(_) => Ok(()),
        Err(e) if text.is_empty() => Err(Wrong::new(e.to_string(), "write a name, such as `production`")),
        Err(e) => Err(Wrong::new(e.to_string(), "shorten it")),
    },
};

pub(super) static LOGIN: Syntax = Syntax {
    noun: "a login",
    pattern: Some("^[A-Za-z0-9_-]+$"),
    check: |text| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if text.ends_with("[bot]") {
            return Err(Wrong::new("a GitHub App cannot be a reviewer", "name a person or a team"));
        }
        if text.contains('/') {
            return Err(Wrong::new("a login has no `/`", format!("for a team write {{ team = \"{}\" }}", text.trim_start_matches('@'))));
        }
        only(text, plain, "a login has letters, digits and `-` only")
    },
};

pub(super) static TEAM: Syntax = Syntax {
    noun: "a team",
    pattern: Some(r"^[^\s/@]+(/[^\s/@]+)?$"),
    check: |text| {
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"/@".contains(c);
        let mut parts = text.splitn(2, '/');
        let slug = |part: &str| only(part, plain, "a team is written by its slug, or ORG/SLUG");
        parts.try_for_each(slug).map_err(|wrong| {
            let dashed = text.trim().trim_start_matches('@').to_lowercase().split_whitespace().collect::<Vec<_>>().join("-");
            if (1..=2).contains(&dashed.split('/').filter(|part| !part.is_empty()).count())
                && !dashed.ends_with('/')
                && !dashed.starts_with('/')
            {
                Wrong::new(wrong.message, format!("write {}; the slug is the last part of the team's address", quote(&dashed)))
            } else {
                wrong
            }
        })
    },
};

pub(super) static APP_SLUG: Syntax = Syntax {
    noun: "a GitHub App's slug",
    pattern: Some(r"^[^\s/]+$"),
    check: |text| {
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '/';
        only(text, plain, "an App is written by its slug: the last part of https://github.com/apps/SLUG")
    },
};

pub(super) static VARIABLE: Syntax = Syntax { noun: "a variable's name", pattern: Some(ACTIONS_NAME), check: actions_name };
pub(super) static SECRET: Syntax = Syntax { noun: "a secret's name", pattern: Some(ACTIONS_NAME), check: actions_name };
const ACTIONS_NAME: &str = "^(?!GITHUB_)[A-Za-z_][A-Za-z0-9_]*$";

/// The rule for names of variables and secrets (API page, 1.4).
fn actions_name(text: &str) -> Check {
    if upper(text).starts_with("GITHUB_") {
        return Err(Wrong::new("names that begin with GITHUB_ are GitHub's own", "choose another name"));
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Wrong::new("a name does not begin with a digit", "put a letter or `_` first"));
    }
    only(text, word, "a name has the letters A to Z, digits and `_` only")
}

pub(super) static PATTERN: Syntax = Syntax { noun: "a pattern", pattern: Some("^(?!refs/(heads|tags)/)"), check: short_name };

fn short_name(text: &str) -> Check {
    if text.is_empty() {
        return Err(Wrong::new("an empty pattern matches nothing", "write a name such as \"main\", or remove it"));
    }
    match text.strip_prefix("refs/heads/").or_else(|| text.strip_prefix("refs/tags/")) {
        Some(short) => Err(Wrong::new("GitHub matches the short name, so this matches nothing", format!("write {}", quote(short)))),
        None => Ok(()),
    }
}

pub(super) static WORKFLOW_FILE: Syntax =
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

/// The events that start a run. `workflow_call` is not among them: the calling workflow's event starts it.
pub(super) static EVENTS: &[&str] = &[
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "create",
    "delete",
    "deployment",
    "deployment_status",
    "discussion",
    "discussion_comment",
    "fork",
    "gollum",
    "image_version",
    "issue_comment",
    "issues",
    "label",
    "merge_group",
    "milestone",
    "page_build",
    "public",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_target",
    "push",
    "registry_package",
    "release",
    "repository_dispatch",
    "schedule",
    "status",
    "watch",
    "workflow_dispatch",
    "workflow_run",
];

pub(super) static REF_NAME: Syntax = Syntax {
    noun: "a branch or tag",
    pattern: Some("^(?!refs/(heads|tags)/)"),
    check: |text| match text.strip_prefix("refs/heads/").or_else(|| text.strip_prefix("refs/tags/")) {
        Some(short) => Err(Wrong::new("a branch or a tag is written by its short name", format!("write {}", quote(short)))),
        None => ref_name(text),
    },
};

pub(super) static REF: Syntax = Syntax {
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

pub(super) static INPUT: Syntax = Syntax { noun: "an input's name", pattern: None, check: not_empty };
pub(super) static WINDOW: Syntax = Syntax { noun: "a window's name", pattern: None, check: not_empty };

fn not_empty(text: &str) -> Check {
    if text.trim().is_empty() { Err(Wrong::new("an empty name", "write a name")) } else { Ok(()) }
}

pub(super) static APP: Syntax = Syntax {
    noun: "a Heroku app's name",
    pattern: Some("^[a-z][a-z0-9-]{1,28}[a-z0-9]$"),
    check: |text| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = (3..=30).contains(&text.len()) && text.chars().all(inner);
        if fits && text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.ends_with('-') {
            return Ok(());
        }
        let host = text.trim_start_matches("https://").trim_end_matches('/').trim_end_matches(".herokuapp.com");
        Err(Wrong::new(
            "not the name of a Heroku app: 3 to 30 lower-case letters, digits and `-`, the first a letter",
            format!(
                "write it as `heroku apps` lists it{}",
                if host == text { String::new() } else { format!(", such as {}", quote(host)) }
            ),
        ))
    },
};

/// Heroku's rule for keys (workflows-heroku-freeze page, 2.1).
pub(super) static CONFIG_VAR: Syntax = Syntax {
    noun: "a config var's key",
    pattern: Some("^(?!__|HEROKU_)[A-Za-z0-9_]+$"),
    check: |text| {
        if text.starts_with("__") {
            return Err(Wrong::new("Heroku refuses keys that begin with two underscores", "choose another key"));
        }
        if text.starts_with("HEROKU_") {
            return Err(Wrong::new("keys that begin with HEROKU_ are Heroku's own", "choose another key"));
        }
        only(text, word, "a config var's key has the letters A to Z, digits and `_` only")
    },
};

pub(super) static CRON: Syntax = Syntax {
    noun: "a cron line",
    pattern: None,
    check: |text| cron(text).map_err(|e| Wrong::new(e, "write minute, hour, day of month, month, day of week, such as \"0 16 * * FRI\"")),
};

/// The seam to the calendar: what it takes for a cron line.
fn cron(text: &str) -> Result<(), String> {
    let fields = text.split_whitespace().count();
    let plain = |c: char| c.is_ascii_alphanumeric() || " \t*,-/?#".contains(c);
    if fields != 5 {
        return Err(format!("a cron line has five fields, this one has {fields}"));
    }
    if text.chars().all(plain) { Ok(()) } else { Err("not a cron line".to_owned()) }
}

pub(super) static DURATION: Syntax = Syntax {
    noun: "a duration",
    pattern: Some("^[0-9]+[smhd]$"),
    check: |text| {
        const MOST: u64 = 31 * 86_400;
        let fix = "write a whole number and a unit, such as \"64h\"";
        match crate::model::parse_duration(text).map(|d| d.as_secs()) {
            Ok(0) => Err(Wrong::new("a window lasts longer than nothing", fix)),
            Ok(seconds) if seconds > MOST => Err(Wrong::new("a window lasts at most 31 days", "shorten it, or write `from` and `until`")),
            Ok(_) => Ok(()),
            Err(_) => Err(Wrong::new(format!("{} is not a duration", quote(text)), fix)),
        }
    },
};

pub(super) static TIMEZONE: Syntax = Syntax { noun: "a time zone", pattern: None, check: timezone };

/// Asks the bundled zone data, so that every machine gives the same answer.
fn timezone(text: &str) -> Check {
    let zones = jiff::tz::TimeZoneDatabase::bundled();
    if zones.get(text).is_ok_and(|zone| !zone.is_unknown()) {
        return Ok(());
    }
    let all: Vec<String> = zones.available().map(|name| name.as_str().to_owned()).collect();
    let city = text.trim().replace(' ', "_").to_lowercase();
    let by_city = all.iter().find(|name| name.rsplit('/').next().is_some_and(|last| last.to_lowercase() == city)).map(String::as_str);
    let help = match by_city.or_else(|| nearest(text, all.iter().map(String::as_str))) {
        Some(name) => format!("did you mean \"{name}\"?"),
        None => "write an IANA name such as \"America/New_York\" or \"UTC\"".to_owned(),
    };
    Err(Wrong::new(format!("unknown time zone {}", quote(text)), help))
}

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Refuses empty text and every character but the plain ones; the rule is the message, the repaired text the help.
fn only(text: &str, plain: impl Fn(char) -> bool, rule: &str) -> Check {
    if text.is_empty() {
        return Err(Wrong::new(format!("empty: {rule}"), "write a name, or remove it"));
    }
    let Some(odd) = text.chars().find(|&c| !plain(c)) else { return Ok(()) };
    let kept: String = text.chars().filter(|&c| plain(c)).collect();
    let help = match odd {
        '@' if text.starts_with('@') && !kept.is_empty() => format!("write {}", quote(&kept)),
        '-' | '.' | ' ' if plain('_') && !plain('-') => {
            format!("write {}", quote(&text.chars().map(|c| if plain(c) { c } else { '_' }).collect::<String>()))
        }
        _ => format!("remove {}", quote(&odd.escape_default().to_string())),
    };
    Err(Wrong::new(rule, help))
}
