//! Actions and scripts of the checkout, and what a job checks out besides.

use super::*;

#[test]
fn an_action_of_this_repository_is_read_by_each_of_its_names() {
    let own = RepoName::parse("acme/shop").unwrap();
    let mut local = Local::of(Some(&own));
    local.add("ci/ship/action.yml", Ok("runs: {using: composite, steps: [{run: heroku rollback -a shop-prod, shell: sh}]}".to_owned()));
    let found = |uses: &str| {
        let workflow = read("x.yml", &format!("on: push\njobs: {{a: {{runs-on: x, steps: [{{uses: '{uses}'}}]}}}}")).unwrap();
        (Holds::of(&workflow, &workflow.jobs[0], &local).deploys.len(), local.wanted([&workflow].into_iter()).len())
    };
    for uses in ["./ci/ship", "$/ci/ship", "Acme/shop/ci/ship@main", "acme/shop/ci/ship@v1"] {
        assert_eq!(found(uses), (1, 0), "{uses}");
    }
    assert_eq!((found("acme/other/ci/ship@main"), found("acme/shop/ci/gone@main")), ((0, 0), (0, 2)));
}

/// GitHub follows ten.
#[test]
fn ten_actions_of_the_checkout_that_use_each_other_are_followed() {
    let mut local = Local::default();
    for at in 1..=12 {
        let steps = format!("[{{uses: ./a{}}}, {{run: heroku rollback -a level-{at}, shell: sh}}]", at + 1);
        local.add(&format!("a{at}/action.yml"), Ok(format!("runs: {{using: composite, steps: {steps}}}")));
    }
    local.add("loop/action.yml", Ok("runs: {using: composite, steps: [{uses: ./loop}]}".to_owned()));
    let workflow = read("x.yml", "on: push\njobs: {a: {runs-on: x, steps: [{uses: ./a1}, {uses: ./loop}]}}").unwrap();
    assert_eq!(Holds::of(&workflow, &workflow.jobs[0], &local).deploys.len(), 10);
}

#[test]
fn actions_and_scripts_of_the_checkout_are_read() {
    let mut local = Local::default();
    local.add("ci/ship/action.yml", Ok("inputs: {app: {default: none}}\nruns:\n  using: composite\n  steps:\n    - run: heroku rollback -a ${{ inputs.app }}\n      shell: bash\n".to_owned()));
    local.add("scripts/go.sh", Ok("#!/bin/sh\nheroku container:release web -a shop-prod\n".to_owned()));
    let of = |steps: &str| {
        let workflow = read("x.yml", &format!("on: push\njobs: {{a: {{runs-on: x, steps: {steps}}}}}")).unwrap();
        Holds::of(&workflow, &workflow.jobs[0], &local).deploys.into_iter().map(|deploy| deploy.target).collect::<Vec<_>>()
    };
    let prod = [Some("shop-prod".to_owned())];
    assert_eq!(of("[{uses: ./ci/ship, with: {app: shop-prod}}]"), prod);
    assert_eq!(of("[{uses: ./ci/ship}]"), [Some("none".to_owned())]);
    assert_eq!(of("[{run: ./scripts/go.sh}]"), prod);
    assert_eq!(of("[{run: bash scripts/go.sh now}]"), prod);
    assert_eq!(of("[{run: ./scripts/gone.sh}]"), []);
}

