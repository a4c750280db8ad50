//! The search over environments, tools and files that the test makes.

use std::path::Path;
use std::sync::{Arc, Mutex};

use super::*;
use crate::http::{ApiError, Endpoint, TokenSource};
use crate::providers::github::api as github_api;
use crate::providers::heroku::api as heroku_api;

const CANARY: &str = "canary0123";

fn env(pairs: &[(&str, &str)]) -> ProcessEnv {
    pairs.iter().copied().collect()
}

fn github_at(url: &str) -> Endpoint {
    github_api::endpoint(url).unwrap()
}

/// Records what a search reports.
#[derive(Default)]
struct Heard {
    warnings: Mutex<Vec<String>>,
    tokens: Mutex<Vec<String>>,
}

impl Listener for Heard {
    fn found(&self, token: &Token) {
        self.tokens.lock().unwrap().push(token.source().to_owned());
    }

    fn warn(&self, warning: &str) {
        self.warnings.lock().unwrap().push(warning.to_owned());
    }
}

/// The result of a search.
#[derive(Debug)]
struct Found {
    token: Option<Token>,
    warnings: Vec<String>,
}

async fn search(search: impl Fn(&Arc<dyn Listener>) -> Search) -> Found {
    let heard = Arc::new(Heard::default());
    let listener: Arc<dyn Listener> = heard.clone();
    let token = search(&listener).token().await.ok();
    let told = heard.tokens.lock().unwrap().clone();
    assert_eq!(told, token.iter().map(|token| token.source().to_owned()).collect::<Vec<_>>(), "each token is told before it is used");
    let warnings = heard.warnings.lock().unwrap().clone();
    Found { token, warnings }
}

async fn github(env: &ProcessEnv, endpoint: &Endpoint) -> Found {
    search(|listener| super::github(env, endpoint, listener)).await
}

async fn heroku(env: &ProcessEnv, endpoint: &Endpoint) -> Found {
    search(|listener| super::heroku(env, endpoint, listener)).await
}

fn source(found: &Found) -> Option<&str> {
    found.token.as_ref().map(Token::source)
}

#[tokio::test]
async fn variables_come_in_the_order_of_gh() {
    let public = github_at(github_api::PUBLIC);
    let found = |pairs: &'static [(&str, &str)], endpoint: Endpoint| async move {
        source(&github(&env(pairs), &endpoint).await).map(str::to_owned)
    };
    assert_eq!(found(&[("GITHUB_TOKEN", "b"), ("GH_TOKEN", "a")], public.clone()).await.as_deref(), Some("GH_TOKEN"));
    assert_eq!(found(&[("GITHUB_TOKEN", "b"), ("GH_TOKEN", " ")], public.clone()).await.as_deref(), Some("GITHUB_TOKEN"));
    assert_eq!(found(&[("GH_ENTERPRISE_TOKEN", "c")], public.clone()).await, None);
    assert_eq!(found(&[], public).await, None);
    let enterprise = github_at("https://ghe.example.com/api/v3");
    let named: &[(&str, &str)] = &[("GH_HOST", "ghe.example.com"), ("GH_TOKEN", "a"), ("GITHUB_ENTERPRISE_TOKEN", "d")];
    assert_eq!(found(named, enterprise).await.as_deref(), Some("GITHUB_ENTERPRISE_TOKEN"));
    assert_eq!(found(&[("GH_TOKEN", "a")], github_at("http://127.0.0.1:1")).await.as_deref(), Some("GH_TOKEN"));
}

#[tokio::test]
async fn what_a_panic_would_show_holds_no_token() {
    let env = env(&[("GH_TOKEN", CANARY), ("HEROKU_API_KEY", CANARY)]);
    let github = github(&env, &github_at(github_api::PUBLIC)).await;
    let heroku = heroku(&env, &heroku_api::endpoint("heroku.com").unwrap()).await;
    assert!(github.token.is_some() && heroku.token.is_some());
    let shown = format!("{env:?} {github:?} {heroku:?}");
    assert!(shown.contains("GH_TOKEN") && !shown.contains(CANARY), "{shown}");
}

#[tokio::test]
async fn a_host_that_only_a_file_names_gets_no_variables_token() {
    let endpoint = github_at("https://ghe.example.com/api/v3");
    for name in ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"] {
        let found =
            github(&env(&[(name, CANARY), ("GH_HOST", "other.example.com"), ("GITHUB_API_URL", github_api::PUBLIC)]), &endpoint).await;
        assert!(found.token.is_none());
        let [warning] = found.warnings.try_into().unwrap();
        assert!(warning.contains(name) && warning.contains("GH_HOST=ghe.example.com") && !warning.contains(CANARY), "{warning}");
    }
    for named in [
        ("GITHUB_API_URL", "https://GHE.example.com:443/api/v3"),
        ("GITHUB_SERVER_URL", "https://ghe.example.com"),
        ("GH_HOST", "ghe.example.com"),
    ] {
        assert!(github(&env(&[("GH_TOKEN", CANARY), named]), &endpoint).await.token.is_some(), "{named:?}");
    }
}

