//! The rules for `[[workflows]]` and `[verify]`.

use super::*;

#[test]
fn a_workflow_is_a_file_and_an_environment() {
    let rest = "environment = \"production\"";
    one("§[[workflows]]\nenvironment = \"p\"", "a workflow needs `file`", "add `file = ");
    one("§[[workflows]]\nfile = \".github/workflows/a.yml\"", "a workflow needs `environment`, or `jobs`", "add `environment`, or `jobs`");
    for (file, help) in [
        ("deploy.yml", "\".github/workflows/deploy.yml\""),
        ("./.github/workflows/deploy.yml", "\".github/workflows/deploy.yml\""),
        ("/.github/workflows/deploy.yml", "\".github/workflows/deploy.yml\""),
        (".github/workflows/../a.yml", "without `..`"),
        (".github/workflows/a.txt", ".yml"),
        (".github/workflows/.yml", ".yml"),
    ] {
        one(&format!("[[workflows]]\nfile = §{file:?}\n{rest}"), "a workflow", help);
    }
}

#[test]
fn a_workflow_expects_environments_or_jobs() {
    let of =
        |rest: &str, message: &str, help: &str| one(&format!("[[workflows]]\nfile = \".github/workflows/a.yml\"\n{rest}"), message, help);
    of("environment = §[]", "an empty list of environments", "name at least one");
    of("environment = [\"p\", §\"P\"]", "only case differs", "keep one");
    of("environment = \"p\"\n§jobs = { a = \"p\" }", "has either `environment`, or `jobs`", "remove one");
    of("jobs = { §\"a b\" = \"p\" }", "a job's id", "write the job's key");
    let absent = "[environments.old]\nstate = \"absent\"\n[[workflows]]\nfile = \".github/workflows/a.yml\"\n";
    one(&format!("{absent}environment = [\"p\", §\"old\"]"), "declared absent", "name another");
    one(&format!("{absent}jobs = {{ a = §\"old\" }}"), "declared absent", "name another");
}

#[test]
fn what_is_declared_harmless_is_a_secret_or_a_job() {
    let of = |rest: &str, message: &str, help: &str| one(&format!("[verify]\n{rest}"), message, help);
    of("harmless = [§\"*\"]", "matches every secret", "name the secrets");
    of("harmless = [§\"ci.yml\"]", "a whole file", "\"ci.yml:JOB\"");
    of("harmless = [§\"a-b\"]", "a secret's name", "FILE:JOB");
    of("harmless = [§\"ci:lint\"]", "FILE:JOB", "ci.yml:lint");
    of("harmless = [§\"ci.yml:\"]", "a job's id", "write the job's key");
    of("harmless = [\"A\", §\"a\"]", "only case differs", "keep one");
    of("trusted_workflows = [§\"o/r/.github/workflows/x.yml@v1\"]", "without its ref", "write `o/r/.github/workflows/x.yml`");
    of("trusted_workflows = [§\"*/r/.github/workflows/x.yml\"]", "would trust everyone", "OWNER/REPO");
    of("trusted_workflows = [§\"./.github/workflows/x.yml\"]", "another repository", "OWNER/REPO");
    of("§harmles = [\"A\"]", "unknown key `harmles`", "write `harmless`");
}

#[test]
fn a_secret_is_either_a_deploy_credential_or_harmless() {
    let listed = "secrets = [\"HEROKU_API_KEY\"]\n[verify]\n";
    in_prod(&format!("{listed}harmless = [\"SLACK_*\", §\"heroku_*\"]"), "cannot be harmless", "name only secrets");
    let fleet = "[fleet]\norganization = \"acme\"\nrepositories = [\"*\"]\n[fleet.only.pay.environments.production]\n";
    one(&format!("{fleet}{listed}harmless = [§\"HEROKU_API_KEY\"]"), "lists `HEROKU_API_KEY`", "name only secrets");
}

#[test]
fn a_scenario_has_the_keys_of_its_event() {
    let when = |when: &str, message: &str, help: &str| {
        one(&format!("[[workflows]]\nfile = \".github/workflows/a.yml\"\nenvironment = \"p\"\nwhen = {when}"), message, help);
    };
    when("§{ branch = \"main\" }", "needs `event`", "event = ");
    when("{ event = §\"psh\", branch = \"main\" }", "cannot be `psh`", "write \"push\"");
    when("{ event = §\"dispatch\" }", "cannot be `dispatch`", "`workflow_dispatch`");
    when("§{ event = \"push\" }", "needs a branch or a tag", "branch = \"main\"");
    when("{ event = \"push\", branch = \"a\", §tag = \"b\" }", "not both", "one scenario for each");
    when("{ event = \"push\", branch = \"a\", §ref = \"b\" }", "`push` takes no `ref`", "`branch` and `tag`");
    when("{ event = \"push\", branch = \"a\", §inputs = {} }", "`push` takes no `inputs`", "`branch` and `tag`");
    when("{ event = \"workflow_dispatch\", §branch = \"a\" }", "takes no `branch`", "`ref` and `inputs`");
    when("{ event = \"schedule\", §ref = \"a\" }", "`schedule` takes no `ref`", "remove");
    when("{ event = \"push\", branch = §\"refs/heads/main\" }", "short name", "write `main`");
    when("{ event = \"push\", tag = §\"v*\" }", "not a pattern", "v1.2.3");
    when("{ event = \"push\", branch = §\"a b\" }", "git allows", "git branch");
    when("{ event = \"push\", branch = §\"\" }", "git allows", "git branch");
    when("{ event = \"workflow_dispatch\", ref = §\"refs/pull/1/merge\" }", "a branch or a tag", "refs/heads/BRANCH");
    when("{ event = \"workflow_dispatch\", inputs = { a = §[1] } }", "`a` must be a string or true or false or a number", "inputs");
    when("{ event = \"workflow_dispatch\", inputs = { a = §nan } }", "not a number", "quote it");
    when("{ event = \"workflow_dispatch\", inputs = { a = §9007199254740993 } }", "exactly", "quote it: \"9007199254740993\"");
    when("§[]", "empty list of scenarios", "remove the key");
    when("§\"push\"", "must be a table or a list", "event = ");
    when("[{ event = \"push\", branch = \"a\" }, §{ event = \"push\" }]", "needs a branch or a tag", "branch");
}
