# What the scripts of the action share. Sourced, never run.
# shellcheck shell=bash

# One line of a workflow command; what it says cannot start another one.
say() {
    local kind="$1" text="$2"
    text="${text//'%'/%25}"
    text="${text//$'\r'/%0D}"
    text="${text//$'\n'/%0A}"
    printf '::%s title=gatectl::%s\n' "$kind" "$text"
}

fail() {
    say error "$1"
    exit 1
}

# Whether the run is about code from outside the repository. A fork that is gone has no name.
from_fork() {
    case "$GITHUB_EVENT_NAME" in
        pull_request* | workflow_run) [[ "${HEAD_REPOSITORY:-}" != "$GITHUB_REPOSITORY" ]] ;;
        # The event does not say whose code the job checked out.
        issue_comment) return 0 ;;
        *) return 1 ;;
    esac
}

# The hidden first line that gatectl itself writes for a command and a gate file.
marker() {
    local name="$1" id="$2" plain="" i char code
    local LC_ALL=C.UTF-8
    for ((i = 0; i < ${#id}; i++)); do
        char="${id:i:1}"
        case "$char" in
            [abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-]) plain+="$char" ;;
            *)
                printf -v code '%x' "'$char"
                plain+="%$code"
                ;;
        esac
    done
    printf '<!-- gatectl:%s %s -->' "$name" "$plain"
}

run_url() {
    printf '%s/%s/actions/runs/%s' "$GITHUB_SERVER_URL" "$GITHUB_REPOSITORY" "$GITHUB_RUN_ID"
}

# What a comment or an issue may hold, less the room for a footer.
readonly BODY_LIMIT=65000

# Writes the text to post, from what gatectl left behind: the whole, the top of what is too long, or that there is nothing.
# Beginning with the marker is what lets the next run find it.
compose() {
    local to="$1" footer="$2" first
    first="$(marker "$COMMAND" "$CONFIG")"
    if [[ -z "${BODY:-}" || ! -s "${BODY:-}" ]]; then
        printf '%s\n\n### %s did not finish (exit code %s): what is live is unknown.\n\nNext: read the log of [the run](%s).\n' \
            "$first" "$COMMAND" "${EXIT_CODE:-none}" "$(run_url)" >"$to"
    elif (($(wc -c <"$BODY") <= BODY_LIMIT)); then
        cat "$BODY" >"$to"
    else
        # The marker, the headline and the next step; each is followed by an empty line.
        head -n 5 "$BODY" >"$to"
        printf '\n> [!WARNING]\n> **This is not all:** it does not fit here. The whole is in the summary of [the run](%s).\n' "$(run_url)" >>"$to"
    fi
    [[ "$(head -n 1 "$to")" == "$first" ]] || fail "the result does not begin with its marker: is this gatectl as new as the action?"
    printf '\n<sub>%s</sub>\n' "$footer" >>"$to"
}
