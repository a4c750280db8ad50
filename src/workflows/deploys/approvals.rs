//! Whether a text approves deployments: the API, GraphQL and gatectl itself.

use super::requests::sends;
use super::shell::{self, program};

/// What a script that approves does, as messages say it.
pub(super) const WHAT: &str = "it answers pending deployments";

/// Calls that answer deployments, without `_` and `-`: of octokit, and of GraphQL.
const CALLS: &[&str] = &["reviewpendingdeployments", "reviewcustomgatesforrun", "approvedeployments"];

/// Endpoints that answer deployments if something is sent to them.
const ENDPOINTS: &[&str] = &["pending_deployments", "deployment_protection_rule"];

/// Whether a script answers pending deployments or a custom rule: it names the endpoint and sends an answer.
pub(super) fn approves(script: &str) -> bool {
    let text = script.to_lowercase();
    let bare = text.replace(['_', '-'], "");
    let commands = shell::commands(script);
    if CALLS.iter().any(|name| bare.contains(name)) || commands.iter().any(|words| is_gatectl(words)) {
        return true;
    }
    is_endpoint(&text) && commands.iter().any(|words| !is_elsewhere(words) && sends(words).unwrap_or_else(|| names_post(words)))
}

/// Whether the inputs of an action that sends a request make it answer pending deployments: `url: …`, `method: POST`.
pub(super) fn requests_an_approval<'t>(inputs: impl Iterator<Item = &'t String> + Clone) -> bool {
    inputs.clone().any(|text| is_endpoint(&text.to_lowercase())) && inputs.into_iter().any(|text| text.eq_ignore_ascii_case("post"))
}

fn is_endpoint(text: &str) -> bool {
    ENDPOINTS.iter().any(|name| text.contains(name))
}

/// `github.request('POST …')`, `requests.post(…)`: a word of another language that sends.
fn names_post(words: &[String]) -> bool {
    words.iter().any(|word| word.to_lowercase().split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == "post"))
}

/// Whether a command goes to another server than GitHub's: by an address that it spells out, and none of its words may be another one.
fn is_elsewhere(words: &[String]) -> bool {
    let may_be_it = |word: &String| word.starts_with('$') || is_endpoint(&word.to_lowercase());
    let host = |word: &String| Some(word.strip_prefix("https://")?.split('/').next().unwrap_or_default().to_lowercase());
    let others = |host: String| !host.is_empty() && !host.contains('$') && !host.contains("github");
    !words.iter().any(may_be_it) && words.iter().filter_map(host).any(others)
}

/// `gatectl approve 123`.
fn is_gatectl(words: &[String]) -> bool {
    let mut rest = words.iter().skip_while(|word| program(word) != "gatectl").skip(1);
    rest.any(|word| word == "approve")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_request_goes_and_which_program_it_is_decide() {
        for (script, approves_it) in [
            ("P=pending_deployments\ncurl -X POST https://api.github.com/repos/o/r/actions/runs/1/$P", true),
            ("P=pending_deployments\ncurl -X POST https://$HOST/repos/o/r/actions/runs/1/$P", true),
            ("echo pending_deployments\ncurl -X POST https://hooks.example.com/x", false),
            ("gatectl approve 1", true),
            ("npm run approve", false),
        ] {
            assert_eq!(approves(script), approves_it, "{script}");
        }
    }
}
