//! The tables of programs: which of their verbs deploy, which run what the repository holds, and which only print.
//!
//! One line each. Owns no reading of scripts: that is for `commands`. Tested in `tests/`.

use super::evidence::Platform::{self, Heroku, Other, Pages};

/// Programs and the words after them that make them a deploy; an empty list means any.
pub(super) struct Row(pub(super) &'static [&'static str], pub(super) &'static [&'static str], pub(super) Platform);

/// The Heroku command that deploys what one stage of a pipeline runs to the next.
pub(super) const PROMOTE: &str = "pipelines:promote";

/// `kubectl apply`, not `kubectl get`: verbs that change what runs or what is published.
pub(super) const TABLE: &[Row] = &[
    Row(
        &["heroku"],
        &[
            "container:release",
            "container:push",
            PROMOTE,
            "builds:create",
            "deploy:jar",
            "deploy:war",
            "war:deploy",
            "releases:rollback",
            "rollback",
        ],
        Heroku,
    ),
    // The call of an API, by its method.
    Row(&["heroku"], &["api post", "api patch", "api put"], Heroku),
    Row(&["dpl", "surge", "ansible-playbook", "ssh", "scp", "sftp", "lftp", "rsync", "semantic-release"], &[], Other),
    Row(
        &["kubectl"],
        &[
            "apply",
            "create",
            "replace",
            "patch",
            "delete",
            "scale",
            "edit",
            "rollout restart",
            "rollout undo",
            "set image",
            "set env",
            "run",
        ],
        Other,
    ),
    Row(&["oc"], &["apply", "create", "replace", "patch", "delete", "scale", "rollout", "start-build", "set image"], Other),
    Row(&["helm"], &["upgrade", "install", "rollback", "uninstall"], Other),
    Row(&["helmfile"], &["apply", "sync", "destroy"], Other),
    Row(&["skaffold"], &["run", "deploy", "apply"], Other),
    Row(&["argocd"], &["app sync", "app set", "app rollback"], Other),
    Row(&["kustomize", "sst", "eb", "swa", "netlify", "scalingo", "clever", "cap", "mina", "dep", "mvn", "mvnw"], &["deploy"], Other),
    Row(&["nomad"], &["job run", "run", "job revert"], Other),
    Row(&["terraform", "tofu"], &["apply", "destroy"], Other),
    Row(&["terragrunt"], &["apply", "destroy", "run-all apply", "apply-all"], Other),
    Row(&["pulumi"], &["up", "update", "destroy"], Other),
    Row(&["cdk", "cdktf"], &["deploy", "destroy"], Other),
    Row(&["serverless", "sls"], &["deploy", "rollback", "remove"], Other),
    Row(&["sam"], &["deploy", "sync"], Other),
    Row(&["copilot"], &["deploy", "svc deploy", "job deploy", "env deploy"], Other),
    Row(
        &["aws"],
        &[
            "s3 sync",
            "s3 cp",
            "s3 mv",
            "s3 rm",
            "s3api put-object",
            "lambda update-function-code",
            "lambda publish-version",
            "lambda update-alias",
            "ecs update-service",
            "ecs run-task",
            "cloudformation deploy",
            "cloudformation create-stack",
            "cloudformation update-stack",
            "cloudformation execute-change-set",
            "deploy create-deployment",
            "elasticbeanstalk update-environment",
            "amplify start-job",
            "amplify start-deployment",
            "apprunner start-deployment",
            "cloudfront create-invalidation",
            "ssm send-command",
            "codepipeline start-pipeline-execution",
        ],
        Other,
    ),
    Row(
        &["gcloud"],
        &[
            "run deploy",
            "run services update",
            "run services replace",
            "run jobs deploy",
            "app deploy",
            "functions deploy",
            "builds submit",
            "deploy releases create",
            "container clusters",
            "compute ssh",
            "compute scp",
            "storage cp",
            "storage rsync",
        ],
        Other,
    ),
    Row(&["gsutil"], &["cp", "rsync", "mv"], Other),
    Row(&["firebase"], &["deploy", "hosting:clone", "hosting:channel:deploy"], Other),
    Row(
        &["az"],
        &[
            "webapp up",
            "webapp deploy",
            "webapp deployment",
            "functionapp deployment",
            "functionapp deploy",
            "containerapp up",
            "containerapp update",
            "deployment group create",
            "deployment sub create",
            "staticwebapp",
            "storage blob upload",
            "storage blob upload-batch",
            "aks command",
        ],
        Other,
    ),
    Row(&["azd"], &["deploy", "up", "provision"], Other),
    Row(&["func"], &["azure functionapp publish"], Other),
    Row(&["flyctl", "fly"], &["deploy", "machine update", "secrets set"], Other),
    Row(&["vercel"], &["deploy", "--prod", "promote", "rollback", "alias"], Other),
    Row(&["wrangler"], &["deploy", "publish", "pages deploy", "pages publish", "versions deploy", "rollback"], Other),
    Row(&["railway"], &["up", "deploy", "redeploy"], Other),
    Row(&["render"], &["deploys create"], Other),
    Row(&["doctl"], &["apps create-deployment", "apps update", "serverless deploy"], Other),
    Row(&["cf"], &["push", "zero-downtime-push", "blue-green-deploy"], Other),
    Row(&["kamal"], &["deploy", "redeploy", "rollback", "setup"], Other),
    Row(&["docker"], &["stack deploy", "service update"], Other),
    Row(&["npm", "pnpm", "lerna", "changeset", "poetry", "uv", "flit", "hatch"], &["publish"], Other),
    Row(&["yarn"], &["publish", "npm publish"], Other),
    Row(&["cargo"], &["publish", "release"], Other),
    Row(&["gem", "nuget"], &["push"], Other),
    Row(&["twine"], &["upload"], Other),
    Row(&["gradle", "gradlew"], &["publish", "publishplugins"], Other),
    Row(&["dotnet"], &["nuget push"], Other),
    Row(&["pod"], &["trunk push"], Other),
    Row(&["dart", "flutter"], &["pub publish"], Other),
    Row(&["mix"], &["hex.publish"], Other),
    Row(&["fastlane"], &["deploy", "release", "beta", "deliver", "supply", "upload_to_app_store", "upload_to_play_store"], Other),
    Row(&["eas"], &["submit", "update"], Other),
    Row(&["mkdocs"], &["gh-deploy"], Pages),
    Row(&["mike"], &["deploy"], Pages),
    Row(&["ghp-import", "gh-pages"], &[], Pages),
];

