# Merges the plans of all shards of a fleet into one summary, as Markdown.
#
#   jq --slurp --raw-output --from-file fleet-summary.jq plan-*.json
#
# With --arg merge 1 the merged plan comes out as JSON instead.

def total(path): map(path // 0) | add // 0;

def merged($plans):
  {
    format_version: ($plans[0].format_version // "1.1"),
    config: ($plans[0].config // "gate.toml"),
    changes: ($plans | map(.changes) | add // [] | sort_by(.address)),
    manual: ($plans | map(.manual) | add // []),
    invalid: ($plans | map(.invalid) | add // []),
    notes: ($plans | map(.notes) | add // []),
    unknown: ($plans | map(.unknown) | add // [] | sort_by(.address)),
    repositories: ($plans | map(.repositories) | add // [] | sort_by(.name)),
    summary: ($plans | map(.summary | to_entries) | add // [] | group_by(.key) | map({key: .[0].key, value: (map(.value) | add)}) | from_entries),
    requests: {
      sent: ($plans | total(.requests.sent)),
      not_modified: ($plans | total(.requests.not_modified)),
      limit: ($plans | map(.requests.limit) | max),
      remaining: ($plans | map(.requests.remaining | values) | min)
    }
  };

# Text from outside must not become markup.
def plain: gsub("(?<c>[\\\\`*_<>\\[\\]|&@#])"; "\\\(.c)") | gsub("[\r\n]+"; " ");

def short($most): if length > $most then .[:$most] + ["- … and \(length - $most) more"] else . end;

def with_result($plan; $result): $plan.repositories | map(select(.result == $result));

def counted($plan; $result; $word): "\(with_result($plan; $result) | length) \($word)";

def markdown($plan; $errors):
  [
    "### Fleet: \($plan.repositories | length) repositories, \([
      counted($plan; "in-sync"; "in sync"), counted($plan; "changes"; "changed"), counted($plan; "invalid"; "invalid"),
      counted($plan; "unknown"; "unknown"), counted($plan; "excepted"; "excepted"), counted($plan; "archived"; "archived")
    ] | join(", "))",
    "",
    "\($plan.requests.sent) requests, of which \($plan.requests.not_modified) cost no rate limit.",
    (if ($errors | length) > 0 then "", "#### Shards that failed: \($errors | length)", ($errors[] | "- \(.message | plain)") else empty end),
    (if ($plan.changes | length) > 0 then
      "", "#### Changes",
      ($plan.changes | group_by([.action, .weakens, .fields]) | sort_by(-length) | map(
        "- \(length) × \(.[0].action)\(if .[0].weakens then ", **weakens**" else "" end): \(.[:5] | map(.address | sub("^github/"; "") | plain) | join(", "))\(if length > 5 then ", …" else "" end)"
      ) | short(50) | .[])
    else empty end),
    (if ($plan.manual | length) > 0 then "", "#### To do by hand", ($plan.manual | map("- \(.address | plain): \(.message | plain)") | short(50) | .[]) else empty end),
    (if ($plan.invalid | length) > 0 then "", "#### Invalid", ($plan.invalid | map("- \(.addresses[0] | plain): \(.reason | plain)") | short(50) | .[]) else empty end),
    (if ($plan.unknown | length) > 0 then "", "#### Unknown", ($plan.unknown | map("- \(.address | plain): \(.reason | plain)") | short(50) | .[]) else empty end),
    (with_result($plan; "excepted") | if length > 0 then "", "#### Excepted", (map("- \(.name | plain): \(.reason // "" | plain)") | .[]) else empty end)
  ] | join("\n");

(map(select(has("error") | not))) as $plans
| (map(select(has("error")) | .error)) as $errors
| merged($plans) as $plan
| if ($ARGS.named.merge // "") != "" then $plan + {errors: $errors} else markdown($plan; $errors) end
