#!/usr/bin/env bash
# Runs gatectl once. Never fails because of gatectl's result: its exit code and its Markdown are outputs for the steps that follow.
# In: COMMAND, CONFIG, ENVIRONMENT, PLAN_FILE, MORE_ARGS, HEAD_REPOSITORY, and the tokens.
set -euo pipefail
# shellcheck source=action/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case "$COMMAND" in
    validate | plan | verify | apply | check) ;;
    *) fail "the input command is one of validate, plan, verify, apply, check, install" ;;
esac

# An empty variable is not a credential.
[[ -n "${HEROKU_API_KEY:-}" ]] || unset HEROKU_API_KEY
[[ -n "${GH_TOKEN:-}" ]] || unset GH_TOKEN

command="$COMMAND"
if [[ "$COMMAND" == apply && "$GITHUB_EVENT_NAME" == pull_request* ]]; then
    fail "apply does not run on a pull request: run it on the branch that it is merged into"
elif from_fork; then
    # The author of this code must neither read the live state nor get a token.
    unset GH_TOKEN GITHUB_TOKEN HEROKU_API_KEY
    [[ "$COMMAND" == check ]] || command=validate
    if [[ "$command" != "$COMMAND" ]]; then
        say notice "this may be code from a fork, so it gets no token: only the file was validated, $COMMAND did not run"
    fi
fi

args=("$command" --format github "--config=$CONFIG")
while IFS= read -r name; do
    name="${name%$'\r'}"
    [[ -z "$name" ]] || args+=("--environment=$name")
done <<<"$ENVIRONMENT"
case "$command" in
    plan) args+=(--detailed-exitcode ${PLAN_FILE:+"--out=$PLAN_FILE"}) ;;
    apply) args+=(--auto-approve) ;;
esac
if [[ "$command" == "$COMMAND" ]]; then
    read -r -d '' -a words <<<"$MORE_ARGS" || true
    args+=(${words[@]+"${words[@]}"})
fi
if [[ "$command" == apply && -n "$PLAN_FILE" ]]; then
    args+=(-- "$PLAN_FILE")
fi

# What goes to the summary is also what a comment or an issue shows: one run, one result.
body="$(mktemp "$RUNNER_TEMP/gatectl-result.XXXXXX")"
code=0
GITHUB_STEP_SUMMARY="$body" gatectl "${args[@]}" || code=$?
{
    cat "$body"
    [[ "$command" == "$COMMAND" ]] || printf '\nThis may be code from a fork, so it gets no token: %s did not run.\n' "$COMMAND"
} >>"$GITHUB_STEP_SUMMARY"
{
    printf 'exit-code=%s\n' "$code"
    printf 'body=%s\n' "$body"
} >>"$GITHUB_OUTPUT"
