//! PUT, GET, DELETE of environments.

use super::*;

const NO_REVIEWERS: &str =
    "Failed to create the environment protection rule. Please ensure the billing plan supports the required reviewers protection rule.";
const NO_TIMER: &str =
    "Failed to create the environment protection rule. Please ensure the billing plan supports the wait timer protection rule.";

/// The whole gate of the next tests.
fn gate() -> Value {
    json!({
        "wait_timer": 30, "prevent_self_review": true, "reviewers": [user(ALICE), team(SRE)], "can_admins_bypass": false,
        "deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true},
    })
}

#[test]
fn one_put_makes_the_whole_gate_and_answers_200_for_create_and_update() {
    let mut world = World::new();
    let made = world.put(&gate());
    let again = world.put(&gate());
    let read = world.get(ENV);
    assert_eq!(reviewer_ids(&read), [ALICE, SRE]);
    assert_eq!(read["can_admins_bypass"], false);
    assert_eq!(read["deployment_branch_policy"], json!({"protected_branches": false, "custom_branch_policies": true}));
    let kinds: Vec<&Value> = read["protection_rules"].as_array().unwrap().iter().map(|rule| &rule["type"]).collect();
    assert_eq!(kinds, ["wait_timer", "required_reviewers", "branch_policy"]);
    assert_eq!(read["protection_rules"][0]["wait_timer"], 30);
    assert_eq!(read["protection_rules"][1]["prevent_self_review"], true);
    assert_eq!(made["id"], again["id"]);
    assert_eq!(made["updated_at"], again["updated_at"]);
    assert_ne!(made["protection_rules"][0]["id"], again["protection_rules"][0]["id"], "rule ids are fresh on each write");
    assert_eq!(again, read);
}

#[test]
fn what_is_not_configured_has_no_entry() {
    let mut world = World::new();
    for body in
        [Value::Null, json!({}), json!({"reviewers": [], "wait_timer": 0, "deployment_branch_policy": null}), json!({"reviewers": null})]
    {
        let fresh = world.put(&body);
        assert_eq!(fresh["protection_rules"], json!([]));
        assert_eq!(fresh["deployment_branch_policy"], Value::Null);
    }
}

#[test]
fn a_key_that_is_left_out_is_kept_or_reset_by_the_switch() {
    let mut world = World::new();
    world.put(&gate());
    let kept = world.put(&json!({"wait_timer": 5}));
    assert_eq!((reviewer_ids(&kept), &kept["can_admins_bypass"]), (vec![ALICE, SRE], &json!(false)));
    let mut world = World::new().with(|switches| switches.put = Put::WholeReplacement);
    world.put(&gate());
    let replaced = world.put(&json!({"wait_timer": 5}));
    assert_eq!((reviewer_ids(&replaced), &replaced["can_admins_bypass"]), (vec![], &json!(true)));
    assert_eq!(replaced["deployment_branch_policy"], Value::Null);
}

#[test]
fn a_fresh_environment_has_the_bypass_of_the_switch() {
    assert_eq!(World::new().put(&json!({}))["can_admins_bypass"], true);
    assert_eq!(World::new().with(|switches| switches.fresh_bypass = FreshBypass::Disallowed).put(&json!({}))["can_admins_bypass"], false);
}

#[test]
fn reviewers_without_access_are_dropped_in_silence_or_refused() {
    let asked = json!({"reviewers": [user(ALICE), user(BOB), user(CAROL), user(ROBOT), user(999), team(SRE), team(GHOSTS), team(ALICE)]});
    let asked = |from: usize, to: usize| json!({"reviewers": asked["reviewers"].as_array().unwrap()[from..to].to_vec()});
    let kept = |turn: fn(&mut Switches)| {
        let mut world = World::new().with(turn);
        let mut all = reviewer_ids(&world.put(&asked(0, 4)));
        all.extend(reviewer_ids(&world.put(&asked(4, 8))));
        all
    };
    assert_eq!(kept(|_| {}), [ALICE, BOB, SRE]);
    assert_eq!(kept(|switches| switches.reviewer_access = ReviewerAccess::Write), [ALICE, BOB, SRE], "bob writes through his team");
    let mut world = World::new().with(|switches| switches.lost_reviewer = LostReviewer::Refused);
    assert_eq!(world.verdict("PUT", ENV, &asked(1, 3)).0, 422);
    assert_eq!(world.environment().reviewers, []);
}

