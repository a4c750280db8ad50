//! Commands that deploy, by program and verb: one line each.
//!
//! Owns the table, and how the target of a Heroku command is read. Evidence, not proof: an unlisted program may
//! deploy as well, and is then judged by the secrets and identities that it gets.

use std::collections::BTreeMap;

use super::{Deploy, Platform};
use crate::workflows::yaml::Pos;

/// A program and the words after it that make it a deploy; an empty list means any.
struct Row(&'static str, &'static [&'static str], Platform);

use Platform::{Heroku, Other, Pages};

/// The Heroku command that deploys what one stage of a pipeline runs to the next.
const PROMOTE: &str = "pipelines:promote";

/// `kubectl apply`, not `kubectl get`: verbs that change what runs or what is published.
const TABLE: &[Row] = &[
    Row(
        "heroku",
        &[
            "container:release",
            "container:push",
            PROMOTE,
            "builds:create",
            "deploy:jar",
            "deploy:war",
            "war:deploy",
            "releases:rollback",
            "rollback",
        ],
        Heroku,
    ),
    Row("dpl", &[], Other),
    Row(
        "kubectl",
        &[
            "apply",
            "create",
            "replace",
            "patch",
            "delete",
            "scale",
            "edit",
            "rollout restart",
            "rollout undo",
            "set image",
            "set env",
            "run",
        ],
        Other,
    ),
    Row("oc", &["apply", "create", "replace", "patch", "delete", "scale", "rollout", "start-build", "set image"], Other),
    Row("helm", &["upgrade", "install", "rollback", "uninstall"], Other),
    Row("helmfile", &["apply", "sync", "destroy"], Other),
    Row("skaffold", &["run", "deploy", "apply"], Other),
    Row("argocd", &["app sync", "app set", "app rollback"], Other),
    Row("kustomize", &["deploy"], Other),
    Row("nomad", &["job run", "run", "job revert"], Other),
    Row("terraform", &["apply", "destroy"], Other),
    Row("tofu", &["apply", "destroy"], Other),
    Row("terragrunt", &["apply", "destroy", "run-all apply", "apply-all"], Other),
    Row("pulumi", &["up", "update", "destroy"], Other),
    Row("cdk", &["deploy", "destroy"], Other),
    Row("cdktf", &["deploy", "destroy"], Other),
    Row("sst", &["deploy"], Other),
    Row("serverless", &["deploy", "rollback", "remove"], Other),
    Row("sls", &["deploy", "rollback", "remove"], Other),
    Row("sam", &["deploy", "sync"], Other),
    Row("copilot", &["deploy", "svc deploy", "job deploy", "env deploy"], Other),
    Row("eb", &["deploy"], Other),
    Row(
        "aws",
        &[
            "s3 sync",
            "s3 cp",
            "s3 mv",
            "s3 rm",
            "s3api put-object",
            "lambda update-function-code",
            "lambda publish-version",
            "lambda update-alias",
            "ecs update-service",
            "ecs run-task",
            "cloudformation deploy",
            "cloudformation create-stack",
            "cloudformation update-stack",
            "cloudformation execute-change-set",
            "deploy create-deployment",
            "elasticbeanstalk update-environment",
            "amplify start-job",
            "amplify start-deployment",
            "apprunner start-deployment",
            "cloudfront create-invalidation",
            "ssm send-command",
            "codepipeline start-pipeline-execution",
        ],
        Other,
    ),
    Row(
        "gcloud",
        &[
            "run deploy",
            "run services update",
            "run services replace",
            "run jobs deploy",
            "app deploy",
            "functions deploy",
            "builds submit",
            "deploy releases create",
            "container clusters",
            "compute ssh",
            "compute scp",
            "storage cp",
            "storage rsync",
        ],
        Other,
    ),
    Row("gsutil", &["cp", "rsync", "mv"], Other),
    Row("firebase", &["deploy", "hosting:clone", "hosting:channel:deploy"], Other),
    Row(
        "az",
        &[
            "webapp up",
            "webapp deploy",
            "webapp deployment",
            "functionapp deployment",
            "functionapp deploy",
            "containerapp up",
            "containerapp update",
            "deployment group create",
            "deployment sub create",
            "staticwebapp",
            "storage blob upload",
            "storage blob upload-batch",
            "aks command",
        ],
        Other,
    ),
    Row("azd", &["deploy", "up", "provision"], Other),
    Row("func", &["azure functionapp publish"], Other),
    Row("swa", &["deploy"], Other),
    Row("flyctl", &["deploy", "machine update", "secrets set"], Other),
    Row("fly", &["deploy", "machine update", "secrets set"], Other),
    Row("vercel", &["deploy", "--prod", "promote", "rollback", "alias"], Other),
    Row("netlify", &["deploy"], Other),
    Row("wrangler", &["deploy", "publish", "pages deploy", "pages publish", "versions deploy", "rollback"], Other),
    Row("surge", &[], Other),
    Row("railway", &["up", "deploy", "redeploy"], Other),
    Row("render", &["deploys create"], Other),
    Row("doctl", &["apps create-deployment", "apps update", "serverless deploy"], Other),
    Row("cf", &["push", "zero-downtime-push", "blue-green-deploy"], Other),
    Row("scalingo", &["deploy"], Other),
    Row("clever", &["deploy"], Other),
    Row("kamal", &["deploy", "redeploy", "rollback", "setup"], Other),
    Row("cap", &["deploy"], Other),
    Row("mina", &["deploy"], Other),
    Row("dep", &["deploy"], Other),
    Row("ansible-playbook", &[], Other),
    Row("ssh", &[], Other),
    Row("scp", &[], Other),
    Row("sftp", &[], Other),
    Row("lftp", &[], Other),
    Row("rsync", &[], Other),
    Row("docker", &["stack deploy", "service update"], Other),
    Row("npm", &["publish"], Other),
    Row("pnpm", &["publish"], Other),
    Row("yarn", &["publish", "npm publish"], Other),
    Row("lerna", &["publish"], Other),
    Row("changeset", &["publish"], Other),
    Row("semantic-release", &[], Other),
    Row("cargo", &["publish", "release"], Other),
    Row("gem", &["push"], Other),
    Row("twine", &["upload"], Other),
    Row("poetry", &["publish"], Other),
    Row("uv", &["publish"], Other),
    Row("flit", &["publish"], Other),
    Row("hatch", &["publish"], Other),
    Row("mvn", &["deploy"], Other),
    Row("mvnw", &["deploy"], Other),
    Row("gradle", &["publish", "publishplugins"], Other),
    Row("gradlew", &["publish", "publishplugins"], Other),
    Row("dotnet", &["nuget push"], Other),
    Row("nuget", &["push"], Other),
    Row("pod", &["trunk push"], Other),
    Row("dart", &["pub publish"], Other),
    Row("flutter", &["pub publish"], Other),
    Row("mix", &["hex.publish"], Other),
    Row("fastlane", &["deploy", "release", "beta", "deliver", "supply", "upload_to_app_store", "upload_to_play_store"], Other),
    Row("eas", &["submit", "update"], Other),
    Row("mkdocs", &["gh-deploy"], Pages),
    Row("mike", &["deploy"], Pages),
    Row("ghp-import", &[], Pages),
    Row("gh-pages", &[], Pages),
];

/// Programs that run a task which only its name marks as a deploy.
const RUNNERS: &[&str] = &["make", "just", "task", "npm", "pnpm", "yarn", "bun", "rake", "bundle", "invoke", "fab", "nox", "composer"];

/// Programs that only print their arguments or search for them.
const TALK: &[&str] =
    &["echo", "printf", "grep", "egrep", "rg", "which", "type", "hash", "man", "alias", "test", "[", "[[", "case", "sed", "awk"];

/// Every deploy of a script. `env` fills in variables; a target that stays unknown is `None`.
pub(super) fn deploys(script: &str, env: &BTreeMap<String, String>, remotes: &mut BTreeMap<String, String>, pos: Pos) -> Vec<Deploy> {
    let mut found = Vec::new();
    for words in super::shell::commands(script) {
        let words: Vec<String> = words.iter().map(|word| expand(word, env)).collect();
        remember(&words, remotes);
        found.extend(deploy(&words, env, remotes, pos).or_else(|| runs_a_deploy(&words, pos)));
    }
    found
}

/// A deploy that is known by its command.
fn known(what: impl Into<String>, platform: Platform, target: Option<String>, pos: Pos) -> Deploy {
    Deploy { what: what.into(), platform, target, named: false, promotes: false, pos }
}

/// The words after the program, if the command does more than print.
fn is_talk(words: &[String]) -> bool {
    let head = words.iter().find(|word| !is_assignment(word)).map(|word| program(word));
    let asks =
        |word: &String| ["--help", "--version", "--dry-run=client", "--dry-run=server", "--dry-run", "--check"].contains(&word.as_str());
    head.is_none_or(|head| TALK.contains(&head.as_str())) || words.iter().any(asks)
}

fn deploy(words: &[String], env: &BTreeMap<String, String>, remotes: &BTreeMap<String, String>, pos: Pos) -> Option<Deploy> {
    if is_talk(words) {
        return None;
    }
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
            "curl" | "wget" | "http" | "xh" => {
                if let Some(found) = posts(rest, pos) {
                    return Some(found);
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
    if is_talk(words) {
        return None;
    }
    let head = words.iter().position(|word| !is_assignment(word))?;
    let runner = program(words.get(head)?);
    let named = words.get(head + 1..)?.iter().find(|word| {
        let first = word.split(['-', '_', ':', '/', '.']).next().unwrap_or_default();
        ["deploy", "promote", "rollback", "ship", "publish"].contains(&first)
    })?;
    let is_runner = RUNNERS.contains(&runner.as_str());
    is_runner.then(|| Deploy { named: true, ..known(format!("{runner} {named}"), Other, None, pos) })
}

/// Programs that run a script or a task of the repository.
const INTERPRETERS: &[&str] = &[
    "sh", "bash", "zsh", "pwsh", "node", "deno", "tsx", "ts-node", "python", "python3", "ruby", "perl", "php", "gradle", "gradlew", "mvn",
    "mvnw", "nx", "turbo", "poetry", "uv", "hatch",
];

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

/// The app that a git push goes to: `Some(None)` for Heroku with an unknown app, none for another remote.
fn pushes(rest: &[String], remotes: &BTreeMap<String, String>) -> Option<Option<String>> {
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
fn remember(words: &[String], remotes: &mut BTreeMap<String, String>) {
    if words.iter().any(|word| word == "git:remote") {
        if let [app] = values_of(words, "--app", "-a").as_slice() {
            remotes.insert(values_of(words, "--remote", "-r").first().unwrap_or(&"heroku").to_string(), (*app).to_owned());
        }
        return;
    }
    let Some(at) = words.iter().position(|word| word == "remote") else { return };
    if let [verb, name, url, ..] = words.get(at + 1..).unwrap_or_default()
        && ["add", "set-url"].contains(&verb.as_str())
        && let Some((_, path)) = url.split_once("git.heroku.com/").or_else(|| url.split_once("heroku.com:"))
    {
        remotes.insert(name.clone(), path.trim_end_matches(".git").to_owned());
    }
}

fn joined(words: &[String], prefix: &str) -> Option<String> {
    words.iter().find_map(|word| word.strip_prefix(prefix)).map(str::to_owned)
}

/// The app of a Heroku command: its flag, its remote, or the variable that the CLI reads.
fn app_of(rest: &[String], words: &[String], env: &BTreeMap<String, String>, remotes: &BTreeMap<String, String>) -> Option<String> {
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
fn promoted_to(rest: &[String]) -> Option<String> {
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

/// A request that writes to a place that apps are deployed from.
fn posts(rest: &[String], pos: Pos) -> Option<Deploy> {
    let writes = rest.iter().any(|word| {
        let lower = word.to_lowercase();
        ["-xpost", "-xpatch", "-xput", "-d", "--json", "post", "patch", "put"].contains(&lower.as_str())
            || ["--data", "--post-", "--body-", "-d", "--method=post", "--request=post"].iter().any(|flag| lower.starts_with(flag))
    });
    let url = rest.iter().find(|word| word.contains("://") || word.contains("api.heroku.com"))?;
    let parts = |path: &str| ["/builds", "/releases", "/formation", "/pipeline-promotions"].iter().any(|part| path.contains(part));
    if let Some((_, path)) = url.split_once("api.heroku.com").filter(|(_, path)| writes && parts(path)) {
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

/// A target as it is named; none if a shell variable decides. An expression stays for the run to fill in.
fn literal(text: &str) -> Option<String> {
    let shell = text.replace("${{", "").contains(['$', '`']);
    (!text.is_empty() && !shell).then(|| text.to_owned())
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// The program that a word names: `/usr/bin/heroku`, `./node_modules/.bin/heroku`, `heroku.exe`, `vercel@latest`.
pub(super) fn program(word: &str) -> String {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let name = name.split('@').next().unwrap_or(name);
    name.trim_end_matches(".exe").trim_end_matches(".cmd").to_lowercase()
}
