//! Arbitrary and damaged workflow files.

use proptest::prelude::*;

use super::*;

const BASE: &str = include_str!("../../../../tests/fixtures/workflows/runbook/deploy-heroku.yml");
const MATRIX: &str = include_str!("../../../../tests/fixtures/workflows/forms/61-one-dimension-unknown/ship.yml");

fn survives(text: &str) {
    let dispatch = when("workflow_dispatch", None, &[("environment", "production")]);
    let expectation = expect("deploy.yml", vec![dispatch, when("pull_request", None, &[])]);
    let report = check(&[source("deploy.yml", text)], &facts(vec![expectation]));
    assert!(report.findings.iter().all(|finding| finding.line != Some(0) && finding.col != Some(0)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn damaged_workflows_never_panic(at in 0.0..1.0, length in 0_usize..40, put in "[-a-z0-9:\\[\\]{}&*!|>'\"#%@,?$. \\n]{0,12}", matrix: bool) {
        let base = if matrix { MATRIX } else { BASE };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short file")]
        let at = (base.len() as f64 * at) as usize;
        let end = (at + length).min(base.len());
        survives(&format!("{}{put}{}", &base[..at], &base[end..]));
    }

    #[test]
    fn shuffled_lines_never_panic(lines in proptest::sample::subsequence(BASE.lines().collect::<Vec<_>>(), 0..40), turn in 0_usize..40) {
        let mut lines = lines;
        let turn = turn.min(lines.len());
        lines.rotate_left(turn);
        survives(&lines.join("\n"));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let file = SourceFile::new(".github/workflows/deploy.yml", bytes);
        let report = check(&[file], &facts(vec![expect("deploy.yml", vec![])]));
        prop_assert!(report.verdict != Verdict::Gated);
    }
}

#[test]
fn a_megabyte_of_jobs_is_checked() {
    let mut jobs = String::new();
    let mut count = 0;
    while jobs.len() < 1_000_000 {
        let needs = if count == 0 { String::new() } else { format!(", needs: j{}", count - 1) };
        jobs.push_str(&format!(
            "j{count}:\n  {{runs-on: x{needs}, if: \"github.ref == 'refs/heads/main'\", environment: '${{{{ github.ref_name == ''main'' && ''production'' }}}}', steps: [{{run: echo {count}}}]}}\n"
        ));
        count += 1;
    }
    let report = on_push(&jobs);
    assert_eq!(report.verdict, Verdict::Gated, "{:?}", report.findings.first());
    assert_eq!(report.workflows[0].jobs.len(), count);
}