#[test]
fn on_a_public_repository_reading_is_open_to_everybody_but_teams() {
    let asked = json!({"reviewers": [user(CAROL), team(GHOSTS)]});
    let public = |turn: fn(&mut Switches)| {
        let mut world = World::new().with(turn);
        world.repo().visibility = Visibility::Public;
        reviewer_ids(&world.put(&asked))
    };
    assert_eq!(public(|_| {}), [CAROL]);
    assert_eq!(public(|switches| switches.reviewer_access = ReviewerAccess::Explicit), [0; 0]);
    assert_eq!(public(|switches| switches.reviewer_access = ReviewerAccess::Write), [0; 0]);
}

#[test]
fn a_child_team_inherits_access() {
    let mut world = World::new();
    world.state.github.people.teams.get_mut(&GHOSTS).unwrap().parent = Some(SRE);
    assert_eq!(reviewer_ids(&world.put(&json!({"reviewers": [team(GHOSTS)]}))), [GHOSTS]);
}

#[test]
fn the_presence_of_a_gated_key_trips_the_plan_and_leaves_an_ungated_environment() {
    for body in [
        json!({"reviewers": null}),
        json!({"reviewers": []}),
        json!({"prevent_self_review": false}),
        json!({"reviewers": [user(ALICE)], "wait_timer": 1}),
    ] {
        for plan in [Plan::Free, Plan::Pro, Plan::Team] {
            let mut world = World::new().on(plan);
            assert_eq!(world.verdict("PUT", ENV, &body), (422, NO_REVIEWERS.to_owned()), "{body}");
            assert_eq!((world.environment().reviewers.len(), world.environment().policy), (0, None));
            assert_eq!(world.get(ENV)["protection_rules"], json!([]));
        }
    }
    assert_eq!(World::new().on(Plan::Team).verdict("PUT", ENV, &json!({"wait_timer": 0})), (422, NO_TIMER.to_owned()));
}

#[test]
fn a_public_repository_has_every_rule_on_any_plan() {
    let mut world = World::new().on(Plan::Free);
    world.repo().visibility = Visibility::Public;
    assert_eq!(reviewer_ids(&world.put(&gate())), [ALICE, SRE]);
}

#[test]
fn a_refused_put_does_not_touch_the_rules_of_an_existing_environment() {
    let mut world = World::new();
    world.put(&gate());
    let before = world.environment().clone();
    let mut world = world.on(Plan::Team);
    assert_eq!(world.verdict("PUT", ENV, &json!({"reviewers": null})).0, 422);
    assert_eq!(*world.environment(), before);
}

#[test]
fn a_branch_policy_alone_passes_where_reviewers_do_not() {
    let policy = json!({"deployment_branch_policy": {"protected_branches": true, "custom_branch_policies": false}});
    for plan in [Plan::Free, Plan::Pro, Plan::Team] {
        assert_eq!(World::new().on(plan).put(&policy)["deployment_branch_policy"]["protected_branches"], true);
    }
    let mut free = World::new().on(Plan::Free).with(|switches| switches.free_policy = FreePolicy::Refused);
    assert_eq!(free.verdict("PUT", ENV, &policy).0, 422);
    let mut free = World::new().on(Plan::Free).with(|switches| switches.free_private = FreePrivate::NotFound);
    assert_eq!(free.verdict("PUT", ENV, &policy), (404, "Not Found".to_owned()));
    assert!(free.repo().environment("production").is_none());
}

