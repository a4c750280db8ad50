//! `docs/findings.md`, made from the table of findings.

use std::fmt::Write;
use std::path::Path;

use gatectl::verify::{Code, Severity};

fn page() -> String {
    let mut text = String::from(
        "# Findings\n\n\
         What `gatectl check` and `gatectl verify` can report. Codes are stable: scripts and code scanning match on them.\n\n\
         An error decides: one that disproves the gate makes its environment UNGATED, one that could not be decided makes it UNKNOWN.\n\
         Warnings and infos change no verdict. Where gate.toml declares otherwise, some warnings are errors; where nothing\n\
         relies on what is wrong, some errors are warnings. The letter is the failure mode of the runbook that the finding belongs to.\n\n\
         | code | severity | decides | mode |\n| --- | --- | --- | --- |\n",
    );
    let rows = || Code::ALL.iter().map(|code| code.row());
    for row in rows() {
        let severity = match row.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        let decides = match row.proof {
            gatectl::verify::Proof::Disproves => "UNGATED",
            gatectl::verify::Proof::Undecided => "UNKNOWN",
        };
        let mode = row.failure_mode.map_or_else(|| "-".to_owned(), String::from);
        writeln!(text, "| [`{0}`](#{0}) | {severity} | {decides} | {mode} |", row.name).unwrap();
    }
    for row in rows() {
        write!(text, "\n## {}\n\n{}\n\nFix: {}.\n", row.name, row.means, row.fix).unwrap();
    }
    text
}

#[test]
fn the_page_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings.md");
    if std::env::var_os("GATECTL_BLESS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), page(), "GATECTL_BLESS=1 writes docs/findings.md anew");
}
