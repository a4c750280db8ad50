//! GitHub's names, patterns and addresses.

use super::{Check, only, upper, word};
use crate::config::discover::Remote;
use crate::config::near::quote;
use crate::config::schema::{Syntax, Wrong};
use crate::desired::freeze::Store;
use crate::model::ref_name::{Refused, refused};
use crate::model::{EnvName, RepoName};

pub(in crate::config) static REPOSITORY: Syntax = Syntax {
    noun: "a repository",
    pattern: Some(r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$"),
    check: |text| match RepoName::parse(text) {
        Ok(_) => Ok(()),
        Err(e) => {
            let bare = text.get(..text.len().saturating_sub(".git".len())).and_then(|bare| RepoName::parse(bare).ok());
            let found = Remote::parse(text).map(|remote| remote.repository).or(bare).map(|repository| repository.to_string());
            Err(Wrong::new(e.to_string(), format!("write \"{}\"", found.as_deref().unwrap_or("OWNER/REPO"))))
        }
    },
};

pub(in crate::config) static OWNER_OR_REPOSITORY: Syntax = Syntax {
    noun: "an organization or a repository",
    pattern: Some(r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)?$"),
    check: |text| Store::github(text).map(drop).map_err(|e| Wrong::new(e, "write \"acme\" or \"acme/shop\"")),
};

pub(in crate::config) static API_URL: Syntax = Syntax { noun: "an API address", pattern: Some("^https?://"), check: api_url };

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

pub(in crate::config) static ENVIRONMENT: Syntax = Syntax {
    noun: "an environment's name",
    pattern: None,
    check: |text| match EnvName::new(text) {
        Ok(_) => Ok(()),
        Err(e) if text.is_empty() => Err(Wrong::new(e.to_string(), "write a name, such as `production`")),
        Err(e) => Err(Wrong::new(e.to_string(), "shorten it")),
    },
};

pub(in crate::config) static LOGIN: Syntax = Syntax {
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

pub(in crate::config) static TEAM: Syntax = Syntax {
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

pub(in crate::config) static APP_SLUG: Syntax = Syntax {
    noun: "a GitHub App's slug",
    pattern: Some(r"^[^\s/]+$"),
    check: |text| {
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '/';
        only(text, plain, "an App is written by its slug: the last part of https://github.com/apps/SLUG")
    },
};

pub(in crate::config) static VARIABLE: Syntax = Syntax { noun: "a variable's name", pattern: Some(ACTIONS_NAME), check: actions_name };
pub(in crate::config) static SECRET: Syntax = Syntax { noun: "a secret's name", pattern: Some(ACTIONS_NAME), check: actions_name };
const ACTIONS_NAME: &str = "^(?!GITHUB_)[A-Za-z_][A-Za-z0-9_]*$";

/// The rule for names of variables and secrets (fact G1.4).
fn actions_name(text: &str) -> Check {
    if upper(text).starts_with("GITHUB_") {
        return Err(Wrong::new("names that begin with GITHUB_ are GitHub's own", "choose another name"));
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Wrong::new("a name does not begin with a digit", "put a letter or `_` first"));
    }
    only(text, word, "a name has the letters A to Z, digits and `_` only")
}

pub(in crate::config) static PATTERN: Syntax = Syntax { noun: "a pattern", pattern: Some("^(?!refs/(heads|tags)/)"), check: short_name };

fn short_name(text: &str) -> Check {
    if text.is_empty() {
        return Err(Wrong::new("an empty pattern matches nothing", "write a name such as \"main\", or remove it"));
    }
    match text.strip_prefix("refs/heads/").or_else(|| text.strip_prefix("refs/tags/")) {
        Some(short) => Err(Wrong::new("GitHub matches the short name, so this matches nothing", format!("write {}", quote(short)))),
        None => possible(text),
    }
}

/// The right form of a name that no ref can have, where it cannot be guessed.
const AS_SHOWN: &str = "write the name as `git branch` or `git tag` shows it";

/// Refuses a pattern with a literal part that no ref name can have (git-check-ref-format).
fn possible(text: &str) -> Check {
    for (prefix, key) in [("tag:", "tags"), ("branch:", "branches")] {
        if let Some(name) = text.strip_prefix(prefix) {
            let name = if name.is_empty() { "a name".to_owned() } else { quote(name) };
            let help = format!("write {name} in `{key}`");
            return Err(Wrong::new("no ref matches this: the kind of ref is not part of a pattern", help));
        }
    }
    let no_ref = |what: &str, help: String| Err(Wrong::new(format!("no ref matches this: a ref name {what}"), help));
    match text {
        "~DEFAULT_BRANCH" => return no_ref("never has `~`", "that is a word of rulesets: write the branch's name".to_owned()),
        "~ALL" => {
            return no_ref(
                "never has `~`",
                "that is a word of rulesets: to admit every ref, write `deployment_branch_policy = \"all\"`".to_owned(),
            );
        }
        _ => {}
    }
    let literal = without_sets(text);
    match refused(&literal) {
        None => {}
        Some(Refused::Char(' ')) => return no_ref("never has a space", "write one pattern for each name, without a space".to_owned()),
        Some(Refused::Char(bad)) => return no_ref(&format!("never has {}", quote(&bad.escape_debug().to_string())), AS_SHOWN.to_owned()),
        Some(Refused::Text(bad)) => return no_ref(&format!("never has {}", quote(bad)), AS_SHOWN.to_owned()),
    }
    for (begins, what) in [("/", "never begins with `/`"), (".", "has no part that begins with `.`")] {
        if let Some(rest) = text.strip_prefix(begins) {
            return no_ref(what, format!("write {}", quote(rest)));
        }
    }
    for end in [".lock", "/", "."] {
        if let Some(rest) = text.strip_suffix(end) {
            // Without it, `*.lock` would admit everything.
            let is_name = !rest.contains(['*', '?', '[']);
            let help = if is_name { format!("did you mean {}?", quote(rest)) } else { AS_SHOWN.to_owned() };
            return no_ref(&format!("never ends with {}", quote(end)), help);
        }
    }
    match literal {
        _ if literal.contains("/.") => no_ref("has no part that begins with `.`", AS_SHOWN.to_owned()),
        _ if literal.contains(".lock/") => no_ref("has no part that ends with `.lock`", AS_SHOWN.to_owned()),
        _ => Ok(()),
    }
}

/// The pattern without its sets (`[a-z]`), which match one character of several.
fn without_sets(pattern: &str) -> String {
    let mut outside = String::new();
    let mut inside = false;
    for c in pattern.chars() {
        match (c, inside) {
            ('[', false) => inside = true,
            (']', true) => inside = false,
            (c, false) => outside.push(c),
            (_, true) => {}
        }
    }
    outside
}
