//! The providers: one folder each, with the same few files.
//!
//! To add one: a folder with `desired` (what gate.toml declares), `live` (what is there, GETs only), `plan` (pure) and
//! `ops` (the writes as data, and their performance), then the lines below that the compiler asks for.
//! A provider must not know of another one, of the file's syntax, of rendering or of the command line.

use serde::{Deserialize, Serialize};

use crate::apply::{Executor, Moved};
use crate::http::{ApiError, ErrorKind, Writer};
use crate::model::ByHand;

pub mod github;
pub mod heroku;

/// A request of any provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// On a GitHub environment.
    Github(github::ops::Op),
    /// On a Heroku app.
    Heroku(heroku::ops::Op),
}

impl Op {
    /// The same op without who acts and when: what a saved plan and a fresh one have in common.
    #[must_use]
    pub fn unattributed(&self) -> Self {
        match self {
            Self::Github(_) => self.clone(),
            Self::Heroku(op) => Self::Heroku(op.unattributed()),
        }
    }
}

/// The writing clients of all providers; one that no planned step needs may be missing.
#[derive(Debug)]
pub struct Fleet {
    /// GitHub's.
    pub github: Option<Writer>,
    /// Heroku's.
    pub heroku: Option<Writer>,
}

impl Fleet {
    fn github(&self) -> Result<&Writer, ApiError> {
        self.github.as_ref().ok_or_else(|| missing("GitHub"))
    }

    /// Heroku's.
    ///
    /// # Errors
    /// When there is no token for it.
    pub fn heroku(&self) -> Result<&Writer, ApiError> {
        self.heroku.as_ref().ok_or_else(|| missing("Heroku"))
    }
}

fn missing(api: &str) -> ApiError {
    ApiError::new(api, ErrorKind::Unauthenticated, "not sent: there is no token")
}

impl Executor for Fleet {
    type Op = Op;

    fn describe(&self, op: &Op) -> String {
        match op {
            Op::Github(op) => op.describe(),
            Op::Heroku(op) => op.describe(),
        }
    }

    fn writes(&self, op: &Op) -> bool {
        match op {
            Op::Github(op) => op.writes(),
            Op::Heroku(op) => op.writes(),
        }
    }

    async fn moved(&self, op: &Op) -> Result<Vec<Moved>, ApiError> {
        match op {
            Op::Github(op) => github::ops::moved(self.github()?.reader(), op).await,
            Op::Heroku(op) => heroku::ops::moved(self.heroku()?.reader(), op).await,
        }
    }

    async fn perform(&self, op: &Op) -> Result<(), ApiError> {
        match op {
            Op::Github(op) => github::ops::perform(&self.github()?.fresh_only(), op).await,
            Op::Heroku(op) => heroku::ops::perform(&self.heroku()?.fresh_only(), op).await,
        }
    }

    async fn took_effect(&self, op: &Op) -> Result<bool, ApiError> {
        match op {
            Op::Github(op) => github::ops::took_effect(self.github()?.reader(), op).await,
            Op::Heroku(op) => heroku::ops::took_effect(self.heroku()?.reader(), op).await,
        }
    }

    fn refused(&self, op: &Op, error: &ApiError) -> Option<ByHand> {
        match op {
            Op::Github(op) => github::ops::refused(op, error),
            Op::Heroku(_) => None,
        }
    }

    async fn fall_back(&self, op: &Op) -> Result<(), ApiError> {
        match op {
            Op::Github(op) => github::ops::fall_back(self.github()?, op).await,
            Op::Heroku(_) => Ok(()),
        }
    }
}
