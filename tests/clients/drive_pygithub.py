"""Drives gatectl's emulator with PyGithub, as a script of a user would drive GitHub."""

import os
import sys

from github import Auth, Github, GithubException
from github.EnvironmentDeploymentBranchPolicy import EnvironmentDeploymentBranchPolicyParams
from github.EnvironmentProtectionRuleReviewer import ReviewerParams

steps = 0


def step(what, holds):
    global steps
    steps += 1
    if not holds:
        sys.exit(f"PyGithub: {what}")


def status(call):
    try:
        call()
    except GithubException as error:
        return error.status, (error.data or {}).get("message", "")
    return 200, ""


def main():
    base = os.environ["GITHUB_API_URL"]
    api = Github(base_url=base, auth=Auth.Token(os.environ["GH_TOKEN"]), per_page=100, retry=None, seconds_between_requests=0, seconds_between_writes=0)
    step("the token's owner", api.get_user().login == "sandbox-admin")
    repo = api.get_repo("acme/shop")
    step("addresses lead to the server", repo.url.startswith(base) and repo.html_url.startswith(base))

    # 50 environments, 30 to a page by default.
    for number in range(50):
        repo.create_environment(f"env-{number:02}", wait_timer=number)
    default = Github(base_url=base, auth=Auth.Token(os.environ["GH_TOKEN"]), retry=None, seconds_between_requests=0)
    names = {environment.name for environment in default.get_repo("acme/shop").get_environments()}
    step(f"50 environments over two pages, found {len(names)}", {f"env-{number:02}" for number in range(50)} <= names)
    rules = repo.get_environment("env-07").protection_rules
    step("the wait timer", [rule.wait_timer for rule in rules if rule.type == "wait_timer"] == [7])

    # Reviewers: a user and a team, and what needs an encoded name.
    alice = api.get_user("alice")
    sre = api.get_organization("acme").get_team_by_slug("sre")
    reviewers = [ReviewerParams("User", alice.id), ReviewerParams("Team", sre.id)]
    policy = EnvironmentDeploymentBranchPolicyParams(protected_branches=False, custom_branch_policies=True)
    gate = repo.create_environment("eu/prod", reviewers=reviewers, prevent_self_review=True, deployment_branch_policy=policy)
    required = [rule for rule in gate.protection_rules if rule.type == "required_reviewers"]
    step("both reviewers are kept", [reviewer.type for reviewer in required[0].reviewers] == ["User", "Team"])
    step("selected branches", gate.deployment_branch_policy.custom_branch_policies is True)
    # Policies, of which PyGithub has no class: through its own requester, 33 branches and a tag, 30 to a page.
    policies = f"{repo.url}/environments/eu%2Fprod/deployment-branch-policies"
    ask = repo.requester.requestJsonAndCheck
    for number in range(33):
        ask("POST", policies, input={"name": f"release/{number}"})
    tag = ask("POST", policies, input={"name": "v*", "type": "tag"})[1]
    step("a tag policy", tag["type"] == "tag")
    first, second = ask("GET", policies)[1], ask("GET", policies, parameters={"page": 2})[1]
    step("34 policies over two pages", first["total_count"] == 34 and [len(page["branch_policies"]) for page in (first, second)] == [30, 4])
    ask("PUT", f"{policies}/{tag['id']}", input={"name": "v1.*"})
    step("a renamed policy", ask("GET", f"{policies}/{tag['id']}")[1]["name"] == "v1.*")
    ask("DELETE", f"{policies}/{tag['id']}")
    step("a deleted policy is 404", status(lambda: ask("GET", f"{policies}/{tag['id']}"))[0] == 404)
    repo.delete_environment("eu/prod")
    step("a deleted environment is 404", status(lambda: repo.get_environment("eu/prod")) == (404, "Not Found"))

    # Variables and secrets of an environment, a repository and an organization.
    environment = repo.get_environment("env-00")
    for number in range(12):
        environment.create_variable(f"key_{number:02}", str(number))
    names = sorted(variable.name for variable in environment.get_variables())
    step("12 variables over two pages, in upper case", names == [f"KEY_{number:02}" for number in range(12)])
    step("a twin is refused", status(lambda: environment.create_variable("KEY_00", "x"))[0] == 409)
    environment.get_variable("KEY_00").edit("changed")
    step("a changed variable", environment.get_variable("KEY_00").value == "changed")
    environment.create_secret("DEPLOY_KEY", "sealed by PyNaCl")
    step("a sealed secret is there by name", [secret.name for secret in environment.get_secrets()] == ["DEPLOY_KEY"])
    step("a secret is deleted", environment.delete_secret("DEPLOY_KEY"))
    repo.create_variable("TIER", "prod")
    step("a repository variable", repo.get_variable("TIER").value == "prod")
    organization = api.get_organization("acme")
    organization.create_variable("DEPLOY_FREEZE", "true", visibility="all")
    step("an organization variable", organization.get_variable("DEPLOY_FREEZE").value == "true")

    # People and access.
    step("access of a collaborator", repo.get_collaborator_permission("alice") == "write")
    step("collaborators", "alice" in {person.login for person in repo.get_collaborators()})
    step("teams of the repository", "sre" in {team.slug for team in repo.get_teams()})
    step("repositories of the team", "acme/shop" in {one.full_name for one in sre.get_repos()})
    step("repositories of the organization", "acme/shop" in {one.full_name for one in organization.get_repos()})
    step("a branch and its protection", repo.get_branch("main").protected)
    step("a file by its path", "environment" in repo.get_contents(".github/workflows/deploy.yml").decoded_content.decode())
    step("a tree", any(entry.path == ".github/workflows/deploy.yml" for entry in repo.get_git_tree("main", recursive=True).tree))

    # Runs that wait.
    waiting = list(repo.get_workflow_runs(status="waiting"))
    step("a run waits", len(waiting) == 1)
    step("its jobs", [job.status for job in waiting[0].jobs()] == ["waiting"])
    step("workflow files", [workflow.path for workflow in repo.get_workflows()] == [".github/workflows/deploy.yml"])

    # Deployments over the API, which no gate holds back.
    made = repo.create_deployment("main", environment="env-00", required_contexts=[], auto_merge=False)
    made.create_status("success", environment_url="https://example.com", description="done")
    step("a deployment with its status", [one.state for one in repo.get_deployment(made.id).get_statuses()] == ["success"])
    step("deployments of an environment", [one.id for one in repo.get_deployments(environment="env-00")] == [made.id])
    base, head = repo.get_commits()[1].sha, "main"
    step("a comparison", repo.compare(base, head).total_commits == 1)

    # What is not emulated says so, and is not absent.
    step("a route that is not emulated", status(lambda: list(repo.get_labels()))[0] == 501)
    print(f"PyGithub: {steps} steps")


main()