/// Each script is reached only by the form that its row is about.
#[test]
fn scripts_of_the_checkout_are_followed() {
    let deploy = "heroku rollback -a shop-prod";
    for (files, step, found) in [
        (vec![("ops/a.sh", "./ops/go.sh"), ("ops/go.sh", deploy)], "run: ./ops/a.sh", true),
        (vec![("ops/a.sh", ". ops/go"), ("ops/go", deploy)], "run: ./ops/a.sh", true),
        (vec![("ops/a.sh", "\"$(dirname \"$0\")/go.sh\""), ("ops/go.sh", deploy)], "run: ./ops/a.sh", true),
        (vec![("ops/a.sh", "cd \"$(dirname \"$0\")\"; ./go"), ("ops/go", deploy)], "run: ./ops/a.sh", true),
        (vec![("a.sh", "./b.sh"), ("b.sh", "./a.sh; ./c.sh"), ("c.sh", deploy)], "run: ./a.sh", true),
        (vec![("ops/go", deploy)], "run: cd ops && ./go", true),
        (vec![("go", deploy)], "run: bash go", true),
        (vec![("go", deploy)], "run: make go", false),
        (vec![("lib/go", deploy)], "run: cd ops && ./go", false),
        (vec![("ops/a.sh", "true"), ("ops/go.sh", deploy)], "run: ./ops/a.sh", false),
        (vec![("go.py", "os.system(\"heroku rollback -a shop-prod\")")], "run: python go.py", true),
        (vec![("go.py", "run(['heroku', 'rollback', '-a', 'shop-prod'])")], "run: python go.py", true),
        (vec![("go.js", "execSync('heroku rollback -a shop-prod')")], "run: node go.js", true),
        (vec![("go.rb", "system \"heroku rollback -a shop-prod\"")], "run: ruby go.rb", true),
        (vec![("a.js", "import './b.js'"), ("b.js", "exec(`heroku rollback -a shop-prod`)")], "run: node a.js", true),
        (vec![("go.py", "print(\"heroku rollback -a shop-prod\")")], "run: python go.py", false),
        (vec![("ci/go/go.sh", deploy)], "uses: ./ci/go", true),
        (vec![("go.sh", deploy)], "uses: ./ci/go", false),
    ] {
        let mut local = Local::default();
        let action = "runs: {using: Composite, steps: [{run: '${{ github.action_path }}/go.sh', shell: sh}]}";
        local.add("ci/go/action.yml", Ok(action.to_owned()));
        for (path, text) in &files {
            local.add(path, Ok((*text).to_owned()));
        }
        let workflow = read("x.yml", &format!("on: push\njobs: {{a: {{runs-on: x, steps: [{{{step}}}]}}}}")).unwrap();
        let deploys = Holds::of(&workflow, &workflow.jobs[0], &local).deploys;
        let targets: Vec<_> = deploys.iter().filter_map(|deploy| deploy.target.as_deref()).collect();
        assert_eq!(targets.contains(&"shop-prod"), found, "{files:?} {step}");
    }
}

#[test]
fn what_a_job_checks_out_beside_the_commit_of_its_run_is_told_by_its_kind() {
    let checkouts = |step: &str| of(&format!("      - {step}")).checkouts;
    let fixed = |name: &str| Head::Ref(InRun::Values(vec![name.to_owned()]));
    for (step, written, head) in [
        ("run: git pull", "git pull", Head::Tip),
        ("run: gh pr checkout 7", "gh pr checkout", Head::PullRequest),
        ("run: git reset --hard origin/main", "origin/main", Head::Tip),
        ("run: git checkout v1", "v1", fixed("v1")),
        ("run: git switch main", "main", fixed("main")),
        ("{uses: actions/checkout@v4, with: {ref: main}}", "main", fixed("main")),
        ("{uses: actions/checkout@v4, with: {ref: main, repository: '${{ github.repository }}'}}", "main", fixed("main")),
        ("{uses: actions/checkout@v4, with: {ref: refs/pull/7/merge}}", "refs/pull/7/merge", Head::PullRequest),
    ] {
        let found = checkouts(step);
        assert_eq!(found.iter().map(|one| (one.written.as_str(), &one.head)).collect::<Vec<_>>(), [(written, &head)], "{step}");
        // What is written out is the same in every run.
        let in_run = found[0].in_run(|_| InRun::Values(vec!["other".to_owned()]));
        assert_eq!(in_run, found[0], "{step}");
    }
    for step in [
        "run: git checkout -b x",
        "run: git checkout \"$REF\"",
        "run: git checkout a.txt",
        "run: git reset --hard HEAD",
        "uses: actions/checkout@v4",
        "{uses: actions/checkout@v4, with: {ref: ''}}",
        "{uses: actions/checkout@v4, with: {ref: main, repository: acme/other}}",
    ] {
        assert_eq!(checkouts(step), [], "{step}");
    }
    let [chosen] = checkouts("{uses: actions/checkout@v4, with: {ref: '${{ inputs.ref }}'}}").try_into().unwrap();
    assert_eq!(chosen.in_run(|_| InRun::Values(vec!["v2".to_owned()])).head, fixed("v2"));
}
