//! The HTML page in a real browser: drawn, filtered by a click, silent on the console and on the network.
//!
//! Needs `chromedriver` and `chromium`; without them the test says that it was skipped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use gatectl::sandbox::Scenario;
use gatectl_test_support::NASTY;

use super::run::gatectl;
use super::served::Served;

/// A browser, driven over WebDriver.
struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.call("DELETE", "", None);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn is_there(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success())
}

impl Browser {
    /// Starts one; `None` if this machine has none.
    fn start() -> Option<Self> {
        if !is_there("chromedriver") || !is_there("chromium") {
            eprintln!("skipped: pages are looked at with chromedriver and chromium");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let quiet = || Stdio::null();
        let driver = Command::new("chromedriver").arg(format!("--port={port}")).stdout(quiet()).stderr(quiet()).spawn().unwrap();
        let mut browser = Self { driver, port, session: String::new(), _profile: tempfile::tempdir().unwrap() };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(60), "chromedriver does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        let profile = format!("--user-data-dir={}", browser._profile.path().display());
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            profile.as_str(),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": args}, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let made = browser.call("POST", "", Some(&wanted));
        browser.session = made["sessionId"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
        Some(browser)
    }

    /// One WebDriver command of this session.
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let place = if self.session.is_empty() { "/session".to_owned() } else { format!("/session/{}{path}", self.session) };
        let body = body.map(ToString::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let length = body.len();
        write!(stream, "{method} {place} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
            .unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        for line in reader.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()) {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        serde_json::from_slice::<Value>(&answer).unwrap()["value"].clone()
    }

    fn open(&self, page: &Path) {
        self.call("POST", "/url", Some(&json!({"url": format!("file://{}", page.display())})));
    }

    fn eval(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", Some(&json!({"script": script, "args": []})))
    }

    fn click(&self, selector: &str) {
        let found = self.call("POST", "/element", Some(&json!({"using": "css selector", "value": selector})));
        let id =
            found.as_object().and_then(|found| found.values().next()?.as_str()).unwrap_or_else(|| panic!("{selector}: {found}")).to_owned();
        self.call("POST", &format!("/element/{id}/click"), Some(&json!({})));
    }

    fn log(&self, kind: &str) -> Vec<Value> {
        self.call("POST", "/se/log", Some(&json!({"type": kind}))).as_array().cloned().unwrap_or_default()
    }
}

/// The page of the emulator's deployments, in a file.
fn evidence_page() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let ran = gatectl(&["evidence", "--sandbox=gated", "--format", "html"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let path = dir.path().join("evidence.html");
    std::fs::write(&path, ran.stdout).unwrap();
    (dir, path)
}

/// A page with hostile titles of pull requests and comments of reviews.
fn nasty_page(dir: &Path) -> std::path::PathBuf {
    let gate =
        "version = 1\n[github]\nrepository = \"acme/shop\"\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }]\n";
    let world = Served::rehearsal(Scenario::Gated, gate);
    world.sandbox.with(|state| {
        for texts in NASTY.chunks(4) {
            let run = state.start_run("acme/shop", "deploy.yml", "push", "refs/heads/main", "alice", "production").unwrap();
            let mut ids = state.github.ids.clone();
            let repo = state.repo("acme/shop").unwrap();
            let sha = repo.runs[0].head_sha.clone();
            repo.commits.get_mut(&sha).unwrap().message = texts.join(" / ");
            repo.merge(&mut ids, &sha, &["alice"]);
            state.github.ids = ids;
            state.release_run("acme/shop", run, Some("alice"));
            for approval in &mut state.repo("acme/shop").unwrap().runs[0].approvals {
                approval.comment = texts.join("\n");
            }
            state.finish_run("acme/shop", run, "success");
        }
    });
    let ran = world.run(&["evidence", "--last", "50", "--format", "html"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let path = dir.join("nasty.html");
    std::fs::write(&path, ran.stdout).unwrap();
    path
}

#[test]
fn only_evidence_and_verify_have_a_page() {
    let page = gatectl(&["verify", "--sandbox=no-rules", "--format", "html"]);
    assert_eq!(page.code, Some(6), "{}", page.stderr);
    assert!(page.stdout.contains("class=\"badge bad\"") && page.stdout.contains("no-reviewers"), "{}", page.stdout);
    let refused = gatectl(&["plan", "--sandbox", "--format", "html"]);
    assert!(refused.code == Some(1) && refused.stdout.is_empty() && refused.stderr.contains("HTML"), "{}", refused.stderr);
}

#[test]
fn the_evidence_page_works_in_a_browser() {
    let Some(browser) = Browser::start() else { return };
    let (_dir, page) = evidence_page();
    browser.open(&page);
    let shown =
        || browser.eval("return [...document.querySelectorAll('tbody tr')].filter(row => !row.hidden).map(row => row.dataset.kind)");
    assert_eq!(shown(), json!(["waiting", "approved", "approved"]));
    browser.click("button[data-show=approved]");
    assert_eq!(shown(), json!(["approved", "approved"]), "the filter hides the others");
    browser.click("button[data-show='']");
    browser.click("thead th:nth-child(2) button");
    assert_eq!(shown(), json!(["approved", "approved", "waiting"]), "sorted by standing");
    let ships = browser.eval("return [...document.querySelectorAll('td[data-label=ships]')].map(cell => cell.textContent).join('\\n')");
    assert!(ships.as_str().unwrap().contains("Cache the price list by sandbox-developer, reviewed by"), "{ships}");
    assert!(browser.eval("return document.querySelector('svg.timeline').getBoundingClientRect().width").as_f64().unwrap() > 100.0);
    // A phone shows it without scrolling sideways.
    browser.call("POST", "/window/rect", Some(&json!({"width": 500, "height": 900})));
    let wide = browser.eval("return document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert_eq!(wide, 0, "nothing is wider than the screen");

    // Nothing from outside is more than text.
    browser.open(&nasty_page(page.parent().unwrap()));
    let tags = browser.eval("return [...new Set([...document.querySelectorAll('main *')].map(one => one.localName))].sort()");
    let known = [
        "a", "button", "caption", "circle", "code", "dd", "div", "dl", "dt", "h1", "h2", "line", "p", "span", "strong", "svg", "table",
        "tbody", "td", "text", "th", "thead", "title", "tr",
    ];
    let strange: Vec<&Value> = tags.as_array().unwrap().iter().filter(|tag| !known.contains(&tag.as_str().unwrap())).collect();
    assert!(strange.is_empty(), "{strange:?}");
    let text = browser.eval("return document.querySelector('main').innerText");
    let shown = |wanted: &str| assert!(text.as_str().unwrap().contains(wanted), "{wanted}: {text}");
    ["<img src=x onerror=alert(1)><script>", "comment: ", "![i](https://evil.example/p.png)"].into_iter().for_each(shown);
    let links = browser.eval("return [...document.links].map(link => link.protocol + link.host).filter(to => to !== 'https:github.com')");
    assert_eq!(links, json!([]), "an address in a text is no link");

    let complaints: Vec<Value> = browser.log("browser");
    assert!(complaints.is_empty(), "{complaints:?}");
    let asked: Vec<String> = browser
        .log("performance")
        .iter()
        .filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok())
        .filter(|event| event["message"]["method"] == "Network.requestWillBeSent")
        // The browser's own start page asks for its own files.
        .filter(|event| event["message"]["params"]["documentURL"].as_str().is_some_and(|url| url.starts_with("file:")))
        .filter_map(|event| Some(event["message"]["params"]["request"]["url"].as_str()?.to_owned()))
        .filter(|url| !url.starts_with("file:") && !url.starts_with("data:"))
        .collect();
    assert!(asked.is_empty(), "the page asks for {asked:?}");
}
