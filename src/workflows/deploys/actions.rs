//! Actions whose purpose is known: those that deploy, those that log in, those that approve, and those that cannot deploy.
//!
//! Owns the tables, one line each. An unlisted action may do anything with the secrets it gets.

use super::evidence::Platform::{self, Heroku, Other, Pages};
use super::evidence::Provider::{self, Aws, Azure, CratesIo, GoogleCloud, JFrog, Npm, NuGet, Octopus, PyPi, RubyGems, Tailscale, Vault};

/// Actions that deploy, and the inputs that name the target.
pub(super) const DEPLOY: &[(&str, Platform, &[&str])] = &[
    ("akhileshns/heroku-deploy", Heroku, &["heroku_app_name"]),
    ("heroku/", Heroku, &["heroku_app_name", "app"]),
    ("gonuit/heroku-docker-deploy", Heroku, &["heroku_app_name"]),
    ("matt-ball/action-heroku-promote", Heroku, &["heroku_app_name"]),
    ("justingutierrez/heroku-deploy", Heroku, &["app-name"]),
    ("actions/deploy-pages", Pages, &[]),
    ("peaceiris/actions-gh-pages", Pages, &[]),
    ("jamesives/github-pages-deploy-action", Pages, &[]),
    ("aws-actions/amazon-ecs-deploy-task-definition", Other, &[]),
    ("aws-actions/aws-cloudformation-github-deploy", Other, &[]),
    ("aws-actions/aws-lambda-deploy", Other, &[]),
    ("aws-actions/aws-codebuild-run-build", Other, &[]),
    ("einaregilsson/beanstalk-deploy", Other, &[]),
    ("jakejarvis/s3-sync-action", Other, &[]),
    ("appleboy/lambda-action", Other, &[]),
    ("google-github-actions/deploy-cloudrun", Other, &[]),
    ("google-github-actions/deploy-cloud-functions", Other, &[]),
    ("google-github-actions/deploy-appengine", Other, &[]),
    ("google-github-actions/create-cloud-deploy-release", Other, &[]),
    ("google-github-actions/upload-cloud-storage", Other, &[]),
    ("firebaseextended/action-hosting-deploy", Other, &[]),
    ("w9jds/firebase-action", Other, &[]),
    ("azure/webapps-deploy", Other, &[]),
    ("azure/functions-action", Other, &[]),
    ("azure/k8s-deploy", Other, &[]),
    ("azure/container-apps-deploy-action", Other, &[]),
    ("azure/static-web-apps-deploy", Other, &[]),
    ("azure/arm-deploy", Other, &[]),
    ("azure/bicep-deploy", Other, &[]),
    ("amondnet/vercel-action", Other, &[]),
    ("nwtgck/actions-netlify", Other, &[]),
    ("netlify/actions", Other, &[]),
    ("cloudflare/wrangler-action", Other, &[]),
    ("cloudflare/pages-action", Other, &[]),
    ("digitalocean/app_action", Other, &[]),
    ("superfly/fly-pr-review-apps", Other, &[]),
    ("railwayapp/", Other, &[]),
    ("johnbeynon/render-deploy-action", Other, &[]),
    ("appleboy/ssh-action", Other, &[]),
    ("appleboy/scp-action", Other, &[]),
    ("easingthemes/ssh-deploy", Other, &[]),
    ("burnett01/rsync-deployments", Other, &[]),
    ("garygrossgarten/github-action-ssh", Other, &[]),
    ("samkirkland/ftp-deploy-action", Other, &[]),
    ("deployphp/action", Other, &[]),
    ("dflook/terraform-apply", Other, &[]),
    ("dflook/tofu-apply", Other, &[]),
    ("hashicorp/tfc-workflows-github/actions/apply-run", Other, &[]),
    ("pulumi/actions", Other, &[]),
    ("deliverybot/helm", Other, &[]),
    ("octopusdeploy/create-release-action", Other, &[]),
    ("octopusdeploy/deploy-release-action", Other, &[]),
    ("pypa/gh-action-pypi-publish", Other, &[]),
    ("js-devtools/npm-publish", Other, &[]),
    ("rubygems/release-gem", Other, &[]),
    ("katyo/publish-crates", Other, &[]),
    ("r0adkll/upload-google-play", Other, &[]),
    ("apple-actions/upload-testflight-build", Other, &[]),
    ("wzieba/firebase-distribution-github-action", Other, &[]),
];

