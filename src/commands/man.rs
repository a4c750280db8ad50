//! `gatectl man`: the manual pages, made from the command line's own description.
//!
//! Owns the sections that clap does not write: environment, files, exit status, see also. Tested in `tests/program/usage.rs`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::cli::{Cli, ManArgs};
use crate::exit::Exit;

/// What gatectl reads from the environment, in the order of precedence per purpose.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("GATECTL_APP_ID, GATECTL_APP_PRIVATE_KEY, GATECTL_APP_PRIVATE_KEY_FILE", "Authenticate as a GitHub App."),
    ("GH_TOKEN, GITHUB_TOKEN", "The GitHub token. Without one, gatectl asks `gh auth token`."),
    ("GITHUB_API_URL, GH_HOST", "Which GitHub to talk to."),
    ("GITHUB_REPOSITORY", "The repository, if neither --repo nor gate.toml names one."),
    ("HEROKU_API_KEY", "The Heroku token. Without one, gatectl reads ~/.netrc, then asks `heroku auth:token`."),
    ("HEROKU_HOST", "Which Heroku API to talk to."),
    ("HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR", "Proxy and certificate authorities."),
    ("NO_COLOR, CLICOLOR_FORCE", "Turn colors off, or force them."),
    ("CI", "If set, gatectl never prompts and shows no progress bar."),
    ("XDG_CACHE_HOME", "Where GitHub's responses are cached for conditional requests; see --no-cache."),
];

/// What gatectl reads and writes on disk.
const FILES: &[(&str, &str)] = &[
    ("gate.toml", "The declaration: here or in a parent directory, up to the root of the repository."),
    (".github/workflows/*.yml", "The workflow files that check and verify read."),
    ("~/.netrc", "The Heroku token, if HEROKU_API_KEY is not set."),
    ("$XDG_CACHE_HOME/gatectl", "Cached GitHub responses, readable only by their owner."),
];

/// Prints the main page, or writes one for each command.
///
/// # Errors
/// When stdout or the directory cannot be written.
pub(super) fn run(args: &ManArgs) -> anyhow::Result<Exit> {
    let mut commands = Cli::command().disable_help_subcommand(true);
    commands.build();
    let Some(directory) = &args.out else { return super::shell::print(&page(&commands, "gatectl", &[])?) };
    let write = || -> anyhow::Result<()> {
        std::fs::create_dir_all(directory)?;
        write_all(directory, &commands, "gatectl", &[])
    };
    write().with_context(|| format!("writing manual pages to {}", directory.display()))?;
    Ok(Exit::Done)
}

/// The page of a command, then those below it: `gatectl-freeze-on.1`.
fn write_all(directory: &Path, command: &clap::Command, name: &str, above: &[String]) -> anyhow::Result<()> {
    std::fs::write(directory.join(format!("{name}.1")), page(command, name, above)?)?;
    let above: Vec<String> = above.iter().cloned().chain([name.to_owned()]).collect();
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write_all(directory, below, &format!("{name}-{}", below.get_name()), &above)?;
    }
    Ok(())
}

fn page(command: &clap::Command, name: &str, above: &[String]) -> anyhow::Result<Vec<u8>> {
    // Short help folds the global options away; a page has them in full.
    let man = Man::new(command.clone().mut_args(|argument| argument.hide_short_help(false)))
        .title(name.to_uppercase())
        .section("1")
        .source(concat!("gatectl ", env!("CARGO_PKG_VERSION")))
        .manual("gatectl manual");
    let mut text = Vec::new();
    // The date is the third argument. It is left out as an empty one, so that source and manual stay in their places.
    let mut title = Vec::new();
    man.render_title(&mut title)?;
    text.extend(String::from_utf8_lossy(&title).replace(" 1  \"", " 1 \"\" \"").into_bytes());
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(&mut text)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if command.get_after_help().is_some() || command.get_after_long_help().is_some() {
        let mut extra = Vec::new();
        man.render_extra_section(&mut extra)?;
        text.extend(notes_and_examples(&String::from_utf8_lossy(&extra)).into_bytes());
    }
    let below = command.get_subcommands().map(|below| format!("{name}-{}", below.get_name()));
    let see: Vec<String> = above.iter().cloned().chain(below).collect();
    text.extend(sections(&see).into_bytes());
    Ok(text)
}

/// What help has below its options: prose is filled, and commands keep their lines.
fn notes_and_examples(extra: &str) -> String {
    let lines = extra.lines().filter(|line| !line.starts_with('.') && *line != "Examples:");
    let (examples, notes): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with("  "));
    let notes = notes.join("\n");
    let mut text = String::new();
    if !notes.trim().is_empty() {
        let _ = writeln!(text, ".SH NOTES\n{}", notes.trim());
    }
    if !examples.is_empty() {
        let _ = writeln!(text, ".SH EXAMPLES\n.nf\n{}\n.fi", examples.join("\n"));
    }
    text
}

fn sections(see: &[String]) -> String {
    let mut text = String::new();
    let mut list = |title: &str, rows: &mut dyn Iterator<Item = (String, String)>| {
        let _ = writeln!(text, ".SH \"{title}\"");
        for (name, meaning) in rows {
            let _ = writeln!(text, ".TP\n\\fB{}\\fR\n{}", escaped(&name), escaped(&meaning));
        }
    };
    let owned = |(name, meaning): &(&str, &str)| ((*name).to_owned(), (*meaning).to_owned());
    list("ENVIRONMENT", &mut ENVIRONMENT.iter().map(owned));
    list("FILES", &mut FILES.iter().map(owned));
    list("EXIT STATUS", &mut Exit::ALL.iter().map(|exit| (exit.code().to_string(), exit.meaning().to_owned())));
    let see: Vec<String> = see.iter().map(|page| format!("\\fB{}\\fR(1)", escaped(page))).collect();
    let _ = writeln!(text, ".SH \"SEE ALSO\"\n{}", see.join(", "));
    text
}

/// A text in which roff finds no command of its own.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
