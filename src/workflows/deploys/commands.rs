//! The commands of a script that deploy.
//!
//! Owns how a command is held against the tables of `programs`. Evidence, not proof: an unlisted program may
//! deploy as well, and is then judged by the secrets and identities that it gets. Tested in `tests/`.

use std::collections::BTreeMap;

use super::evidence::Platform::{self, Heroku, Other, Pages};
use super::evidence::{Deploy, Identity, PAGES, Principal, Provider};
use super::heroku::{app_of, literal, promoted_to, pushes, remember};
use super::programs::{INTERPRETERS, PROMOTE, RUNNERS, Row, TABLE, TALK, WRAPPERS};
use super::requests::sends;
use super::shell::program;
use crate::workflows::yaml::Pos;

/// Names of apps that the remotes of a job's git repository go to.
pub(super) type Remotes = BTreeMap<String, String>;

/// A command that only a run completes, `${{ matrix.command }}`, and what was known before it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template {
    /// Its words, with expressions.
    pub(super) command: String,
    remotes: Remotes,
    pub(super) pos: Pos,
}

impl Template {
    /// What it deploys in a run that makes these commands of it.
    pub(super) fn deploys(&self, commands: &[Vec<String>]) -> Vec<Deploy> {
        deploys(commands, &BTreeMap::new(), &mut self.remotes.clone(), self.pos).0
    }
}

/// Every deploy of the commands of a script, and the commands that may become one in a run. `env` fills in variables; a target that stays unknown is `None`.
pub(super) fn deploys(
    commands: &[Vec<String>],
    env: &BTreeMap<String, String>,
    remotes: &mut Remotes,
    pos: Pos,
) -> (Vec<Deploy>, Vec<Template>) {
    let (mut found, mut templates) = (Vec::new(), Vec::new());
    for words in commands {
        let words: Vec<String> = words.iter().map(|word| expand(word, env)).collect();
        remember(&words, remotes);
        if is_talk(&words) {
            continue;
        }
        match deploy(&words, env, remotes, pos).or_else(|| request(&words, pos)).or_else(|| runs_a_deploy(&words, pos)) {
            Some(deploy) => found.push(deploy),
            None if is_template(&words) => {
                templates.push(Template { command: words.join(" "), remotes: remotes.clone(), pos });
            }
            None => {}
        }
    }
    (found, templates)
}

/// Whether an expression that the workflow files give a value (of a matrix, an input, or an output of another job) may decide what a
/// command does: as the program, or as a whole word that is not the value of an option.
fn is_template(words: &[String]) -> bool {
    let words: Vec<&String> = words.iter().skip_while(|word| is_assignment(word)).collect();
    let by_run =
        |word: &&String| word.starts_with("${{") && ["matrix", "inputs", "needs"].iter().any(|name| word.to_lowercase().contains(name));
    let is_option = |word: &String| word.starts_with('-') && word != "-c";
    let decides = |pair: &[&String]| matches!(pair, [before, word] if by_run(word) && word.ends_with("}}") && !is_option(before));
    words.first().is_some_and(by_run) || words.windows(2).any(decides)
}

