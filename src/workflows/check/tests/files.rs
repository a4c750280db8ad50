//! Files that cannot be read, and what steps run that was not read.

use super::*;

#[test]
fn a_file_that_cannot_be_read_leaves_everything_unknown() {
    let good = source("deploy.yml", &with_jobs(GATED));
    let path = ".github/workflows/x.yml";
    for (bad, fix) in [
        (source("x.yml", "on: [push\njobs:"), "valid YAML"),
        (SourceFile::new(path, vec![0xff, 0xfe, 0x00]), "as UTF-8"),
        (SourceFile::too_large(path, 1024), "split"),
        (SourceFile::unread(path, "permission denied"), "readable"),
    ] {
        let report = check(&[good.clone(), bad], &facts(vec![expect("deploy.yml", vec![when("push", None, &[])])]));
        assert_eq!((report.verdict, codes(&report)), (Verdict::Unknown, vec![("unreadable-workflow", Severity::Error)]));
        assert!(report.findings[0].fix.contains(fix), "{:?}", report.findings[0]);
    }
    let report = check(&[source("deploy.yml", "a: [")], &facts(vec![expect("deploy.yml", vec![when("push", None, &[])])]));
    assert_eq!(report.verdict, Verdict::Unknown);
}

#[test]
fn what_a_step_runs_and_was_not_read_as_a_run_finds_it_is_told() {
    let steps = "[{uses: ./ci/go}, {run: ./ci/x.sh}, {uses: raxx-app/TradeMasterAPI/ci/go@v1}, {uses: raxx-app/TradeMasterAPI/ci/go@main}]";
    let other = source("other.yml", &with_jobs(&format!("test:\n  runs-on: x\n  steps: {steps}")));
    let run = |checkout: Vec<SourceFile>| {
        let sources: Vec<SourceFile> = [source("deploy.yml", &with_jobs(GATED)), other.clone()].into_iter().chain(checkout).collect();
        let report = check(&sources, &facts(vec![expect("deploy.yml", vec![when("push", None, &[])])]));
        let said = report.findings.iter().map(|finding| {
            assert_eq!((finding.code, finding.file.as_deref()), (Code::UnreadAction, Some(".github/workflows/other.yml")));
            (finding.severity, finding.message.clone())
        });
        (report.verdict, said.collect::<Vec<_>>())
    };
    let action = || SourceFile::script("ci/go/action.yml", b"runs: {using: composite, steps: [{run: ci/inner.sh, shell: sh}]}");
    let unread = |path: &str| SourceFile::unread(path, "permission denied").of(Origin::Checkout);
    let at_v1 = (
        Severity::Warning,
        "a run uses `raxx-app/TradeMasterAPI/ci/go@v1` as it is at `v1`; gatectl judged the one that was read here".to_owned(),
    );
    let denied = |name: &str| (Severity::Error, format!("`{name}` could not be read: permission denied"));
    assert_eq!(run(vec![action()]), (Verdict::Gated, vec![at_v1.clone()]));
    assert_eq!(run(vec![action(), unread("ci/x.sh")]), (Verdict::Unknown, vec![denied("ci/x.sh"), at_v1.clone()]));
    assert_eq!(run(vec![action(), unread("ci/inner.sh")]), (Verdict::Unknown, vec![denied("ci/inner.sh"), at_v1]));
    let names = ["./ci/go", "raxx-app/TradeMasterAPI/ci/go@main", "raxx-app/TradeMasterAPI/ci/go@v1"];
    let (verdict, mut said) = run(vec![unread("ci/go/action.yaml")]);
    said.sort();
    assert_eq!((verdict, said), (Verdict::Unknown, names.map(denied).to_vec()));
    let (verdict, said) = run(Vec::new());
    assert_eq!((verdict, said.len(), said[0].0), (Verdict::Gated, 3, Severity::Info));
}