#[test]
fn the_switches_of_the_refusal_decide_its_words_and_what_it_leaves() {
    let both = json!({"reviewers": [user(ALICE)], "wait_timer": 1});
    let message = |turn: fn(&mut Switches)| World::new().on(Plan::Team).with(turn).verdict("PUT", ENV, &both).1;
    assert_eq!(message(|_| {}), NO_REVIEWERS);
    assert_eq!(message(|switches| switches.refusal_message = RefusalMessage::WaitTimer), NO_TIMER);
    let legacy = "Fail to create protected rule, please ensure billing plan include protected branch gate.";
    assert_eq!(message(|switches| switches.refusal_wording = RefusalWording::Legacy), legacy);

    let mut world = World::new().on(Plan::Team).with(|switches| switches.refused_body = RefusedBody::PolicyApplied);
    assert_eq!(world.verdict("PUT", ENV, &gate()).0, 422);
    assert_eq!((world.environment().policy, world.environment().wait_timer), (Some(PolicyMode::Custom), 0));

    let null = json!({"deployment_branch_policy": null});
    assert_eq!(World::new().on(Plan::Team).verdict("PUT", ENV, &null).0, 200);
    assert_eq!(World::new().on(Plan::Team).with(|switches| switches.null_policy = NullPolicy::Gated).verdict("PUT", ENV, &null).0, 422);

    let bypass = json!({"can_admins_bypass": false});
    let outcome = |position: GatedBypass| {
        let mut world = World::new().on(Plan::Team);
        world.state.switches.gated_bypass = position;
        (world.verdict("PUT", ENV, &bypass).0, world.environment().can_admins_bypass)
    };
    assert_eq!(outcome(GatedBypass::Refused), (422, true));
    assert_eq!(outcome(GatedBypass::Ignored), (200, true));
    assert_eq!(outcome(GatedBypass::Applied), (200, false));
}

#[test]
fn the_two_flags_must_differ_and_both_be_there() {
    let same = "\"custom_branch_policies\" and \"protected_branches\" cannot have the same value";
    for both in [true, false] {
        let body = json!({"deployment_branch_policy": {"protected_branches": both, "custom_branch_policies": both}});
        assert_eq!(World::new().verdict("PUT", ENV, &body), (422, same.to_owned()));
    }
    assert_eq!(World::new().verdict("PUT", ENV, &json!({"deployment_branch_policy": {"protected_branches": true}})).0, 422);
}

#[test]
fn self_review_cannot_be_prevented_without_reviewers() {
    let mut world = World::new();
    let (status, message) = world.verdict("PUT", ENV, &json!({"prevent_self_review": true}));
    assert_eq!(status, 422);
    assert!(message.contains("must have at least one reviewer to set prevent_self_review"), "{message}");
    world.put(&json!({"prevent_self_review": false}));
    // A reviewer who is dropped does not count.
    assert_eq!(world.verdict("PUT", ENV, &json!({"prevent_self_review": true, "reviewers": [user(CAROL)]})).0, 422);
    world.put(&json!({"prevent_self_review": true, "reviewers": [user(ALICE)]}));
    world.put(&json!({"reviewers": null}));
    let back = world.put(&json!({"reviewers": [user(ALICE)]}));
    assert_eq!(back["protection_rules"][0]["prevent_self_review"], false);
}

