//! Documents that are generated from the program itself.

use std::fmt::Write as _;

use gatectl::exit::Exit;

use super::golden::assert_golden;
use super::run::{gatectl, root};

#[test]
fn the_page_of_exit_codes_is_the_table() {
    let mut page = "# Exit codes\n\nGenerated from `src/exit.rs`. The numbers are part of the interface: scripts may rely on them.\n\n\
                    | code | meaning | next step |\n|---|---|---|\n"
        .to_owned();
    for exit in Exit::ALL {
        let _ = writeln!(page, "| {} | {} | {} |", exit.code(), exit.meaning(), exit.next_step());
    }
    page.push_str(
        "\nWhat is unknown never passes: beside changes that are known, `plan` still exits 1, or 4 where credentials are the only reason.\n\
         So does `apply FILE` where what the saved plan was made from cannot be read: that is not stale, and the file stays good.\n",
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
