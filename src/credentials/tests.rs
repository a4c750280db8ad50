//! The search over environments, tools and files that the test makes.

use std::path::Path;

use super::*;
use crate::http::Endpoint;

const CANARY: &str = "canary0123";

fn env(pairs: &[(&str, &str)]) -> Environment {
    pairs.iter().copied().collect()
}

fn github_at(url: &str) -> Endpoint {
    Endpoint::github(url).unwrap()
}

fn source(found: &Found) -> Option<&str> {
    found.token.as_ref().map(Token::source)
}

#[tokio::test]
async fn variables_come_in_the_order_of_gh() {
    let public = github_at(Endpoint::GITHUB);
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
    let github = github(&env, &github_at(Endpoint::GITHUB)).await;
    let heroku = heroku(&env, &Endpoint::heroku("heroku.com").unwrap()).await;
    assert!(github.token.is_some() && heroku.token.is_some());
    let shown = format!("{env:?} {github:?} {heroku:?}");
    assert!(shown.contains("GH_TOKEN") && !shown.contains(CANARY), "{shown}");
}

#[tokio::test]
async fn a_host_that_only_a_file_names_gets_no_variables_token() {
    let endpoint = github_at("https://ghe.example.com/api/v3");
    for name in ["GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"] {
        let found =
            github(&env(&[(name, CANARY), ("GH_HOST", "other.example.com"), ("GITHUB_API_URL", Endpoint::GITHUB)]), &endpoint).await;
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
    let found = heroku(&path, &Endpoint::heroku("heroku.com").unwrap()).await;
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
        let found = github(&path, &github_at(Endpoint::GITHUB)).await;
        assert!(found.token.is_none(), "{script}");
        assert_eq!(found.warnings.len(), warnings, "{script}");
    }
    let relative = env(&[("PATH", "."), ("HOME", "/nonexistent")]);
    assert!(github(&relative, &github_at(Endpoint::GITHUB)).await.token.is_none());
}

#[cfg(unix)]
#[tokio::test]
async fn a_tool_that_hangs_is_stopped() {
    let _turn = TOOLS.lock().await;
    let folder = tempfile::tempdir().unwrap();
    tool(folder.path(), "slow", "exec sleep 60");
    let path = env(&[("PATH", &format!("{}:/usr/bin:/bin", folder.path().display()))]);
    let answer = cli::token(&path, "slow", &[], &[], std::time::Duration::from_millis(100), "`slow`").await;
    assert!(answer.token.is_none());
    assert!(answer.warning.unwrap().starts_with("`slow` did not answer"));
}

#[tokio::test]
async fn heroku_looks_into_its_variable_then_into_netrc() {
    let folder = tempfile::tempdir().unwrap();
    let netrc = folder.path().join("netrc");
    std::fs::write(&netrc, format!("machine api.heroku.com login me password {CANARY}\n")).unwrap();
    let file = netrc.to_str().unwrap();
    let (cloud, local) = (Endpoint::heroku("heroku.com").unwrap(), Endpoint::heroku("http://127.0.0.1:1").unwrap());
    for endpoint in [&cloud, &local] {
        let found = heroku(&env(&[("NETRC", file), ("HEROKU_API_TOKEN", "x")]), endpoint).await;
        assert_eq!(source(&found), Some(file));
        assert!(found.warnings[0].contains("HEROKU_API_KEY"), "{:?}", found.warnings);
        assert!(!format!("{found:?}").contains(CANARY));
        assert_eq!(source(&heroku(&env(&[("NETRC", file), ("HEROKU_API_KEY", "k")]), endpoint).await), Some("HEROKU_API_KEY"));
    }
    let other = Endpoint::heroku("https://api.herokudev.com").unwrap();
    assert!(heroku(&env(&[("NETRC", file)]), &other).await.token.is_none(), "an entry is for its own machine");
    let missing = heroku(&env(&[("HOME", folder.path().join("nowhere").to_str().unwrap())]), &cloud).await;
    assert!(missing.token.is_none() && missing.warnings.is_empty());
    assert_eq!(heroku(&env(&[("NETRC", folder.path().to_str().unwrap())]), &cloud).await.warnings.len(), 1, "a folder is told");
}

#[cfg(unix)]
#[tokio::test]
async fn a_netrc_that_others_can_read_warns_and_a_sealed_one_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let path = env(&[("HOME", home.path().to_str().unwrap())]);
    let cloud = Endpoint::heroku("heroku.com").unwrap();
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
