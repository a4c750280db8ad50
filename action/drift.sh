#!/usr/bin/env bash
# Keeps one issue open for as long as the result is not clean: opens it, updates it, closes it.
# In: COMMAND, CONFIG, EXIT_CODE, BODY (a file), and GH_TOKEN of the job.
set -euo pipefail
# shellcheck source=action/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case "$GITHUB_EVENT_NAME" in
    # What a branch declares is not in force yet.
    pull_request* | workflow_run) fail "the drift issue is for schedules, pushes and dispatches, not for $GITHUB_EVENT_NAME" ;;
esac
[[ "$COMMAND" == plan || "$COMMAND" == verify ]] || fail "the input drift-issue works with the commands plan and verify only"

text="$(mktemp "$RUNNER_TEMP/gatectl-issue.XXXXXX")"
compose "$text" "By [this run]($(run_url)) of commit ${GITHUB_SHA:0:12}. It closes itself once the result is clean."

# Anyone can write the marker, so only what this token wrote counts.
# shellcheck disable=SC2016  # The dollars are GraphQL's.
numbers="$(gh api graphql --paginate \
    -f query='query($owner: String!, $name: String!, $endCursor: String) {
        repository(owner: $owner, name: $name) {
            issues(first: 100, after: $endCursor, states: OPEN) {
                pageInfo { hasNextPage endCursor }
                nodes { number viewerDidAuthor body }
            }
        }
    }' \
    -f owner="${GITHUB_REPOSITORY%%/*}" -f name="${GITHUB_REPOSITORY#*/}" \
    --jq ".data.repository.issues.nodes[] | select(.viewerDidAuthor and (.body | startswith(\"$(marker "$COMMAND" "$CONFIG")\"))) | .number")" \
    || fail "the issues could not be read: does the job have the permission issues: write?"
number="${numbers%%$'\n'*}"

write() {
    gh api --silent "$@" -F body=@"$text" || fail "the issue could not be written: does the job have the permission issues: write?"
}

issues="repos/$GITHUB_REPOSITORY/issues"
if [[ "$EXIT_CODE" == 0 ]]; then
    [[ -z "$number" ]] || write --method PATCH "$issues/$number" -f state=closed -f state_reason=completed
elif [[ -n "$number" ]]; then
    write --method PATCH "$issues/$number"
else
    write --method POST "$issues" -f title="Deploy gates are not as $CONFIG declares"
fi
