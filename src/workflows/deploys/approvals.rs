//! Whether a text approves deployments: the API, GraphQL and gatectl itself.

use super::commands::program;
use super::shell;

/// Calls that answer deployments, without `_` and `-`: of octokit, and of GraphQL.
const CALLS: &[&str] = &["reviewpendingdeployments", "reviewcustomgatesforrun", "approvedeployments"];

/// Endpoints that answer deployments if something is sent to them.
const ENDPOINTS: &[&str] = &["pending_deployments", "deployment_protection_rule"];

/// Flags that send something.
const SENDS: &[&str] = &["-f", "-F", "--field", "--raw-field", "--input", "--data", "-d", "--json", "--form", "--post-data", "--body-data"];

/// Whether a script answers pending deployments or a custom rule: it names the endpoint and sends an answer.
pub(super) fn approves(script: &str) -> bool {
    let text = script.to_lowercase();
    let bare = text.replace(['_', '-'], "");
    if CALLS.iter().any(|name| bare.contains(name)) || shell::commands(script).iter().any(|words| is_gatectl(words)) {
        return true;
    }
    // `-X POST`, `-XPOST`, `github.request('POST …')`, `requests.post(…)`, `-Method Post`.
    let is_post = |word: &str| word == "post" || word == "xpost";
    let posts = text.split(|c: char| !c.is_alphanumeric() && c != '_').any(is_post);
    let is_flag =
        |word: &str| SENDS.iter().any(|flag| word.strip_prefix(flag).is_some_and(|rest| flag.len() == 2 || !rest.starts_with('-')));
    ENDPOINTS.iter().any(|name| text.contains(name)) && (posts || script.split_whitespace().any(is_flag))
}

/// `gatectl approve 123`.
fn is_gatectl(words: &[String]) -> bool {
    let mut rest = words.iter().skip_while(|word| program(word) != "gatectl").skip(1);
    rest.any(|word| word == "approve")
}
