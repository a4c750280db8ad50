//! Golden files: what the output must be, kept next to the tests.

use std::path::Path;

use similar::TextDiff;

/// Compares with `tests/golden/NAME`; `GATECTL_BLESS=1` writes the file instead.
pub fn assert_golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../golden").join(name);
    if std::env::var_os("GATECTL_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if expected != actual {
        let diff = TextDiff::from_lines(&expected, actual);
        panic!("{}\nGATECTL_BLESS=1 accepts this", diff.unified_diff().header(name, "actual"));
    }
}
