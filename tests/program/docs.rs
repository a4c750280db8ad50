//! Documents that are generated from the program itself, and the laws and facts that comments cite.

use std::fmt::Write as _;

use gatectl::exit::Exit;

use super::run::{gatectl, root};
use gatectl_test_support::assert_golden;

#[test]
fn the_page_of_exit_codes_is_the_table() {
    let mut page = "# Exit codes\n\nGenerated from `src/exit.rs`. The numbers are part of the interface: scripts may rely on them.\n\n\
                    | code | meaning | next step |\n|---|---|---|\n"
        .to_owned();
    for exit in Exit::ALL {
        let _ = writeln!(page, "| {} | {} | {} |", exit.code(), exit.meaning(), exit.next_step());
    }
    page.push_str(
        "\nUnknown never passes: even if other changes are known, `plan` exits 1, or 4 if credentials are the only reason.\n\
         So does `apply FILE` if what the saved plan was made from cannot be read: the plan is not stale, and the file stays good.\n",
    );
    assert_golden("../../docs/exit-codes.md", &page);
}

#[test]
fn the_help_names_every_exit_code() {
    let help = gatectl(&["--help"]).stdout;
    let codes = help.split("Exit codes:").nth(1).unwrap();
    for exit in Exit::ALL {
        assert!(codes.split(|c: char| !c.is_ascii_digit()).any(|word| word == exit.code().to_string()), "{}", exit.code());
    }
}

#[test]
fn every_gate_in_the_page_for_movers_reads() {
    let page = std::fs::read_to_string(root().join("docs/from-other-tools.md")).unwrap();
    let gates: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(gates.len(), 3);
    for gate in gates {
        let config = gatectl::config::parse("gate.toml", gate).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(config.desired.github.environments.len(), 1);
    }
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>();
    kept.trim().replace(' ', "-")
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut pages = citing_files();
    pages.extend(["CHANGELOG.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md") && !page.starts_with(root().join("tests")));
    let (mut wrong, mut count) = (Vec::new(), 0);
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|link| !link.contains("://")) {
            count += 1;
            let (path, wanted) = link.split_once('#').map_or((link, None), |(path, wanted)| (path, Some(wanted)));
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let has = |wanted: &str| {
                let headings = std::fs::read_to_string(&target).unwrap_or_default();
                headings.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line.trim_start_matches('#')) == wanted)
            };
            if !target.exists() || !wanted.is_none_or(has) {
                wrong.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(count > 80 && wrong.is_empty(), "{count} links, of which lead nowhere: {wrong:#?}");
}

/// Every text of the project that may cite a law or a fact.
pub(crate) fn citing_files() -> Vec<std::path::PathBuf> {
    let mut open: Vec<_> = ["src", "tests", "docs", "benches"].iter().map(|dir| root().join(dir)).collect();
    let mut files = vec![root().join("SECURITY.md"), root().join("README.md")];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs" || e == "md") {
                files.push(path);
            }
        }
    }
    files
}

/// The labels that follow a word: `fact G2.1`, `facts G2.9 and G2.10`, `law 4`, `laws 4 and 7`.
fn cited(text: &str, word: &str) -> Vec<String> {
    let label = |rest: &str| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '.').collect::<String>();
    let mut labels = Vec::new();
    for plural in ["", "s"] {
        for rest in text.split(&format!("{word}{plural} ")).skip(1) {
            labels.push(label(rest));
            if !plural.is_empty() {
                labels.extend(rest.lines().next().unwrap_or_default().split(" and ").nth(1).map(label));
            }
        }
    }
    labels.retain(|label| label.chars().any(|c| c.is_ascii_digit()));
    labels.into_iter().map(|label| label.trim_end_matches('.').to_owned()).collect()
}

#[test]
fn every_cited_law_and_fact_is_written_down() {
    let read = |name: &str| std::fs::read_to_string(root().join("docs").join(name)).unwrap();
    let headings = |page: &str| -> Vec<String> {
        page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim().to_owned()).collect()
    };
    let (laws, facts) = (headings(&read("laws.md")), headings(&read("facts.md")));
    let (mut wrong, mut count) = (Vec::new(), 0);
    for path in citing_files() {
        let text = std::fs::read_to_string(&path).unwrap();
        for label in cited(&text, "law") {
            count += 1;
            if !laws.iter().any(|heading| heading.starts_with(&format!("Law {label}:"))) {
                wrong.push(format!("{}: law {label}", path.display()));
            }
        }
        for label in cited(&text, "fact").into_iter().filter(|label| label.starts_with(['G', 'H', 'F', 'W'])) {
            count += 1;
            if !facts.iter().any(|heading| heading.split(' ').next() == Some(&label)) {
                wrong.push(format!("{}: fact {label}", path.display()));
            }
        }
        for page in ["API page", "Heroku page", "freeze page", "workflow page"] {
            if path.file_name().is_some_and(|name| name != "docs.rs") && text.contains(page) {
                wrong.push(format!("{}: cites the {page}, which is not in this repository", path.display()));
            }
        }
    }
    assert!(count > 100, "only {count} citations were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
