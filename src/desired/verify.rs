//! `[verify]` of gate.toml: what its author knows about the workflows that the files cannot show.

use std::fmt;
use std::str::FromStr;

use crate::model::fnmatch;

/// The whole `[verify]` table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verify {
    /// What cannot deploy.
    pub harmless: Vec<Harmless>,
    /// Workflows of other repositories that deploy nothing of this one: `OWNER/REPO/.github/workflows/FILE`, with wildcards.
    pub trusted_workflows: Vec<String>,
}

/// One entry of `harmless`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harmless {
    /// Secrets by name; `*` stands for any characters. Upper-case, as GitHub stores names of secrets.
    Secrets(String),
    /// A job, with everything in it: `FILE:JOB`, the file by its name or by its path in the repository.
    Job {
        /// The file.
        file: String,
        /// The job's id.
        job: String,
    },
}

impl FromStr for Harmless {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.rsplit_once(':') {
            Some((file, job)) => Self::Job { file: file.trim_start_matches("./").to_owned(), job: job.to_owned() },
            None => Self::Secrets(text.to_ascii_uppercase()),
        })
    }
}

impl fmt::Display for Harmless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secrets(pattern) => f.write_str(pattern),
            Self::Job { file, job } => write!(f, "{file}:{job}"),
        }
    }
}

impl Harmless {
    /// Whether it names a secret.
    pub fn spares_secret(&self, name: &str) -> bool {
        matches!(self, Self::Secrets(pattern) if fnmatch::matches(pattern, &name.to_ascii_uppercase()))
    }
}

impl Verify {
    /// Whether a secret is declared to deploy nothing.
    pub fn spares_secret(&self, name: &str) -> bool {
        self.harmless.iter().any(|entry| entry.spares_secret(name))
    }

    /// Whether a job is declared to deploy nothing. The path is its file's in the repository.
    pub fn spares_job(&self, path: &str, id: &str) -> bool {
        let path = path.trim_start_matches("./");
        let is_file = |file: &str| file == path || path.rsplit('/').next() == Some(file);
        self.harmless.iter().any(|entry| matches!(entry, Harmless::Job { file, job } if is_file(file) && job.eq_ignore_ascii_case(id)))
    }

    /// Whether a called workflow of another repository is declared to deploy nothing. `path` is without its `@ref`.
    pub fn trusts(&self, path: &str) -> bool {
        let path = path.to_lowercase();
        // A wildcard stands for any name within its folder, `.github` among them.
        let matches = |pattern: &str| {
            let alike = pattern.split('/').zip(path.split('/')).all(|(wanted, part)| fnmatch::matches_any(wanted, part));
            alike && pattern.split('/').count() == path.split('/').count()
        };
        self.trusted_workflows.iter().any(|pattern| matches(&pattern.to_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(harmless: &[&str], trusted: &[&str]) -> Verify {
        let harmless = harmless.iter().map(|text| text.parse().unwrap()).collect();
        Verify { harmless, trusted_workflows: trusted.iter().map(|text| (*text).to_owned()).collect() }
    }

    #[test]
    fn only_what_is_named_is_spared() {
        let verify = verify(&["SLACK_*", "codecov_token", "ci.yml:lint", ".github/workflows/a.yml:b"], &[]);
        assert!(["SLACK_URL", "slack_", "CODECOV_TOKEN"].iter().all(|name| verify.spares_secret(name)));
        assert!(["SLACK", "XSLACK_URL", "CI.YML:LINT", ""].iter().all(|name| !verify.spares_secret(name)));
        assert!(verify.spares_job(".github/workflows/ci.yml", "Lint") && verify.spares_job(".github/workflows/a.yml", "b"));
        assert!(!verify.spares_job(".github/workflows/ci.yml", "deploy") && !verify.spares_job(".github/workflows/xci.yml", "lint"));
    }

    #[test]
    fn a_wildcard_stays_within_its_folder() {
        let verify = verify(&[], &["slsa-framework/slsa-github-generator/.github/workflows/*"]);
        assert!(verify.trusts("SLSA-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml"));
        assert!(!verify.trusts("evil/slsa-github-generator/.github/workflows/x.yml"));
        assert!(!verify.trusts("slsa-framework/slsa-github-generator/.github/workflows/a/b.yml"));
        assert!(!verify.trusts("slsa-framework/slsa-github-generator/.github/workflows"));
    }

    #[test]
    fn a_wildcard_stands_for_the_organizations_own_repository_of_workflows() {
        let verify = verify(&[], &["acme/*/.github/workflows/*"]);
        assert!(verify.trusts("acme/.github/.github/workflows/deploy.yml") && verify.trusts("acme/shop/.github/workflows/deploy.yml"));
        assert!(!verify.trusts("evil/.github/.github/workflows/deploy.yml"));
    }
}