/// A script that another thread's new process still holds open for writing cannot be run, so these tests take turns.
#[cfg(unix)]
static TOOLS: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[cfg(unix)]
fn tool(folder: &Path, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn the_vendors_tools_are_asked_when_no_variable_is_set() {
    let _turn = TOOLS.lock().await;
    let folder = tempfile::tempdir().unwrap();
    // The script prints what it was asked, joined to one word.
    tool(folder.path(), "gh", "IFS=,; echo \"$*,${GH_TOKEN-unset}\"");
    tool(folder.path(), "heroku", "echo canary:$1; echo noise >&2");
    let path = env(&[("PATH", folder.path().to_str().unwrap())]);
    let found = github(&path, &github_at("https://ghe.example.com")).await;
    assert_eq!(source(&found), Some("`gh auth token`"));
    let token = found.token.unwrap();
    assert_eq!(token.scrub("<auth,token,--hostname,ghe.example.com,unset>"), "<***>", "that is what it was run with");
    let found = heroku(&path, &heroku_api::endpoint("heroku.com").unwrap()).await;
    assert_eq!((source(&found), found.warnings.len()), (Some("`heroku auth:token`"), 0));
    assert_eq!(found.token.unwrap().scrub("canary:auth:token"), "***");
}

#[cfg(unix)]
#[tokio::test]
async fn a_tool_that_fails_or_chatters_gives_no_token() {
    let _turn = TOOLS.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let path = env(&[("PATH", folder.path().to_str().unwrap())]);
    for (script, warnings) in [("echo tok; exit 1", 0), ("exit 0", 0), ("echo please log in", 1)] {
        tool(folder.path(), "gh", script);
        let found = github(&path, &github_at(github_api::PUBLIC)).await;
        assert!(found.token.is_none(), "{script}");
        assert_eq!(found.warnings.len(), warnings, "{script}");
    }
    let relative = env(&[("PATH", "."), ("HOME", "/nonexistent")]);
    assert!(github(&relative, &github_at(github_api::PUBLIC)).await.token.is_none());
}

#[cfg(unix)]
#[tokio::test]
async fn a_tool_that_hangs_is_stopped() {
    let _turn = TOOLS.lock().await;
    let folder = tempfile::tempdir().unwrap();
    tool(folder.path(), "slow", "exec sleep 60");
    let path = env(&[("PATH", &format!("{}:/usr/bin:/bin", folder.path().display()))]);
    let timeout = std::time::Duration::from_millis(100);
    let slow = cli::Tool { name: "slow", args: Vec::new(), variables: &[], timeout, source: "`slow`" };
    let answer = slow.token(&path).await;
    assert!(answer.token.is_none());
    assert!(answer.warning.unwrap().starts_with("`slow` did not answer"));
}

#[tokio::test]
async fn heroku_looks_into_its_variable_then_into_netrc() {
    let folder = tempfile::tempdir().unwrap();
    let netrc = folder.path().join("netrc");
    std::fs::write(&netrc, format!("machine api.heroku.com login me password {CANARY}\n")).unwrap();
    let file = netrc.to_str().unwrap();
    let (cloud, local) = (heroku_api::endpoint("heroku.com").unwrap(), heroku_api::endpoint("http://127.0.0.1:1").unwrap());
    for endpoint in [&cloud, &local] {
        let found = heroku(&env(&[("NETRC", file), ("HEROKU_API_TOKEN", "x")]), endpoint).await;
        assert_eq!(source(&found), Some(file));
        assert!(found.warnings[0].contains("HEROKU_API_KEY"), "{:?}", found.warnings);
        assert!(!format!("{found:?}").contains(CANARY));
        assert_eq!(source(&heroku(&env(&[("NETRC", file), ("HEROKU_API_KEY", "k")]), endpoint).await), Some("HEROKU_API_KEY"));
    }
    let other = heroku_api::endpoint("https://api.herokudev.com").unwrap();
    assert!(heroku(&env(&[("NETRC", file)]), &other).await.token.is_none(), "an entry is for its own machine");
    let missing = heroku(&env(&[("HOME", folder.path().join("nowhere").to_str().unwrap())]), &cloud).await;
    assert!(missing.token.is_none() && missing.warnings.is_empty());
    assert_eq!(heroku(&env(&[("NETRC", folder.path().to_str().unwrap())]), &cloud).await.warnings.len(), 1, "a folder is told");
}

#[cfg(unix)]
#[tokio::test]
async fn a_tool_sees_no_variable_that_it_does_not_need() {
    let _turn = TOOLS.lock().await;
    let folder = tempfile::tempdir().unwrap();
    // Every variable that the tool sees, joined to one word.
    for name in ["gh", "heroku"] {
        tool(folder.path(), name, "env | sed 's/=.*//' | sort | tr '\\n' ,");
    }
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let all = env(&[
        ("PATH", &path),
        ("HOME", "/nonexistent"),
        ("GH_CONFIG_DIR", "/nonexistent"),
        ("HEROKU_HOST", "heroku.com"),
        ("GH_TOKEN", CANARY),
        ("GITHUB_TOKEN", CANARY),
        ("GH_ENTERPRISE_TOKEN", CANARY),
        ("HEROKU_API_TOKEN", CANARY),
        ("GATECTL_APP_PRIVATE_KEY", CANARY),
        ("AWS_SECRET_ACCESS_KEY", CANARY),
    ]);
    let seen = |found: Found| {
        let token = found.token.unwrap();
        // The shell sets these itself.
        let own = |name: &&str| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name);
        let names = ["GH_CONFIG_DIR", "HEROKU_HOST", "HOME", "PATH", "PWD", "OLDPWD", "SHLVL", "_"];
        let subsets = (0..1_u32 << names.len()).map(|set| {
            let mut names: Vec<&str> = names.iter().enumerate().filter(|(n, _)| set & (1 << n) != 0).map(|(_, name)| *name).collect();
            names.sort_unstable();
            names
        });
        let names = subsets.into_iter().find(|names| token.is_same(&Token::new(&format!("{},", names.join(",")), ""))).unwrap();
        names.into_iter().filter(own).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(seen(github(&all, &github_at("https://ghe.example.com")).await), ["GH_CONFIG_DIR", "HOME", "PATH"]);
    assert_eq!(seen(heroku(&all, &heroku_api::endpoint("heroku.com").unwrap()).await), ["HEROKU_HOST", "HOME", "PATH"]);
}

#[cfg(unix)]
#[tokio::test]
async fn the_tool_is_asked_only_if_there_is_no_netrc_or_the_server_refuses_it() {
    let _turn = TOOLS.lock().await;
    let folder = tempfile::tempdir().unwrap();
    let (netrc, asked) = (folder.path().join("netrc"), folder.path().join("asked"));
    std::fs::write(&netrc, "machine api.heroku.com password stale").unwrap();
    tool(folder.path(), "heroku", &format!("echo x >> {}; echo fresh", asked.display()));
    let cloud = heroku_api::endpoint("heroku.com").unwrap();
    let listener: Arc<dyn Listener> = Arc::new(Heard::default());
    let search = super::heroku(&env(&[("PATH", folder.path().to_str().unwrap()), ("NETRC", netrc.to_str().unwrap())]), &cloud, &listener);
    let stale = search.token().await.unwrap();
    assert_eq!((stale.source(), asked.exists()), (netrc.to_str().unwrap(), false));
    let fresh = search.instead_of(&stale).await.unwrap();
    assert_eq!(fresh.source(), "`heroku auth:token`");
    assert!(search.token().await.unwrap().is_same(&fresh), "the next request starts with it");
    assert!(search.instead_of(&fresh).await.is_err(), "there is no third");
    assert_eq!(std::fs::read_to_string(&asked).unwrap(), "x\n", "once");
}

#[tokio::test]
async fn a_search_that_finds_nothing_says_what_to_set() {
    let nothing = env(&[("HOME", "/nonexistent")]);
    let listener: Arc<dyn Listener> = Arc::new(Heard::default());
    let tell = |error: ApiError| (error.to_string(), error.hint.unwrap());
    let (message, hint) = tell(super::github(&nothing, &github_at(github_api::PUBLIC), &listener).token().await.unwrap_err());
    assert!(message == "there is no GitHub token" && hint.contains("GH_TOKEN"), "{message}: {hint}");
    let (message, hint) = tell(super::heroku(&nothing, &heroku_api::endpoint("heroku.com").unwrap(), &listener).token().await.unwrap_err());
    assert!(message == "there is no Heroku token" && hint.contains("HEROKU_API_KEY"), "{message}: {hint}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_netrc_that_is_a_pipe_or_too_large_is_told_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = heroku_api::endpoint("heroku.com").unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let large = folder.path().join("large");
    let entry = "machine api.heroku.com password late\n";
    std::fs::write(&large, format!("{}{entry}", "#".repeat(1 << 20))).unwrap();
    for (path, why) in [
        (pipe.to_str().unwrap(), "not a regular file"),
        ("/dev/zero", "not a regular file"),
        (large.to_str().unwrap(), "larger than 1 MiB"),
    ] {
        let found = heroku(&env(&[("NETRC", path)]), &cloud).await;
        assert!(found.token.is_none());
        assert!(found.warnings.len() == 1 && found.warnings[0].contains(path) && found.warnings[0].contains(why), "{:?}", found.warnings);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_netrc_that_others_can_read_warns_and_a_sealed_one_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let path = env(&[("HOME", home.path().to_str().unwrap())]);
    let cloud = heroku_api::endpoint("heroku.com").unwrap();
    std::fs::write(home.path().join(".netrc.gpg"), "x").unwrap();
    assert!(heroku(&path, &cloud).await.warnings[0].contains(".netrc.gpg"));
    let netrc = home.path().join(".netrc");
    std::fs::write(&netrc, format!("machine api.heroku.com password {CANARY}")).unwrap();
    for (mode, warnings) in [(0o600, 0), (0o644, 1), (0o640, 1)] {
        std::fs::set_permissions(&netrc, std::fs::Permissions::from_mode(mode)).unwrap();
        let found = heroku(&path, &cloud).await;
        assert_eq!((found.token.is_some(), found.warnings.len()), (true, warnings), "{mode:o}");
    }
}