#[test]
fn bodies_that_are_not_admitted_change_nothing() {
    let mut world = World::new();
    for body in [
        json!({"wait_timer": 43_201}),
        json!({"wait_timer": -1}),
        json!({"wait_timer": "1"}),
        json!({"wait_timer": null}),
        json!({"reviewers": [{"type": "Bot", "id": 1}]}),
        json!({"reviewers": [{"type": "User", "id": "1"}]}),
        json!({"reviewers": [user(1), user(2), user(3), user(4), team(5), team(6), team(7)]}),
        json!({"prevent_self_review": 1}),
        json!({"surprise": 1}),
    ] {
        assert_eq!(world.verdict("PUT", ENV, &body).0, 422, "{body}");
    }
    assert_eq!(world.raw("PUT", ENV, b"{", &[]).status, 400);
    assert_eq!(world.raw("PUT", ENV, b"[]", &[]).status, 400);
    assert!(world.repo().environments.is_empty());
    assert_eq!(world.verdict("PUT", ENV, &json!({"surprise": 1})).1, "Invalid request.\n\n\"surprise\" is not a permitted key.");
    world.state.switches.unknown_keys = UnknownKeys::Ignored;
    world.put(&json!({"surprise": 1}));
}

#[test]
fn an_old_enterprise_server_does_not_know_the_newer_keys() {
    let mut world = World::new().with(|switches| switches.bypass_key = BypassKey::NotPermitted);
    assert_eq!(
        world.verdict("PUT", ENV, &json!({"can_admins_bypass": true})),
        (422, "Invalid request.\n\n\"can_admins_bypass\" is not a permitted key.".to_owned())
    );
    let mut world = World::new().with(|switches| switches.self_review_key = SelfReviewKey::NotPermitted);
    assert_eq!(
        world.verdict("PUT", ENV, &json!({"prevent_self_review": false})),
        (422, "Invalid request.\n\nInvalid input: \"prevent_self_review\" is not a permitted key.".to_owned())
    );
}

#[test]
fn names_fold_keep_their_first_case_and_are_decoded_once() {
    let mut world = World::new();
    world.put(&json!({}));
    let (_, other) = world.call("PUT", "/repos/ACME/shop/environments/PRODUCTION", &json!({"wait_timer": 3}));
    assert_eq!((other["name"].as_str(), world.repo().environments.len()), (Some("production"), 1));
    let (_, slashed) = world.call("PUT", "/repos/acme/shop/environments/prod%2Feu%20%C3%A9", &json!({}));
    assert_eq!(slashed["name"], "prod/eu é");
    assert_eq!(slashed["url"], "http://sandbox.invalid/repos/acme/shop/environments/prod/eu é");
    assert_eq!(slashed["html_url"], "http://sandbox.invalid/acme/shop/deployments/activity_log?environments_filter=prod%2Feu%20%C3%A9");
    let (_, twice) = world.call("PUT", "/repos/acme/shop/environments/a%252Fb", &json!({}));
    assert_eq!(twice["name"], "a%2Fb");
    for path in ["/repos/acme/shop/environments/prod/eu", "/repos/acme/shop/environments/production/", "/repos/acme/shop/environments/"] {
        assert_eq!(world.verdict("GET", path, &Value::Null), (404, "Not Found".to_owned()));
    }
    let long = "x".repeat(256);
    assert_eq!(world.verdict("PUT", &format!("/repos/acme/shop/environments/{long}"), &json!({})).0, 422);
}

#[test]
fn a_deleted_environment_is_gone_with_all_it_held_and_fails_what_waited() {
    let mut world = World::new();
    world.put(&json!({"reviewers": [user(ALICE)]}));
    let run = world.state.start_run("acme/shop", "deploy.yml", "push", "refs/heads/main", "alice", "production").unwrap();
    assert_eq!(world.call("DELETE", ENV, &Value::Null).0, 204);
    assert_eq!(world.call("DELETE", ENV, &Value::Null).0, 404);
    assert_eq!(world.call("GET", ENV, &Value::Null).0, 404);
    let run = world.get(&format!("/repos/acme/shop/actions/runs/{run}"));
    assert_eq!((run["status"].as_str(), run["conclusion"].as_str()), (Some("completed"), Some("failure")));
    let deployment = world.get("/repos/acme/shop/deployments")[0]["id"].clone();
    assert_eq!(world.get(&format!("/repos/acme/shop/deployments/{deployment}/statuses"))[0]["state"], "failure");
    assert_eq!(world.get("/repos/acme/shop/environments")["total_count"], 0);
}

