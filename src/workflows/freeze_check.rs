//! Whether a freeze check provably stands before everything that a job deploys.
//!
//! Owns the proof that a compensating control needs: the check's failure stops the job, and nothing deploys before it or
//! in spite of it. Whatever it does not understand is no proof.

use super::deploys::is_deploying;
use super::expressions::{self, Contexts, Functions, Lookup, Node, Resolved, Status, Value};
use super::model::{Job, Step, Text, Workflow};
use super::yaml::{Kind, Pos};
use crate::model::EnvName;

/// What counts as a freeze check beside `gatectl freeze check`: whole commands, word by word.
pub type Equivalents = [String];

/// The answer, with the place it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The step at this position stops the job while production is frozen.
    Proven(Pos),
    /// It does not, or nobody can say: why, in a clause.
    Unproven(Pos, String),
}

/// Whether a freeze check of an environment runs before anything deploys, in this job, and cannot be skipped or ignored.
#[must_use]
pub fn freeze_check_before_deploy(workflow: &Workflow, job: &Job, environment: &EnvName, equivalents: &Equivalents) -> Proof {
    if job.call.is_some() {
        return Proof::Unproven(job.pos, "the job's steps are in the workflow that it calls".to_owned());
    }
    let mut refused = None;
    for (at, step) in job.steps.iter().enumerate() {
        match checks(workflow, job, step, environment, equivalents) {
            Some(Ok(())) => return after(job, at, step),
            Some(Err(why)) => refused = refused.or(Some(Proof::Unproven(step.pos, why))),
            None => {}
        }
        if is_deploying(step) || !(deploys(job) || is_harmless(step)) {
            let why = "this step may deploy, and no freeze check stands before it".to_owned();
            return refused.unwrap_or(Proof::Unproven(step.pos, why));
        }
    }
    refused.unwrap_or_else(|| Proof::Unproven(job.pos, "no step of the job checks the freeze".to_owned()))
}

/// Everything after the check must stop with it.
fn after(job: &Job, at: usize, check: &Step) -> Proof {
    let recognised = deploys(job);
    let rest = job.steps.iter().skip(at + 1).filter(|step| !recognised || is_deploying(step));
    for step in rest {
        if let Some(condition) = &step.condition
            && !needs_success(condition)
        {
            let why = "this step may run although the freeze check failed: its `if` uses a status function".to_owned();
            return Proof::Unproven(step.pos, why);
        }
    }
    Proof::Proven(check.pos)
}

/// Whether any step is recognised as a deploy; if none is, every step may be one.
fn deploys(job: &Job) -> bool {
    job.steps.iter().any(is_deploying)
}

/// Steps that are known to fetch and set up, and nothing else.
fn is_harmless(step: &Step) -> bool {
    step.run.is_none()
        && step.uses.as_ref().is_some_and(|uses| {
            let action = uses.as_str().split('@').next().unwrap_or_default();
            action == "actions/checkout" || action.starts_with("actions/setup-") || action == "actions/cache"
        })
}

/// Whether a step checks the freeze, and if so why its failure might not stop the job.
fn checks(workflow: &Workflow, job: &Job, step: &Step, environment: &EnvName, equivalents: &Equivalents) -> Option<Result<(), String>> {
    let script = step.run.as_ref()?.as_str().replace("\\\n", " ");
    let line = script.lines().map(str::trim).position(|line| mentions(line, equivalents))?;
    let no = |why: &str| Some(Err(why.to_owned()));
    if step.continue_on_error.as_ref().is_some_and(|text| !text.is_false()) {
        return no("the freeze check's failure is ignored: `continue-on-error`");
    }
    if step.background.as_ref().is_some_and(|text| !text.is_false()) {
        return no("the freeze check runs in the background");
    }
    if step.condition.as_ref().is_some_and(|condition| !always_holds(condition)) {
        return no("the freeze check has an `if` that may be false");
    }
    let shell = step.shell.as_ref().or(job.shell.as_ref()).or(workflow.shell.as_ref());
    if shell.is_some_and(|shell| !["bash", "sh"].contains(&shell.as_str())) {
        return no("the freeze check's shell may not stop at the first failure");
    }
    for (at, line_text) in script.lines().map(str::trim).enumerate() {
        if at == line {
            return if is_bare(line_text, job, environment, equivalents) {
                Some(Ok(()))
            } else {
                no("the freeze check's exit code may be lost in its line of the script")
            };
        }
        if !is_plain(line_text) {
            return no("a line before the freeze check may keep it from stopping the script");
        }
    }
    None
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect()
}

/// Whether a line speaks of a freeze check at all.
fn mentions(line: &str, equivalents: &Equivalents) -> bool {
    let words = words(line);
    let own = words.iter().any(|word| is_gatectl(word)) && words.windows(2).any(|pair| pair == ["freeze", "check"]);
    !line.starts_with('#') && (own || equivalents.iter().any(|command| !command.trim().is_empty() && line.contains(command.trim())))
}

fn is_gatectl(word: &str) -> bool {
    word.rsplit('/').next() == Some("gatectl")
}

