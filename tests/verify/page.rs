//! `docs/findings.md`, made from the table of findings.

use std::fmt::Write;

use gatectl::findings::{Code, Proof, Severity};

use gatectl_test_support::assert_golden;

fn page() -> String {
    let mut text = String::from(
        "# Findings\n\n\
         What `gatectl check` and `gatectl verify` can report. Codes are stable: scripts and code scanning match on them.\n\n\
         Only errors affect the verdict: one that disproves the gate makes its environment UNGATED, one that could not be decided makes it UNKNOWN.\n\
         Some warnings become errors if gate.toml declares otherwise, and some errors become warnings if nothing relies on what is wrong.\n\
         The letter is the failure mode ([docs/laws.md](laws.md#failure-modes)) that the finding belongs to.\n\n\
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
            Proof::Disproves => "UNGATED",
            Proof::Undecided => "UNKNOWN",
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
    assert_golden("../../docs/findings.md", &page());
}
