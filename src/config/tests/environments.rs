//! The rules for the keys of an environment.

use super::*;

#[test]
fn reviewers_are_at_most_six_and_each_is_one() {
    let list = |n: usize| (0..n).map(|i| format!("{{ user = \"u{i}\" }}")).collect::<Vec<_>>().join(", ");
    read(&format!("version = 1\n{PROD}reviewers = [{}]", list(6)));
    in_prod(&format!("reviewers = [{}, §{{ team = \"t\" }}]", list(6)), "at most 6 reviewers, found 7", "remove 1");
    in_prod("reviewers = [{ user = \"a\", §team = \"b\" }]", "either `user`, or `team`", "remove one");
    in_prod("reviewers = [§{ id = 1 }]", "needs `user`, or `team`", "add");
    in_prod("reviewers = [{ user = \"Moose\" }, { user = §\"mOOSE\" }]", "only case differs", "keep one");
    in_prod("reviewers = [{ user = \"a\", id = 5 }, { user = \"b\", id = §5 }]", "named twice", "keep one");
    in_prod("reviewers = [{ team = \"a\" }, { team = §\"a\" }]", "named twice", "keep one");
    one(
        "[github]\nrepository = \"Org/r\"\n[environments.p]\nreviewers = [{ team = \"org/a\" }, { team = §\"a\" }]",
        "only case differs",
        "keep one",
    );
    read("version = 1\n[environments.p]\nreviewers = [{ user = \"a\", id = 5 }, { team = \"a\", id = 5 }, { team = \"x/a\" }]");
}

#[test]
fn names_of_people_and_teams_are_as_github_writes_them() {
    in_prod("reviewers = [{ user = §\"@Moose\" }]", "a login has letters", "write `Moose`");
    in_prod("reviewers = [{ user = §\"dependabot[bot]\" }]", "App cannot be a reviewer", "a person or a team");
    in_prod("reviewers = [{ user = §\"org/team\" }]", "no `/`", "{ team = \"org/team\" }");
    in_prod("reviewers = [{ user = §\"\" }]", "empty", "write a name");
    in_prod("reviewers = [{ team = §\"Site Reliability\" }]", "slug", "write `site-reliability`");
    in_prod("reviewers = [{ team = §\"@org/sre\" }]", "slug", "write `org/sre`");
    in_prod("reviewers = [{ team = §\"a/b/c\" }]", "slug", "remove `/`");
    in_prod("reviewers = [{ team = §\"org/\" }]", "slug", "write a name");
}

#[test]
fn environments_are_told_apart_without_case() {
    one("[environments.production]\n[environments.§PRODUCTION]", "`production` and `PRODUCTION` are the same name", "keep one");
    let first = &refuse("version = 1\n[environments.b]\n[environments.B]")[0].related.clone().unwrap();
    assert_eq!((first.at.line, first.at.column), (2, 15), "both places are shown");
    one("[environments.§\"\"]", "needs a name", "production");
    read(&format!("version = 1\n[environments.\"{}\"]", "é".repeat(255)));
    one(&format!("[environments.§\"{}\"]", "é".repeat(256)), "at most 255 characters, this one has 256", "shorten");
}

#[test]
fn names_that_look_the_same_are_the_same() {
    one("[environments.§\"production\u{200b}\"]", "an invisible character", "remove it");
    in_prod("secrets = [§\"A\u{202e}\"]", "an invisible character", "remove it");
    in_prod("deployment_branch_policy = { branches = [§\"main\\u0000\"] }", "an invisible character", "remove it");
}

#[test]
fn self_review_needs_reviewers() {
    in_prod("reviewers = []\n§prevent_self_review = true", "has no effect without reviewers", "name a reviewer");
    in_prod("§prevent_self_review = true", "has no effect without reviewers", "declare `reviewers`");
    read(&format!("version = 1\n{PROD}prevent_self_review = false"));
}