/// Whether a line is the check of the environment and nothing else.
fn is_bare(line: &str, job: &Job, environment: &EnvName, equivalents: &Equivalents) -> bool {
    if !only_expressions(line) {
        return false;
    }
    // An expression is one word, whatever spaces it is written with.
    let line = line.replace("${{ ", "${{").replace(" }}", "}}");
    let words = words(&line);
    let own = words.split_first().is_some_and(|(first, rest)| is_gatectl(first) && checks_freeze(rest, job, environment));
    own || equivalents.iter().any(|command| {
        let command: Vec<&str> = command.split_whitespace().collect();
        !command.is_empty() && words.starts_with(&command)
    })
}

/// Whether the arguments of `gatectl` check the freeze of the environment; a flag that is not listed may do something else.
fn checks_freeze(arguments: &[&str], job: &Job, environment: &EnvName) -> bool {
    let mut verbs = Vec::new();
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        let (flag, joined) = word.split_once('=').map_or((*word, None), |(flag, value)| (flag, Some(value)));
        let mut value = || joined.or_else(|| rest.next().copied()).unwrap_or_default();
        match flag {
            "-q" | "--quiet" | "-v" | "--verbose" => {}
            "--environment" if names(value(), job, environment) => {}
            "-c" | "--config" if value().trim_start_matches("./") == "gate.toml" => {}
            "--format" | "--color" | "--timeout" | "--ref" | "-R" | "--repo" if !value().is_empty() => {}
            flag if flag.starts_with('-') => return false,
            verb => verbs.push(verb),
        }
    }
    verbs == ["freeze", "check"]
}

/// Whether an argument is the environment, or the very expression that the job's `environment` is.
fn names(argument: &str, job: &Job, environment: &EnvName) -> bool {
    let same_source =
        job.environment.name().is_some_and(|name| name.as_str().contains("${{") && name.as_str().replace(' ', "") == argument);
    same_source || EnvName::new(argument).is_ok_and(|name| name == *environment)
}

/// Whether the special characters of a line are those of `${{ }}` around plain property reads, which GitHub fills in beforehand.
fn only_expressions(line: &str) -> bool {
    let mut rest = line;
    let mut outside = String::new();
    while let Some((before, after)) = rest.split_once("${{") {
        let Some((inside, next)) = after.split_once("}}") else { return false };
        let trusted = ["inputs.environment", "github.event.inputs.environment", "github.sha"];
        if !trusted.contains(&inside.trim()) {
            return false;
        }
        outside.push_str(before);
        rest = next;
    }
    outside.push_str(rest);
    !outside.contains(['|', '&', ';', '`', '#', '(', ')', '{', '!'])
}

/// Whether a line before the check can neither end the script early nor let it go on after a failure.
fn is_plain(line: &str) -> bool {
    line.is_empty() || line.starts_with('#') || is_strictness(line)
}

/// `set -euo pipefail` and its parts.
fn is_strictness(line: &str) -> bool {
    let flag =
        |word: &str| word.strip_prefix('-').is_some_and(|letters| !letters.is_empty() && letters.chars().all(|c| "euxo".contains(c)));
    line.strip_prefix("set ").is_some_and(|flags| flags.split_whitespace().all(|word| flag(word) || word == "pipefail"))
}

/// Whether a step's condition surely holds while everything before it succeeded.
fn always_holds(condition: &Text) -> bool {
    evaluate(condition, Status::NEEDS_SUCCEEDED).is_some_and(|value| value.is_truthy())
}

/// Whether a step surely does not run once one before it failed.
fn needs_success(condition: &Text) -> bool {
    let failed = Status { success: expressions::Assumed::False, ..Status::UNKNOWN };
    let functions = Functions { status: Some(failed), hash_files: true };
    match expressions::condition(text_of(condition), &Nothing, &functions) {
        Ok(found) => match found.value {
            Resolved::Known(value) => !value.is_truthy(),
            Resolved::OneOf(values) => values.iter().all(|value| !value.is_truthy()),
            Resolved::Unknown(_) => false,
        },
        Err(_) => false,
    }
}

fn evaluate(condition: &Text, status: Status) -> Option<Value> {
    let functions = Functions { status: Some(status), hash_files: true };
    match expressions::condition(text_of(condition), &Nothing, &functions).ok()?.value {
        Resolved::Known(value) => Some(value),
        Resolved::OneOf(_) | Resolved::Unknown(_) => None,
    }
}

fn text_of(condition: &Text) -> &str {
    if condition.scalar.kind == Kind::Null { "" } else { condition.as_str() }
}

/// Of a step's contexts nothing is assumed.
struct Nothing;