/// An action that exchanges the run's OIDC token for credentials.
pub(super) struct Login {
    pub(super) action: &'static str,
    pub(super) provider: Provider,
    /// When it does so; otherwise it uses stored secrets.
    pub(super) asks: Asks,
    /// The inputs that name the identity.
    pub(super) names: &'static [&'static str],
}

/// When an action asks for the run's OIDC token.
pub(super) enum Asks {
    /// If one of these inputs is given.
    If(&'static [&'static str]),
    /// Unless one of these is.
    Unless(&'static [&'static str]),
}

const fn login(action: &'static str, provider: Provider, asks: Asks, names: &'static [&'static str]) -> Login {
    Login { action, provider, asks, names }
}

/// Actions that log in, one line each.
pub(super) const LOGIN: &[Login] = &[
    login("aws-actions/configure-aws-credentials", Aws, Asks::If(&["role-to-assume"]), &["role-to-assume"]),
    login(
        "google-github-actions/auth",
        GoogleCloud,
        Asks::If(&["workload_identity_provider"]),
        &["workload_identity_provider", "service_account"],
    ),
    login("azure/login", Azure, Asks::If(&["client-id"]), &["client-id", "tenant-id", "subscription-id"]),
    login("hashicorp/vault-action", Vault, Asks::If(&["role", "jwtGithubAudience"]), &["role", "url"]),
    login("pypa/gh-action-pypi-publish", PyPi, Asks::Unless(&["password"]), &["repository-url"]),
    login("rust-lang/crates-io-auth-action", CratesIo, Asks::Unless(&[]), &["url"]),
    login("rubygems/release-gem", RubyGems, Asks::Unless(&[]), &[]),
    login("rubygems/configure-rubygems-credentials", RubyGems, Asks::Unless(&["api-token"]), &["role-to-assume", "gem-server"]),
    login("nuget/login", NuGet, Asks::If(&["user"]), &["user"]),
    login("jfrog/setup-jfrog-cli", JFrog, Asks::If(&["oidc-provider-name"]), &["oidc-provider-name"]),
    login("octopusdeploy/login", Octopus, Asks::If(&["service_account_id"]), &["service_account_id"]),
    login("tailscale/github-action", Tailscale, Asks::If(&["oauth-client-id"]), &["oauth-client-id"]),
    login("js-devtools/npm-publish", Npm, Asks::Unless(&["token"]), &["registry"]),
];

/// Inputs of any action, its own or an unknown one's, that name a cloud identity.
pub(super) const IDENTITY_INPUTS: &[(&str, Provider)] = &[
    ("role-to-assume", Aws),
    ("aws-role-to-assume", Aws),
    ("aws-role-arn", Aws),
    ("role-arn", Aws),
    ("workload_identity_provider", GoogleCloud),
];

/// Actions that cannot deploy with their inputs, unless one is a command ([`is_command`]). Each with the page that says what it does with it, and whether the
/// `id-token` permission is what it needs for that.
pub(super) const HARMLESS: &[(&str, bool, &str)] = &[
    ("actions/attest", true, "https://github.com/actions/attest: signs an attestation"),
    ("actions/attest-build-provenance", true, "https://github.com/actions/attest-build-provenance: signs an attestation"),
    ("actions/attest-sbom", true, "https://github.com/actions/attest-sbom: signs an attestation"),
    ("sigstore/cosign-installer", true, "https://github.com/sigstore/cosign-installer: keyless signing"),
    ("sigstore/gh-action-sigstore-python", true, "https://github.com/sigstore/gh-action-sigstore-python: keyless signing"),
    ("ossf/scorecard-action", true, "https://github.com/ossf/scorecard-action: publishes its score"),
    ("codecov/codecov-action", true, "https://github.com/codecov/codecov-action: uploads coverage"),
    ("codecov/test-results-action", true, "https://github.com/codecov/test-results-action: uploads test results"),
    ("coverallsapp/github-action", false, "https://github.com/coverallsapp/github-action: uploads coverage"),
    ("codacy/codacy-coverage-reporter-action", false, "https://github.com/codacy/codacy-coverage-reporter-action: uploads coverage"),
    ("qltysh/qlty-action", true, "https://github.com/qltysh/qlty-action: uploads coverage"),
    ("paambaati/codeclimate-action", false, "https://github.com/paambaati/codeclimate-action: uploads coverage"),
    ("codspeedhq/action", true, "https://github.com/CodSpeedHQ/action: uploads benchmarks"),
    ("sonarsource/sonarqube-scan-action", false, "https://github.com/SonarSource/sonarqube-scan-action: scans code"),
    ("sonarsource/sonarqube-quality-gate-action", false, "https://github.com/SonarSource/sonarqube-quality-gate-action: reads a result"),
    ("sonarsource/sonarcloud-github-action", false, "https://github.com/SonarSource/sonarcloud-github-action: scans code"),
    ("sonarsource/sonarcloud-github-c-cpp", false, "https://github.com/SonarSource/sonarcloud-github-c-cpp: installs a scanner"),
    ("snyk/actions", false, "https://github.com/snyk/actions: scans dependencies"),
    ("github/codeql-action/init", false, "https://github.com/github/codeql-action: prepares a scan"),
    ("github/codeql-action/upload-sarif", false, "https://github.com/github/codeql-action: uploads results"),
    ("gitleaks/gitleaks-action", false, "https://github.com/gitleaks/gitleaks-action: scans for secrets"),
    ("trufflesecurity/trufflehog", false, "https://github.com/trufflesecurity/trufflehog: scans for secrets"),
    ("aquasecurity/trivy-action", false, "https://github.com/aquasecurity/trivy-action: scans images"),
    ("anchore/scan-action", false, "https://github.com/anchore/scan-action: scans images"),
    ("fossas/fossa-action", false, "https://github.com/fossas/fossa-action: scans licenses"),
    ("returntocorp/semgrep-action", false, "https://github.com/semgrep/semgrep-action: scans code"),
    ("getsentry/action-release", false, "https://github.com/getsentry/action-release: records a release in Sentry"),
    ("slackapi/slack-github-action", false, "https://github.com/slackapi/slack-github-action: sends a message"),
    ("8398a7/action-slack", false, "https://github.com/8398a7/action-slack: sends a message"),
    ("rtcamp/action-slack-notify", false, "https://github.com/rtCamp/action-slack-notify: sends a message"),
    ("ravsamhq/notify-slack-action", false, "https://github.com/ravsamhq/notify-slack-action: sends a message"),
    ("sarisia/actions-status-discord", false, "https://github.com/sarisia/actions-status-discord: sends a message"),
    ("appleboy/telegram-action", false, "https://github.com/appleboy/telegram-action: sends a message"),
    ("dawidd6/action-send-mail", false, "https://github.com/dawidd6/action-send-mail: sends a message"),
];

/// Actions that only fetch, set up, log in with stored credentials, or keep files: none of them asks for the OIDC token, deploys,
/// or runs what the repository holds.
const SETUP: &[&str] = &[
    "1password/load-secrets-action",
    "actions-rust-lang/setup-rust-toolchain",
    "actions/cache",
    "actions/checkout",
    "actions/configure-pages",
    "actions/create-github-app-token",
    "actions/dependency-review-action",
    "actions/download-artifact",
    "actions/jekyll-build-pages",
    "actions/labeler",
    "actions/setup-",
    "actions/stale",
    "actions/upload-artifact",
    "actions/upload-pages-artifact",
    "anchore/sbom-action",
    "android-actions/setup-android",
    "astral-sh/setup-uv",
    "aws-actions/amazon-ecr-login",
    "azure/aks-set-context",
    "azure/docker-login",
    "azure/setup-helm",
    "azure/setup-kubectl",
    "denoland/setup-deno",
    "docker/login-action",
    "docker/metadata-action",
    "docker/setup-",
    "dorny/paths-filter",
    "dtolnay/rust-toolchain",
    "erlef/setup-beam",
    "google-github-actions/get-gke-credentials",
    "google-github-actions/setup-gcloud",
    "gradle/actions/setup-gradle",
    "gradle/actions/wrapper-validation",
    "hashicorp/setup-terraform",
    "oven-sh/setup-bun",
    "pnpm/action-setup",
    "ruby/setup-ruby",
    "shivammathur/setup-php",
    "step-security/harden-runner",
    "superfly/flyctl-actions/setup-flyctl",
    "swatinem/rust-cache",
    "webfactory/ssh-agent",
];

/// Actions that run what the repository holds, or publish with `GITHUB_TOKEN`, and that do not ask for the OIDC token themselves.
const BUILD: &[&str] = &[
    "actions/github-script",
    "cypress-io/github-action",
    "docker/bake-action",
    "docker/build-push-action",
    "github/codeql-action",
    "googleapis/release-please-action",
    "goreleaser/goreleaser-action",
    "gradle/gradle-build-action",
    "ncipollo/release-action",
    "peter-evans/create-pull-request",
    "pypa/cibuildwheel",
    "softprops/action-gh-release",
];

/// Whether an input of an action, by its name, is a command or a script for a shell.
pub(super) fn is_command(input: &str) -> bool {
    ["run", "command", "commands", "cmd", "args", "script"].contains(&input.to_lowercase().as_str())
}

/// Whether an action is one that only prepares a job. With `arguments`, `setup-gradle` may run a build (fact W1.9).
pub(super) fn is_setup(action: &str, has_input: impl Fn(&str) -> bool) -> bool {
    SETUP.iter().any(|line| is(action, line)) && !(action.starts_with("gradle/") && has_input("arguments"))
}

/// Whether an action is one that runs what the repository holds, and asks for no OIDC token itself.
pub(super) fn builds(action: &str) -> bool {
    BUILD.iter().chain(SETUP).any(|line| is(action, line))
}

/// Whether an action is the one that a line of a table names: itself, a part of its repository, or of a whole owner (`heroku/`).
pub(super) fn is(action: &str, line: &str) -> bool {
    match action.strip_prefix(line) {
        Some(rest) => rest.is_empty() || rest.starts_with('/') || line.ends_with(['/', '-']),
        None => false,
    }
}

/// Whether an action's own name says that it approves deployments.
pub(super) fn approves(action: &str) -> bool {
    let asks = ["await", "wait", "manual", "request", "require"].iter().any(|word| action.contains(word));
    action.contains("approv") && (action.contains("deploy") || action.contains("environment")) && !asks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_tables_name_what_they_mean() {
        assert!(is("heroku/build", "heroku/") && is("snyk/actions/node", "snyk/actions") && is("actions/setup-node", "actions/setup-"));
        assert!(!is("actions/attestation-x", "actions/attest") && !is("evil/heroku", "heroku/"));
        for line in DEPLOY.iter().map(|line| line.0).chain(LOGIN.iter().map(|login| login.action)).chain(HARMLESS.iter().map(|line| line.0))
        {
            assert_eq!(line, line.to_lowercase(), "names compare in lower case");
        }
        assert!(HARMLESS.iter().all(|(_, _, source)| source.starts_with("https://")), "each line has its source");
    }

    #[test]
    fn approving_is_told_from_waiting_for_an_approval() {
        assert!(approves("activescott/automate-environment-deployment-approval") && approves("x/auto-approve-deployments"));
        assert!(
            !approves("trstringer/manual-approval") && !approves("hmarr/auto-approve-action") && !approves("x/await-deployment-approval")
        );
    }
}
