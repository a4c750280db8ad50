//! The commands of a script that deploy.
//!
//! Owns how a command is held against the tables of `programs`. Evidence, not proof: an unlisted program may
//! deploy as well, and is then judged by the secrets and identities that it gets. Tested in `tests.rs`.

use std::collections::BTreeMap;

use super::heroku::{app_of, literal, promoted_to, pushes, remember};
use super::holds::Deploy;
use super::holds::Platform::{self, Heroku, Other, Pages};
use super::programs::{INTERPRETERS, PROMOTE, RUNNERS, Row, TABLE, TALK};
use super::requests::sends;
use super::shell::{self, program};
use crate::workflows::yaml::Pos;

/// Every deploy of a script. `env` fills in variables; a target that stays unknown is `None`.
pub(super) fn deploys(script: &str, env: &BTreeMap<String, String>, remotes: &mut BTreeMap<String, String>, pos: Pos) -> Vec<Deploy> {
    let mut found = Vec::new();
    for words in shell::commands(script) {
        let words: Vec<String> = words.iter().map(|word| expand(word, env)).collect();
        remember(&words, remotes);
        if is_talk(&words) {
            continue;
        }
        found.extend(deploy(&words, env, remotes, pos).or_else(|| request(&words, pos)).or_else(|| runs_a_deploy(&words, pos)));
    }
    found
}

/// A deploy that is known by its command.
fn known(what: impl Into<String>, platform: Platform, target: Option<String>, pos: Pos) -> Deploy {
    Deploy { what: what.into(), platform, target, named: false, promotes: false, pos }
}

/// Whether a command only prints, or only says what it would do.
fn is_talk(words: &[String]) -> bool {
    let Some(head) = words.iter().position(|word| !is_assignment(word)) else { return true };
    let rest = words.get(head + 1..).unwrap_or_default();
    let tries = |word: &String| ["--dry-run=client", "--dry-run=server", "--dry-run", "--check"].contains(&word.as_str());
    // Elsewhere they belong to what is deployed: `helm upgrade shop ./chart --version 1.2.3`.
    let asks = |word: &String| ["--help", "--version"].contains(&word.as_str());
    let prints = words.get(head).is_some_and(|head| TALK.contains(&program(head).as_str()));
    prints || rest.iter().any(tries) || rest.first().is_some_and(asks) || rest.last().is_some_and(asks)
}

fn deploy(words: &[String], env: &BTreeMap<String, String>, remotes: &BTreeMap<String, String>, pos: Pos) -> Option<Deploy> {
    for (at, word) in words.iter().enumerate() {
        let name = program(word);
        let rest = words.get(at + 1..).unwrap_or_default();
        match name.as_str() {
            "git" if rest.iter().any(|word| word == "push") => {
                if let Some(target) = pushes(rest, remotes) {
                    return Some(known("git push heroku", Heroku, target, pos));
                }
            }
            "docker" | "podman" | "crane" | "skopeo" => {
                let image = rest.iter().find_map(|word| word.split_once("registry.heroku.com/")).map(|(_, path)| path);
                if let Some(path) = image.filter(|_| rest.iter().any(|word| ["push", "copy", "--push"].contains(&word.as_str()))) {
                    let app = literal(path.split('/').next().unwrap_or_default());
                    return Some(known("docker push registry.heroku.com", Heroku, app, pos));
                }
            }
            "dpl" if rest.iter().any(|word| ["heroku", "--provider=heroku"].contains(&word.as_str())) => {
                return Some(known("dpl heroku", Heroku, app_of(rest, words, env, remotes), pos));
            }
            "rsync" | "scp" if !rest.iter().any(|word| word.contains(':') && !word.contains("://")) => continue,
            "ssh" if rest.iter().any(|word| word.contains("github.com")) => continue,
            _ => {}
        }
        for Row(tool, verbs, platform) in TABLE.iter().filter(|Row(tool, ..)| *tool == name) {
            if verbs.is_empty() && !starts_the_command(words, at) {
                continue;
            }
            let verb = verbs.iter().find(|verb| has_verb(rest, verb));
            if verbs.is_empty() || verb.is_some() {
                let what = verb.map_or_else(|| (*tool).to_owned(), |verb| format!("{tool} {verb}"));
                let promotes = verb == Some(&PROMOTE);
                let target = match platform {
                    Heroku if promotes => promoted_to(rest),
                    Heroku => app_of(rest, words, env, remotes),
                    Pages => Some(super::PAGES.to_owned()),
                    Other => None,
                };
                return Some(Deploy { promotes, ..known(what, *platform, target, pos) });
            }
        }
    }
    None
}