impl Contexts for Nothing {
    fn context(&self, _: &str) -> Lookup {
        Lookup::Node(Node::Unknown("nothing is assumed of a step".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflows::read::read;

    fn proof(steps: &str) -> Proof {
        let steps: String = steps.lines().map(|line| format!("      {line}\n")).collect();
        let head = "on: push\njobs:\n  a:\n    runs-on: x\n    environment: ${{ inputs.environment }}\n    steps:\n";
        let workflow = read("x.yml", &format!("{head}{steps}")).unwrap();
        assert!(workflow.jobs[0].problems.is_empty(), "{:?}", workflow.jobs[0].problems);
        freeze_check_before_deploy(&workflow, &workflow.jobs[0], &production(), &["./freeze-guard --app x".to_owned()])
    }

    fn production() -> EnvName {
        EnvName::new("production").unwrap()
    }

    fn is_proven(steps: &str) -> bool {
        matches!(proof(steps), Proof::Proven(_))
    }

    const CHECK: &str = "- run: gatectl freeze check --environment production\n";
    const DEPLOY: &str = "- run: heroku container:release web\n";

    #[test]
    fn a_check_before_the_deploy_is_a_proof() {
        assert_eq!(proof(&format!("- uses: actions/checkout@v4\n{CHECK}{DEPLOY}")), Proof::Proven(Pos { line: 8, col: 9 }));
        for check in [
            "- run: |\n    set -euo pipefail\n    # is it frozen?\n    ./bin/gatectl -c gate.toml freeze check \\\n      --environment ${{ inputs.environment }}\n    echo open\n",
            "- {run: gatectl freeze check, shell: bash, if: success(), continue-on-error: false}\n",
            "- run: ./freeze-guard --app x --fast\n",
            "- run: gatectl freeze check --environment=PRODUCTION -q\n",
            "- {run: gatectl freeze check, if: always()}\n",
        ] {
            assert!(is_proven(&format!("{check}{DEPLOY}")), "{check}: {:?}", proof(&format!("{check}{DEPLOY}")));
            assert!(is_proven(&format!("{check}- run: make ship\n")), "{check}");
        }
    }

    #[test]
    fn a_check_that_may_be_skipped_or_ignored_is_none() {
        for check in [
            "- {run: gatectl freeze check, continue-on-error: true}\n",
            "- {run: gatectl freeze check, continue-on-error: '${{ inputs.x }}'}\n",
            "- {run: gatectl freeze check, if: inputs.check}\n",
            "- {run: gatectl freeze check, if: failure()}\n",
            "- {run: gatectl freeze check, background: true}\n",
            "- {run: gatectl freeze check, shell: 'bash {0}'}\n",
            "- run: gatectl freeze check || true\n",
            "- run: gatectl freeze check | tee log\n",
            "- run: gatectl freeze check &\n",
            "- run: '! gatectl freeze check'\n",
            "- run: if gatectl freeze check; then echo; fi\n",
            "- run: echo gatectl freeze check\n",
            "- run: gatectl freeze check ${{ github.event.inputs.x }}\n",
            "- run: |\n    set +e\n    gatectl freeze check\n",
            "- run: |\n    exit 0\n    gatectl freeze check\n",
            "- run: |\n    if false; then\n    gatectl freeze check\n    fi\n",
            "- run: '# gatectl freeze check'\n",
            "- run: gatectl freeze status\n",
            "- run: gatectl freeze check --help\n",
            "- run: gatectl --sandbox freeze check\n",
            "- run: gatectl freeze check --environment staging\n",
            "- run: gatectl freeze check --environment ${{ inputs.other }}\n",
            "- run: gatectl -c other.toml freeze check\n",
            "- run: |\n    set -n\n    gatectl freeze check\n",
            "- uses: actions/checkout@v4\n",
        ] {
            assert!(!is_proven(&format!("{check}{DEPLOY}")), "{check}");
        }
    }

    #[test]
    fn nothing_deploys_before_the_check_or_in_spite_of_it() {
        assert!(!is_proven(&format!("{DEPLOY}{CHECK}")));
        assert!(!is_proven(&format!("- run: make ship\n{CHECK}")));
        assert!(is_proven(&format!("- run: make build\n{CHECK}{DEPLOY}")));
        assert!(!is_proven(&format!("{CHECK}- {{run: heroku rollback, if: always()}}\n")));
        assert!(!is_proven(&format!("{CHECK}- {{run: heroku rollback, if: '!cancelled()'}}\n")));
        assert!(is_proven(&format!("{CHECK}- {{run: heroku rollback, if: inputs.back}}\n")));
        assert!(is_proven(&format!("{CHECK}- {{run: heroku rollback, if: success() && inputs.back}}\n")));
        assert!(is_proven(&format!("{CHECK}{DEPLOY}- {{run: notify, if: always()}}\n")));
        assert!(!is_proven(&format!("{CHECK}- {{run: notify, if: always()}}\n")));
    }

    #[test]
    fn defaults_choose_the_shell() {
        let text = format!("on: push\ndefaults: {{run: {{shell: 'bash {{0}}'}}}}\njobs:\n  a:\n    runs-on: x\n    steps:\n    {CHECK}");
        let workflow = read("x.yml", &text).unwrap();
        assert!(matches!(freeze_check_before_deploy(&workflow, &workflow.jobs[0], &production(), &[]), Proof::Unproven(..)));
    }
}
