//! Which app a command that deploys to Heroku goes to.
//!
//! Owns its flags, its git remotes and the variable that the CLI reads. A target that the file does not name is none. Tested in `tests/`.

use std::collections::BTreeMap;

/// The app that a git push goes to: `Some(None)` for Heroku with an unknown app, none for another remote.
pub(super) fn pushes(rest: &[String], remotes: &BTreeMap<String, String>) -> Option<Option<String>> {
    rest.iter().find_map(|word| {
        if let Some((_, path)) = word.split_once("git.heroku.com/") {
            return Some(literal(path.trim_end_matches('/').trim_end_matches(".git")));
        }
        if let Some((_, path)) = word.split_once("heroku.com:") {
            return Some(literal(path.trim_end_matches(".git")));
        }
        if let Some(app) = remotes.get(word.as_str()) {
            return Some(literal(app));
        }
        (word == "heroku" || word.starts_with("heroku-") || word.starts_with("dokku")).then_some(None)
    })
}

/// `git remote add prod https://git.heroku.com/APP.git`, `heroku git:remote -a APP -r prod`: names of remotes.
pub(super) fn remember(words: &[String], remotes: &mut BTreeMap<String, String>) {
    if words.iter().any(|word| word == "git:remote") {
        if let [app] = values_of(words, "--app", "-a").as_slice() {
            remotes.insert(values_of(words, "--remote", "-r").first().unwrap_or(&"heroku").to_string(), (*app).to_owned());
        }
        return;
    }
    let Some(url) = words.iter().position(|word| word.contains("git.heroku.com")) else { return };
    let Some(app) = words.get(url).and_then(|url| url.split_once("git.heroku.com/").or_else(|| url.split_once("heroku.com:"))) else {
        return;
    };
    // `git remote add -f NAME URL`, `git remote set-url --push NAME URL`, `git config remote.NAME.url URL`.
    let names = |word: &String| ["remote", "config"].contains(&word.as_str());
    if let Some(name) = url.checked_sub(1).and_then(|at| words.get(at)).filter(|_| words.iter().take(url).any(names)) {
        let name = name
            .strip_prefix("remote.")
            .map_or(name.as_str(), |name| name.trim_end_matches("url").trim_end_matches("push").trim_end_matches('.'));
        remotes.insert(name.to_owned(), app.1.trim_end_matches('/').trim_end_matches(".git").to_owned());
    }
}

/// The app of a Heroku command: its flag, its remote, or the variable that the CLI reads.
pub(super) fn app_of(
    rest: &[String],
    words: &[String],
    env: &BTreeMap<String, String>,
    remotes: &BTreeMap<String, String>,
) -> Option<String> {
    let flags = values_of(rest, "--app", "-a");
    let named = match flags.as_slice() {
        [] => {
            let remote = values_of(rest, "--remote", "-r").first().and_then(|name| remotes.get(*name).cloned());
            let variable = || joined(words, "HEROKU_APP=").or_else(|| env.get("HEROKU_APP").cloned());
            remote.or_else(variable)?
        }
        [first, others @ ..] => others.iter().all(|other| other == first).then(|| (*first).to_owned())?,
    };
    literal(&named)
}

/// The app that a promotion goes to: `--app` is the one that it starts from, and without `--to` the pipeline decides.
pub(super) fn promoted_to(rest: &[String]) -> Option<String> {
    match values_of(rest, "--to", "-t").as_slice() {
        [only] => literal(only).filter(|app| !app.contains(',')),
        _ => None,
    }
}

/// Every value that a flag is given: after a space, after `=`, or right after its short form.
fn values_of<'w>(words: &'w [String], long: &str, short: &str) -> Vec<&'w str> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if word == long || word == short {
            found.extend(words.get(at + 1).map(String::as_str));
        } else if let Some(value) = word.strip_prefix(long) {
            found.extend(value.strip_prefix('='));
        } else if let Some(value) = word.strip_prefix(short) {
            found.push(value.trim_start_matches('='));
        }
    }
    found
}

fn joined(words: &[String], prefix: &str) -> Option<String> {
    words.iter().find_map(|word| word.strip_prefix(prefix)).map(str::to_owned)
}

/// A target as it is named; none if a shell variable decides. An expression stays for the run to fill in.
pub(super) fn literal(text: &str) -> Option<String> {
    let shell = text.replace("${{", "").contains(['$', '`']);
    (!text.is_empty() && !shell).then(|| text.to_owned())
}