/// The roles of AWS that the commands of a script name. `env` fills in variables.
pub(super) fn roles(commands: &[Vec<String>], env: &BTreeMap<String, String>, pos: Pos) -> Vec<Identity> {
    let mut found = Vec::new();
    for words in commands {
        let mut is_asked = false;
        for word in words.iter().map(|word| expand(word, env)) {
            let is_named = word.contains("arn:aws") && word.contains(":role/");
            if is_named || is_asked && word.starts_with("${{") {
                let name = word.rsplit('=').next().filter(|_| is_named).unwrap_or(&word).to_owned();
                found.push(Identity { provider: Provider::Aws, name, principal: Principal::Named, pos });
            }
            is_asked = word == "--role-arn";
        }
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
    let tries = |(at, word): (usize, &String)| match word.as_str() {
        // `npm publish --dry-run false`.
        "--dry-run" => !rest.get(at + 1).is_some_and(|value| value == "false" || value.starts_with('$')),
        word => ["--dry-run=client", "--dry-run=server", "--check", "--syntax-check"].contains(&word),
    };
    // Elsewhere they belong to what is deployed: `helm upgrade shop ./chart --version 1.2.3`.
    let asks = rest.first().is_some_and(|word| ["--help", "--version"].contains(&word.as_str()))
        || rest.last().is_some_and(|word| word == "--help");
    let prints = words.get(head).is_some_and(|head| TALK.contains(&program(head).as_str()));
    prints || asks || rest.iter().enumerate().any(tries)
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
            "docker" | "podman" | "crane" | "skopeo" | "buildah" | "nerdctl" | "pack" => {
                let image = rest.iter().find_map(|word| word.split_once("registry.heroku.com/")).map(|(_, path)| path);
                let pushes = |word: &String| {
                    ["push", "copy", "--push", "--publish"].contains(&word.as_str())
                        || word.contains("type=registry")
                        || word.contains("push=true")
                };
                if let Some(path) = image.filter(|_| rest.iter().any(pushes)) {
                    let app = literal(path.split('/').next().unwrap_or_default());
                    return Some(known("docker push registry.heroku.com", Heroku, app, pos));
                }
            }
            "dpl" if rest.iter().any(|word| ["heroku", "--provider=heroku"].contains(&word.as_str())) => {
                return Some(known("dpl heroku", Heroku, app_of(rest, words, env, remotes), pos));
            }
            "rsync" | "scp" if !rest.iter().any(|word| word.contains(':') && !word.contains("://")) => continue,
            "ssh" if rest.iter().any(|word| word.contains("github.com")) => continue,
            "aws" | "gsutil" if downloads(rest) => continue,
            _ => {}
        }
        for Row(_, verbs, platform) in TABLE.iter().filter(|Row(programs, ..)| programs.contains(&name.as_str())) {
            if verbs.is_empty() && !starts_the_command(words, at) {
                continue;
            }
            let verb = verbs.iter().find(|verb| has_verb(rest, verb));
            if verbs.is_empty() || verb.is_some() {
                let what = verb.map_or_else(|| name.clone(), |verb| format!("{name} {verb}"));
                let promotes = verb == Some(&PROMOTE);
                let target = match platform {
                    Heroku if promotes => promoted_to(rest),
                    Heroku => app_of(rest, words, env, remotes),
                    Pages => Some(PAGES.to_owned()),
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
    let before = words.get(..at).unwrap_or_default();
    let mut short_flag = false;
    before.iter().all(|word| {
        // `sshpass -p SECRET ssh …`, `sudo -u deploy ssh …`: the word after a short flag may be its value.
        let is_value = std::mem::replace(&mut short_flag, word.len() == 2 && word.starts_with('-'));
        is_value
            || is_assignment(word)
            || word.starts_with('-')
            || WRAPPERS.contains(&program(word).as_str())
            || word.chars().all(|c| c.is_ascii_digit())
    })
}

/// `aws s3 cp s3://bucket/x .`: what is copied comes from the store.
fn downloads(rest: &[String]) -> bool {
    let is_remote = |word: &String| word.starts_with("s3://") || word.starts_with("gs://");
    let copies = rest.iter().any(|word| word == "cp");
    let places: Vec<&String> = rest.iter().skip_while(|word| *word != "cp").skip(1).filter(|word| !word.starts_with('-')).collect();
    copies && matches!(places.as_slice(), [from, to] if is_remote(from) && !is_remote(to) && !to.contains('$'))
}

fn has_verb(rest: &[String], verb: &str) -> bool {
    let parts: Vec<&str> = verb.split(' ').collect();
    let plain: Vec<&str> = rest.iter().map(String::as_str).filter(|word| !word.starts_with('-') || parts.contains(word)).collect();
    let is = |word: &str, part: &str| {
        word.eq_ignore_ascii_case(part) || word.strip_prefix(part).is_some_and(|rest| rest.starts_with(':') && part == "deploy")
    };
    match parts.as_slice() {
        // A flag's value may be any word, so a verb of one word is looked for among the first few.
        [only] => plain.iter().take(6).any(|word| is(word, only)),
        several => plain.windows(several.len()).take(6).any(|words| words.iter().zip(several).all(|(word, part)| is(word, part))),
    }
}

/// `make deploy`, `npm run deploy:prod`: what runs is not in the line, and its name says deploy.
fn runs_a_deploy(words: &[String], pos: Pos) -> Option<Deploy> {
    let head = words.iter().position(|word| !is_assignment(word))?;
    let runner = program(words.get(head)?);
    let mut flag = false;
    let named = words.get(head + 1..)?.iter().take_while(|word| *word != "--").find(|word| {
        // `make -C deploy test`: a place, not a task.
        let is_place =
            std::mem::replace(&mut flag, ["-C", "-d", "-f", "--prefix", "--filter", "--path", "--dir", "--cwd"].contains(&word.as_str()));
        let first = word.split(['-', '_', ':', '/', '.']).next().unwrap_or_default();
        !is_place && ["deploy", "promote", "rollback", "ship", "publish"].contains(&first)
    })?;
    let is_runner = RUNNERS.contains(&runner.as_str());
    is_runner.then(|| Deploy { named: true, ..known(format!("{runner} {named}"), Other, None, pos) })
}

/// `./deploy.sh`, `node scripts/release.js`, `pnpm release`: a program of the repository whose own name says that it deploys.
pub(super) fn is_named_a_deploy(words: &[String]) -> bool {
    let Some(head) = words.iter().position(|word| !is_assignment(word)).filter(|_| !is_talk(words)) else { return false };
    let (Some(name), Some(rest)) = (words.get(head).map(|word| program(word)), words.get(head + 1..)) else { return false };
    let says_so = |name: &str| {
        let verbs = ["deploy", "promote", "rollback", "ship", "shipit", "publish", "release", "upload", "np"];
        name.split(['-', '_', ':', '.']).any(|part| verbs.contains(&part))
    };
    let runs = [RUNNERS, INTERPRETERS, WRAPPERS, &["cargo", "auto"]].iter().any(|programs| programs.contains(&name.as_str()));
    says_so(&name) || runs && rest.iter().filter(|word| !word.starts_with('-')).any(|word| says_so(&program(word)))
}

/// A request to a place that apps are deployed from.
fn request(words: &[String], pos: Pos) -> Option<Deploy> {
    let sends = sends(words)?;
    let parts =
        |path: &str| ["/builds", "/releases", "/formation", "/dynos", "/pipeline-promotions"].iter().any(|part| path.contains(part));
    let mut paths = words.iter().filter_map(|word| Some(word.split_once("api.heroku.com")?.1));
    if let Some(path) = paths.find(|path| sends && parts(path)) {
        let app = path.split_once("/apps/").and_then(|(_, path)| literal(path.split('/').next().unwrap_or_default()));
        let promotes = path.contains("/pipeline-promotions");
        return Some(Deploy { promotes, ..known("a write to api.heroku.com", Heroku, app, pos) });
    }
    let hooks = ["api.render.com/deploy", "api.vercel.com/v1/integrations/deploy", "api.netlify.com/build_hooks"];
    let called = hooks.iter().find(|hook| words.iter().any(|word| word.contains(**hook)))?;
    Some(known(format!("a call of {called}"), Other, None, pos))
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
