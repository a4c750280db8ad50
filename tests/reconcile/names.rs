//! A name goes through a URL to exactly one environment, whatever it holds.

use gatectl::sandbox::Scenario;

use gatectl_test_support::world::World;

#[tokio::test]
async fn every_name_round_trips_to_exactly_one_environment() {
    let longest = "é".repeat(255);
    let names = [
        "a/b", "..", ".", "%2F", "a%2Fb", "é", "É", "a b", "a+b", "why?", "a#b", "a&b=c", "a;b", "a:b@c", "'a'", "日本", "-", "*", "../..",
        &longest,
    ];
    let declared = |name: &str, timer: u32| {
        let key = name.replace('\\', "\\\\").replace('"', "\\\"");
        format!(
            "version = 1\n[environments.\"{key}\"]\nwait_timer = {timer}\nvariables = {{ A = \"1\" }}\ndeployment_branch_policy = {{ branches = [\"main\"] }}\n"
        )
    };
    for name in names {
        let mut world = World::rehearsal(Scenario::MissingEnvironment, &declared(name, 5)).await;
        world.converge().await;
        world.declare(&declared(name, 7));
        world.converge().await;
        world.repo(|repo| {
            let mut there: Vec<&str> = repo.environments.values().map(|e| e.name.as_str()).collect();
            there.retain(|there| *there != "staging");
            assert_eq!(there, [name]);
        });
        assert_eq!(world.environment(name).unwrap().wait_timer, 7, "{name}");
        world.declare(&format!("version = 1\n[environments.\"{name}\"]\nstate = \"absent\"\n"));
        world.converge().await;
        assert!(world.environment(name).is_none());
    }
}

#[tokio::test]
async fn names_that_differ_in_case_alone_are_one_environment() {
    let mut world = World::rehearsal(Scenario::Gated, "version = 1\n[environments.Production]\nwait_timer = 5\n").await;
    world.declare("version = 1\n[environments.PRODUCTION]\nwait_timer = 6\n");
    world.converge().await;
    assert_eq!(world.written(), ["PUT /repos/acme/shop/environments/Production"], "GitHub's own spelling is asked for");
}