#[test]
fn branch_policies_are_a_word_or_a_set_that_is_not_empty() {
    in_prod("deployment_branch_policy = §\"protcted\"", "cannot be `protcted`", "write \"protected\"");
    in_prod("deployment_branch_policy = §\"main\"", "cannot be `main`", "one of `all` or `protected`");
    for empty in ["{}", "{ branches = [] }", "{ branches = [], tags = [] }"] {
        in_prod(&format!("deployment_branch_policy = §{empty}"), "no branch and no tag could deploy", "\"protected\"");
    }
    in_prod("deployment_branch_policy = { branches = [§\"\"] }", "empty pattern", "remove it");
    in_prod("deployment_branch_policy = { branches = [\"a\", §\"a\"] }", "named twice", "keep one");
    in_prod("deployment_branch_policy = { branches = [§\"refs/heads/main\"] }", "the short name", "write `main`");
    in_prod("deployment_branch_policy = { branches = [§\"tag:v*\"] }", "no ref matches", "write `v*` in `tags`");
    for (pattern, says, help) in [
        ("my branch", "never has a space", "one pattern for each name"),
        ("HEAD~1", "never has `~`", "as `git branch`"),
        ("x:y", "never has `:`", "as `git branch`"),
        ("x^", "never has `^`", "as `git branch`"),
        ("~DEFAULT_BRANCH", "never has `~`", "write the branch's name"),
        ("~ALL", "never has `~`", "\"all\""),
        (".x", "begins with `.`", "write `x`"),
        ("feature/.x", "begins with `.`", "as `git branch`"),
        ("x.lock/y", "ends with `.lock`", "as `git branch`"),
        ("*.lock", "never ends with `.lock`", "as `git branch`"),
        ("tag:", "no ref matches", "write a name in `tags`"),
    ] {
        in_prod(&format!("deployment_branch_policy = {{ branches = [§\"{pattern}\"] }}"), says, help);
    }
    read(&format!("version = 1\n{PROD}deployment_branch_policy = {{ branches = [\"[!^]*\", \"v[0-9].*\"] }}"));
    in_prod("deployment_branch_policy = { branches = [§\"main..dev\"] }", "never has `..`", "as `git branch`");
    in_prod("deployment_branch_policy = { tags = [§\"v1.lock\"] }", "never ends with `.lock`", "did you mean `v1`?");
    in_prod("deployment_branch_policy = { branches = [§\"release/\"] }", "never ends with `/`", "did you mean `release`?");
    in_prod("deployment_branch_policy = §\"selected\"", "cannot be `selected`", "branches = [\"main\"]");
    in_prod("deployment_branch_policy = { tags = [§\"refs/tags/v*\"] }", "the short name", "write `v*`");
    read(&format!("version = 1\n{PROD}deployment_branch_policy = {{ branches = [\"a\", \"refs/pull/*/merge\"], tags = [\"a\"] }}"));
}

#[test]
fn an_absent_environment_has_nothing_else() {
    in_prod("state = \"absent\"\n§wait_timer = 1", "has no `wait_timer`", "remove `state`");
    in_prod("state = §\"abssent\"", "cannot be `abssent`", "write \"absent\"");
    let marked = "[environments.old]\nstate = \"absent\"\n[[workflows]]\nfile = \".github/workflows/a.yml\"\nenvironment = §\"OLD\"";
    one(marked, "`OLD` is declared absent", "another environment");
}

#[test]
fn rules_variables_and_secrets_have_names() {
    in_prod("protection_rules = [\"a\", §\"A\"]", "only case differs", "keep one");
    in_prod("protection_rules = [§\"\"]", "empty", "write a name");
    in_prod("protection_rules = [\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",§\"g\"]", "at most 6 protection rules", "remove 1");
    in_prod("variables = { §GITHUB_X = \"\" }", "GitHub's own", "another name");
    in_prod("variables = { §github_x = \"\" }", "GitHub's own", "another name");
    in_prod("variables = { §1X = \"\" }", "begin with a digit", "letter");
    in_prod("variables = { §A-B = \"\" }", "A to Z", "write `A_B`");
    in_prod("variables = { §\"é\" = \"\" }", "A to Z", "remove");
    in_prod("variables = { TIER = \"\", §tier = \"\" }", "only case differs", "keep one");
    in_prod("secrets = [\"A\", §\"a\"]", "only case differs", "keep one");
    in_prod("secrets = [§\"GITHUB_TOKEN\"]", "GitHub's own", "another name");
}