/// Programs that run a task which only its name marks as a deploy.
pub(super) const RUNNERS: &[&str] =
    &["make", "just", "task", "npm", "pnpm", "yarn", "bun", "rake", "bundle", "invoke", "fab", "nox", "composer"];

/// Programs that run the program after them.
pub(super) const WRAPPERS: &[&str] = &[
    "npx", "pnpx", "bunx", "npm", "pnpm", "yarn", "dlx", "exec", "run", "x", "env", "sshpass", "timeout", "nohup", "nice", "stdbuf",
    "xargs", "bundle", "retry", "poetry", "uv", "uvx", "pipx", "pipenv", "pdm", "rye", "hatch", "doppler", "mise",
];

/// Programs that only print their arguments or search for them.
pub(super) const TALK: &[&str] =
    &["echo", "printf", "grep", "egrep", "rg", "which", "type", "hash", "man", "alias", "test", "[", "[[", "case", "sed", "awk"];

/// Programs that run a script or a task of the repository.
pub(super) const INTERPRETERS: &[&str] = &[
    "sh", "bash", "zsh", "pwsh", "node", "deno", "tsx", "ts-node", "python", "python3", "ruby", "perl", "php", "gradle", "gradlew", "mvn",
    "mvnw", "nx", "turbo", "poetry", "uv", "hatch",
];
