//! `[[workflows]]` and `[verify]` for an imported file, from the workflow files.
//!
//! What can be proven is declared. What only a person can know, that a secret cannot deploy, is a comment to review.

use std::fmt::Write as _;

use crate::config;
use crate::model::{Address, Unknown};
use crate::render::human::line;
use crate::workflows::check::{Proposal, propose};
use crate::workflows::facts::Facts;
use crate::workflows::resolve::Files;

use super::declared::UNKNOWN;
use super::source::{Imported, Source};
use super::value::{list, string};

/// Adds what the workflow files suggest to an imported file that declares nothing about them.
pub fn with_workflows(imported: Imported, source: &Source<'_>, files: &Files, default_branch: &str) -> Imported {
    let Ok(config) = config::parse(config::FILE_NAME, &imported.text) else { return imported };
    let want = &config.desired;
    let repository = Some(source.repository.clone());
    let facts = Facts::new(repository, default_branch, &want.github, &want.heroku, &want.workflows, &want.verify);
    let proposal = propose(files, &facts);
    let text = imported.text.clone() + &text(&proposal, source.only.is_empty());
    // A path that gate.toml refuses leaves the file as it was.
    if config::parse(config::FILE_NAME, &text).is_err() { imported } else { Imported { text, ..imported } }
}

/// Says in an imported file why nothing is declared about the workflow files.
pub fn without_workflows(mut imported: Imported, source: &Source<'_>, why: Unknown) -> Imported {
    let reason = format!("the workflow files could not be read: {}", why.reason);
    let _ = writeln!(imported.text, "\n{UNKNOWN}{}", line(&reason));
    imported.unknown.push((Address::repository(source.repository), Unknown { reason, ..why }));
    imported
}

/// `all`: every live environment is declared, so that one which is not declared does not exist.
fn text(proposal: &Proposal, all: bool) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    for (at, (job, name)) in proposal.undeclared.iter().filter(|_| all).enumerate() {
        let lead = if at == 0 { "\n" } else { "" };
        let warning =
            format!("{job} names the environment `{name}`, which does not exist: GitHub creates it, without rules, on its next run");
        let _ = writeln!(text, "{lead}# {}", line(&warning));
    }
    for (at, one) in proposal.workflows.iter().enumerate() {
        let comment = if at == 0 {
            "# These workflows reach the environments above. Add a table for each other workflow that deploys.\n"
        } else {
            ""
        };
        let _ = writeln!(text, "\n{comment}[[workflows]]\nfile = {}", string(&one.file));
        let names: Vec<String> = one.expect.environments().map(|name| string(name.as_str())).collect();
        let _ = match names.as_slice() {
            [only] => writeln!(text, "environment = {only}"),
            _ => writeln!(text, "environment = {}", list("environment", names.into_iter())),
        };
    }
    if !proposal.harmless.is_empty() {
        let names = proposal.harmless.iter().map(|name| string(name)).collect::<Vec<_>>().join(", ");
        let _ = write!(
            text,
            "\n# No environment holds these back, and the files do not show whether they can deploy. Remove those that can,\n\
             # and give their jobs an environment. Then uncomment the two lines.\n# [verify]\n# harmless = [{names}]\n",
        );
    }
    text
}