#[test]
fn lists_are_paged_and_link_where_the_switch_says_so() {
    let mut world = World::new();
    for place in 0..31 {
        world.call("PUT", &format!("/repos/acme/shop/environments/e{place:02}"), &json!({}));
    }
    let first = world.get("/repos/acme/shop/environments");
    assert_eq!((first["total_count"].as_u64(), first["environments"].as_array().unwrap().len()), (Some(31), 30));
    let second = world.get("/repos/acme/shop/environments?per_page=30&page=2");
    assert_eq!(second["environments"][0]["name"], "e30");
    assert_eq!(world.get("/repos/acme/shop/environments?page=9")["environments"], json!([]));
    assert_eq!(world.get("/repos/acme/shop/environments?per_page=1000")["environments"].as_array().unwrap().len(), 31);
    let link = world.raw("GET", "/repos/acme/shop/environments?per_page=30", b"", &[]).header("link").unwrap().to_owned();
    assert!(link.contains("<http://sandbox.invalid/repos/acme/shop/environments?per_page=30&page=2>; rel=\"next\""), "{link}");
    let last = world.raw("GET", "/repos/acme/shop/environments?per_page=30&page=2", b"", &[]);
    assert!(!last.header("link").unwrap().contains("rel=\"next\""));
    world.state.switches.list_links = ListLinks::Absent;
    assert_eq!(world.raw("GET", "/repos/acme/shop/environments", b"", &[]).header("link"), None);
}

#[test]
fn a_read_after_a_write_may_be_stale_once_per_path() {
    let mut world = World::new().with(|switches| switches.reads = Reads::OnceStale);
    world.put(&json!({}));
    assert_eq!(world.call("GET", ENV, &Value::Null).0, 404);
    assert_eq!(world.call("GET", ENV, &Value::Null).0, 200);
    world.put(&json!({"wait_timer": 7}));
    assert_eq!(world.get(ENV)["protection_rules"], json!([]));
    assert_eq!(world.get(ENV)["protection_rules"][0]["wait_timer"], 7);
}

#[test]
fn a_deleted_account_vanishes_or_leaves_a_hole() {
    let mut world = World::new();
    world.put(&json!({"reviewers": [user(ALICE), user(BOB)]}));
    world.state.github.people.accounts.remove(&BOB);
    assert_eq!(reviewer_ids(&world.get(ENV)), [ALICE]);
    world.state.switches.deleted_reviewer = DeletedReviewer::Null;
    let holed = world.get(ENV);
    assert_eq!(holed["protection_rules"][0]["reviewers"][1], json!({"type": "User", "reviewer": null}));
}

#[test]
fn what_is_remembered_of_self_review_and_dates_is_up_to_the_switches() {
    let mut world = World::new().with(|switches| switches.self_review_memory = SelfReviewMemory::Remembered);
    world.put(&json!({"prevent_self_review": true, "reviewers": [user(ALICE)]}));
    world.put(&json!({"reviewers": null}));
    let back = world.put(&json!({"reviewers": [user(ALICE)]}));
    assert_eq!(back["protection_rules"][0]["prevent_self_review"], true);
    world.state.switches.updated_at = UpdatedAt::Moves;
    assert!(world.put(&json!({}))["updated_at"].as_str() > back["updated_at"].as_str());
}

#[test]
fn the_order_of_an_answer_promises_nothing() {
    let mut world = World::new();
    let straight = world.put(&gate());
    world.state.switches.answer_order = AnswerOrder::Reversed;
    let turned = world.get(ENV);
    let mut rules = turned["protection_rules"].as_array().unwrap().clone();
    rules.reverse();
    assert_ne!(turned["protection_rules"], straight["protection_rules"]);
    assert_eq!(rules[0], straight["protection_rules"][0]);
}
