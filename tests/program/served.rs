//! The emulator served in this process, and the binary run against it as against the real thing.

use gatectl::config;
use gatectl::model::RepoName;
use gatectl::sandbox::{Sandbox, Scenario, Setup, State};

use super::run::{KEY, Ran, TOKEN, run, with_canaries};

/// Worlds on two ports, and a directory with a gate.toml. The server ends with the process.
pub(crate) struct Served {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) sandbox: Sandbox,
}

impl Served {
    /// The rehearsal of a scenario, built from the declaration itself; the repository is acme/shop unless it says otherwise.
    pub(crate) fn rehearsal(scenario: Scenario, toml: &str) -> Self {
        let config = config::parse("gate.toml", toml).unwrap_or_else(|problems| panic!("{}", problems.plain()));
        let desired = &config.desired;
        let repository = desired.github.repository.clone().unwrap_or_else(|| RepoName::parse("acme/shop").unwrap());
        let mut setup = Setup::new(repository, &desired.github, &desired.heroku);
        if let Some(freeze) = &desired.freeze {
            setup = setup.with_freeze(freeze);
        }
        Self::of(State::rehearsal(scenario, &setup), toml)
    }

    /// Any worlds.
    pub(crate) fn of(state: State, toml: &str) -> Self {
        let state = with_canaries(state);
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                send.send(Sandbox::start(state).await.unwrap()).unwrap();
                std::future::pending::<()>().await;
            });
        });
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("gate.toml"), toml).unwrap();
        Self { dir, sandbox: receive.recv().unwrap() }
    }

    /// Runs the binary against it, with canary tokens.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, &[])
    }

    /// The same with more variables.
    pub(crate) fn run_with(&self, args: &[&str], vars: &[(&str, &str)]) -> Ran {
        run(self.dir.path(), args, &[&self.vars()[..], vars].concat())
    }

    /// Where it is, and the canary tokens for it.
    pub(crate) fn vars(&self) -> [(&str, &str); 4] {
        [
            ("GITHUB_API_URL", self.sandbox.github_url()),
            ("HEROKU_HOST", self.sandbox.heroku_url()),
            ("GH_TOKEN", TOKEN),
            ("HEROKU_API_KEY", KEY),
        ]
    }
}
