// Drives gatectl's emulator with octokit, as a script of a user would drive GitHub.
import { Octokit } from "octokit";

const baseUrl = process.env.GITHUB_API_URL;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const make = (auth) => new Octokit({ auth, baseUrl, log: quiet, retry: { enabled: false }, throttle: { enabled: false } });
const admin = make(process.env.GH_TOKEN);
const at = { owner: "acme", repo: "shop" };
let steps = 0;

const step = (what, holds) => {
  steps += 1;
  if (!holds) {
    console.error(`octokit: ${what}`);
    process.exit(1);
  }
};
const status = async (call) => {
  try {
    return (await call()).status;
  } catch (error) {
    return error.status;
  }
};

const { rest } = admin;
step("the token's owner", (await rest.users.getAuthenticated()).data.login === "sandbox-admin");

// Paged reads: the names that PyGithub made, or the same again.
for (let number = 0; number < 50; number += 1) {
  const name = `env-${String(number).padStart(2, "0")}`;
  await rest.repos.createOrUpdateEnvironment({ ...at, environment_name: name, wait_timer: number });
}
const environments = await admin.paginate("GET /repos/{owner}/{repo}/environments", at);
const found = environments.filter((environment) => environment.name.startsWith("env-"));
step(`50 environments by paginate, found ${found.length}`, found.length === 50);

// A gate: selected branches, patterns, reviewers.
const alice = (await rest.users.getByUsername({ username: "alice" })).data;
const team = (await rest.teams.getByName({ org: "acme", team_slug: "sre" })).data;
const gate = { ...at, environment_name: "eu/prod" };
const created = await rest.repos.createOrUpdateEnvironment({
  ...gate,
  reviewers: [{ type: "User", id: alice.id }, { type: "Team", id: team.id }],
  deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
});
step("a create answers 200", created.status === 200);
for (let number = 0; number < 33; number += 1) {
  await rest.repos.createDeploymentBranchPolicy({ ...gate, name: `release/${number}` });
}
await rest.repos.createDeploymentBranchPolicy({ ...gate, name: "v*", type: "tag" });
const policies = await admin.paginate("GET /repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies", gate);
step("34 policies by paginate", policies.length === 34 && policies.filter((policy) => policy.type === "tag").length === 1);
const twin = await status(() => admin.request("POST /repos/{owner}/{repo}/environments/{environment_name}/deployment-branch-policies", {
  ...gate, name: "release/1", request: { redirect: "manual" },
}));
step(`a twin of a policy is 303, was ${twin}`, twin === 303);
await rest.repos.updateDeploymentBranchPolicy({ ...gate, branch_policy_id: policies[0].id, name: "stable" });
await rest.repos.deleteDeploymentBranchPolicy({ ...gate, branch_policy_id: policies[1].id });

// Variables, 10 to a page.
for (let number = 0; number < 25; number += 1) {
  await rest.actions.createEnvironmentVariable({ ...gate, name: `KEY_${number}`, value: "x" });
}
const variables = await admin.paginate(rest.actions.listEnvironmentVariables, gate);
step("25 variables by paginate", variables.length === 25);
await rest.actions.updateEnvironmentVariable({ ...gate, name: "KEY_1", value: "y" });
step("a changed variable", (await rest.actions.getEnvironmentVariable({ ...gate, name: "key_1" })).data.value === "y");
const key = (await rest.actions.getEnvironmentPublicKey(gate)).data;
const sealed = Buffer.from("not opened by the emulator").toString("base64");
const secret = { ...gate, secret_name: "DEPLOY_KEY", encrypted_value: sealed };
step("a new secret is 201", (await status(() => rest.actions.createOrUpdateEnvironmentSecret({ ...secret, key_id: key.key_id }))) === 201);
step("a wrong key is 422", (await status(() => rest.actions.createOrUpdateEnvironmentSecret({ ...secret, key_id: "1" }))) === 422);
const inherited = { org: "acme", name: "OCTOKIT", value: "1", visibility: "private" };
await rest.actions.createOrgVariable(inherited);
const seen = await admin.paginate(rest.actions.listRepoOrganizationVariables, at);
step("a variable of the organization reaches the repository", seen.some((variable) => variable.name === "OCTOKIT"));
step("organization repositories", (await admin.paginate(rest.repos.listForOrg, { org: "acme" })).length === 1);

// A review by the person that gate.toml requires.
const runs = await admin.paginate(rest.actions.listWorkflowRunsForRepo, { ...at, status: "waiting" });
const run_id = runs[0].id;
const pending = (await rest.actions.getPendingDeploymentsForRun({ ...at, run_id })).data;
const review = { ...at, run_id, environment_ids: pending.map((one) => one.environment.id), state: "approved", comment: "ship it" };
step("an admin is not a reviewer", (await status(() => rest.actions.reviewPendingDeploymentsForRun(review))) === 403);
const period = await rest.actions.listWorkflowRunsForRepo({ ...at, created: ">=2020-01-01", event: "workflow_dispatch" });
step("runs of a period", period.data.total_count >= 1);
const none = await rest.actions.listWorkflowRunsForRepo({ ...at, created: "2019-01-01..2019-12-31" });
step("no run in another period", none.data.total_count === 0);
step("its jobs", (await rest.actions.listJobsForWorkflowRun({ ...at, run_id })).data.jobs.length === 1);
step("its approvals", (await rest.actions.getReviewsForRun({ ...at, run_id })).data.length === 0);

// Deployments over the API.
const made = await rest.repos.createDeployment({ ...at, ref: "main", environment: "env-01", required_contexts: [], auto_merge: false });
await rest.repos.createDeploymentStatus({ ...at, deployment_id: made.data.id, state: "success", log_url: "https://example.com/log" });
const statuses = await admin.paginate(rest.repos.listDeploymentStatuses, { ...at, deployment_id: made.data.id });
step("a status with its log", statuses[0].log_url === "https://example.com/log");
const sha = (await rest.repos.getCommit({ ...at, ref: "main" })).data.sha;
step("pull requests of a commit", Array.isArray((await rest.repos.listPullRequestsAssociatedWithCommit({ ...at, commit_sha: sha })).data));
await rest.repos.deleteAnEnvironment(gate);
step("a deleted environment is 404", (await status(() => rest.repos.getEnvironment(gate))) === 404);
step("a route that is not emulated is 501", (await status(() => rest.issues.listForRepo(at))) === 501);
console.log(`octokit: ${steps} steps`);
