#!/usr/bin/env bash
# Posts the result on the pull request, in one comment that later runs update.
# In: COMMAND, CONFIG, EXIT_CODE, BODY (a file), PULL_REQUEST, HEAD_SHA, HEAD_REPOSITORY, and GH_TOKEN of the job.
set -euo pipefail
# shellcheck source=action/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [[ ! "$PULL_REQUEST" =~ ^[0-9]+$ ]]; then
    say notice "no comment: this run is not for a pull request"
    exit 0
elif from_fork; then
    say notice "no comment: a run for a fork may not write; the result is in the log and in the summary"
    exit 0
fi

text="$(mktemp "$RUNNER_TEMP/gatectl-comment.XXXXXX")"
compose "$text" "For commit ${HEAD_SHA:0:12}, by [this run]($(run_url))."

# Anyone can write the marker, so only what this token wrote counts.
# shellcheck disable=SC2016  # The dollars are GraphQL's.
ids="$(gh api graphql --paginate \
    -f query='query($owner: String!, $name: String!, $number: Int!, $endCursor: String) {
        repository(owner: $owner, name: $name) { pullRequest(number: $number) {
            comments(first: 100, after: $endCursor) {
                pageInfo { hasNextPage endCursor }
                nodes { id viewerDidAuthor body }
            }
        } }
    }' \
    -f owner="${GITHUB_REPOSITORY%%/*}" -f name="${GITHUB_REPOSITORY#*/}" -F number="$PULL_REQUEST" \
    --jq ".data.repository.pullRequest.comments.nodes[] | select(.viewerDidAuthor and (.body | startswith(\"$(marker "$COMMAND" "$CONFIG")\"))) | .id")" \
    || fail "the comments could not be read: does the job have the permission pull-requests: write?"
id="${ids%%$'\n'*}"

if [[ -n "$id" ]]; then
    # shellcheck disable=SC2016
    gh api graphql --silent \
        -f query='mutation($id: ID!, $body: String!) { updateIssueComment(input: { id: $id, body: $body }) { clientMutationId } }' \
        -f id="$id" -F body=@"$text"
else
    gh api --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments" -F body=@"$text"
fi || fail "the comment could not be written: does the job have the permission pull-requests: write?"