/// Whether only assignments and wrappers stand before a word.
fn starts_the_command(words: &[String], at: usize) -> bool {
    let wrapper = |word: &String| {
        is_assignment(word)
            || ["npx", "pnpx", "bunx", "env", "sshpass", "timeout", "nohup", "xargs", "bundle", "exec", "retry", "dlx", "-y", "--yes"]
                .contains(&program(word).as_str())
            || word.starts_with('-')
            || word.chars().all(|c| c.is_ascii_digit())
    };
    // `sshpass -p SECRET ssh …`: one word may belong to a flag.
    words.iter().take(at).filter(|word| !wrapper(word)).count() <= usize::from(words.first().is_some_and(|word| program(word) == "sshpass"))
}

fn has_verb(rest: &[String], verb: &str) -> bool {
    let parts: Vec<&str> = verb.split(' ').collect();
    let plain: Vec<&str> = rest.iter().map(String::as_str).filter(|word| !word.starts_with('-') || parts.contains(word)).collect();
    let is = |word: &str, part: &str| {
        word.eq_ignore_ascii_case(part) || word.strip_prefix(part).is_some_and(|rest| rest.starts_with(':') && part == "deploy")
    };
    match parts.as_slice() {
        // A flag's value may be any word, so a verb of one word is looked for among the first few.
        [only] => plain.iter().take(4).any(|word| is(word, only)),
        several => plain.windows(several.len()).take(6).any(|words| words.iter().zip(several).all(|(word, part)| is(word, part))),
    }
}

/// `make deploy`, `npm run deploy:prod`: what runs is not in the line, and its name says deploy.
fn runs_a_deploy(words: &[String], pos: Pos) -> Option<Deploy> {
    let head = words.iter().position(|word| !is_assignment(word))?;
    let runner = program(words.get(head)?);
    let named = words.get(head + 1..)?.iter().find(|word| {
        let first = word.split(['-', '_', ':', '/', '.']).next().unwrap_or_default();
        ["deploy", "promote", "rollback", "ship", "publish"].contains(&first)
    })?;
    let is_runner = RUNNERS.contains(&runner.as_str());
    is_runner.then(|| Deploy { named: true, ..known(format!("{runner} {named}"), Other, None, pos) })
}

/// `./deploy.sh`, `node scripts/release.js`, `pnpm release`: a program of the repository whose own name says that it deploys.
pub(super) fn is_named_a_deploy(words: &[String]) -> bool {
    let Some(head) = words.iter().position(|word| !is_assignment(word)).filter(|_| !is_talk(words)) else { return false };
    let (Some(name), Some(rest)) = (words.get(head).map(|word| program(word)), words.get(head + 1..)) else { return false };
    let says_so = |name: &str| {
        let first = name.split(['-', '_', ':', '.']).next().unwrap_or_default();
        ["deploy", "promote", "rollback", "ship", "publish", "release"].contains(&first)
    };
    let runs = RUNNERS.contains(&name.as_str()) || INTERPRETERS.contains(&name.as_str());
    says_so(&name) || runs && rest.iter().filter(|word| !word.starts_with('-')).any(|word| says_so(&program(word)))
}

/// A request to a place that apps are deployed from.
fn request(words: &[String], pos: Pos) -> Option<Deploy> {
    let sends = sends(words)?;
    let url = words.iter().find(|word| word.contains("://") || word.contains("api.heroku.com"))?;
    let parts = |path: &str| ["/builds", "/releases", "/formation", "/pipeline-promotions"].iter().any(|part| path.contains(part));
    if let Some((_, path)) = url.split_once("api.heroku.com").filter(|(_, path)| sends && parts(path)) {
        let app = path.split_once("/apps/").and_then(|(_, path)| literal(path.split('/').next().unwrap_or_default()));
        return Some(known("a write to api.heroku.com", Heroku, app, pos));
    }
    let hook = ["api.render.com/deploy", "api.vercel.com/v1/integrations/deploy", "api.netlify.com/build_hooks"];
    hook.iter().find(|hook| url.contains(**hook)).map(|hook| known(format!("a call of {hook}"), Other, None, pos))
}

/// A word with the variables filled in that are known.
pub(super) fn expand(word: &str, env: &BTreeMap<String, String>) -> String {
    if !word.contains('$') {
        return word.to_owned();
    }
    let mut text = word.to_owned();
    for (name, value) in env {
        for form in [format!("${{{name}}}"), format!("${{{{env.{name}}}}}"), format!("$env:{name}")] {
            text = text.replace(&form, value);
        }
        let plain = format!("${name}");
        while let Some(at) = text.find(&plain) {
            let after = text[at + plain.len()..].chars().next();
            if after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
                break;
            }
            text.replace_range(at..at + plain.len(), value);
            if value.contains(&plain) {
                break;
            }
        }
    }
    text
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}
