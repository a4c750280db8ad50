//! The drill: an incident from the first minute to the last, over real HTTP, at times of the test's choosing.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};

use super::*;
use crate::cli::{FreezeOff, FreezeOn, FreezeOverride};
use crate::desired::freeze::{Length, Schedule};
use crate::freeze::{Answered, FreezeId, FreezeVars};
use crate::http::{Proxies, Settings, Stack, Token};
use crate::sandbox::{Effect, Fault, HerokuApp, Response, Sandbox, State};

const APP: &str = "shop-prod";

struct World {
    sandbox: Sandbox,
    writer: Writer,
    keys: Keys,
}

impl World {
    async fn new() -> Self {
        let mut state = State::default();
        let app = HerokuApp::new(APP, "owner@example.com", BTreeMap::new(), state.now.0);
        state.heroku.apps.insert(APP.to_owned(), app);
        let sandbox = Sandbox::start(state).await.unwrap();
        let settings = Settings { proxies: Proxies::none(), backoff: Duration::from_millis(2), ..Settings::default() };
        let endpoint = crate::providers::heroku::api::endpoint(sandbox.heroku_url()).unwrap();
        let writer = Stack::new(settings).writer(&endpoint, Some(Token::new("t", "a test"))).unwrap();
        Self { sandbox, writer, keys: Keys::standard(Store::Heroku(APP.to_owned())) }
    }

    /// What an account may do; an empty name is the account that Heroku names for the token.
    fn writer(&self, who: &str) -> FreezeWriter<'_> {
        let known = (!who.is_empty()).then(|| who.to_owned());
        FreezeWriter { writer: &self.writer, keys: &self.keys, known, fallback: "local:somebody".to_owned(), stop: Stop::default() }
    }

    async fn vars(&self) -> FreezeVars {
        store::read(self.writer.reader(), &self.keys).await.unwrap()
    }

    /// One of the four values: 0 is the flag, 1 its record.
    fn text(&self, vars: &FreezeVars, at: usize) -> Option<String> {
        vars.under(&self.keys)[at].1.as_ref().map(|value| value.expose().to_owned())
    }

    async fn id(&self) -> FreezeId {
        let text = self.text(&self.vars().await, 1).unwrap();
        crate::freeze::Record::parse(&text).unwrap().id
    }

    /// What a deploy to production is told at a moment.
    async fn check(&self, windows: Vec<Window>, now: Timestamp) -> Answered {
        let production = EnvName::new("production").unwrap();
        let policy = Policy { windows, ..self.keys.bare_policy(std::iter::once(production.clone()).collect()) };
        let vars = store::observe(self.writer.reader(), &self.keys).await;
        Answered::from(&crate::freeze::decide(&policy, &production, &vars, now).verdict)
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn emergency() -> FreezeOn {
    FreezeOn { reason: "INC-12".to_owned(), emergency: true, ..FreezeOn::default() }
}

fn lift_it(id: Option<FreezeId>) -> FreezeOff {
    FreezeOff { reason: "INC-12 is over".to_owned(), id, auto_approve: true, ..FreezeOff::default() }
}

async fn no_terminal(question: String) -> anyhow::Result<()> {
    Err(anyhow::anyhow!("{question}"))
}

#[tokio::test]
async fn an_incident_from_the_freeze_to_the_all_clear() {
    let world = World::new().await;
    let start = time("2026-11-24T09:00:00Z");
    assert_eq!(world.check(Vec::new(), start).await, Answered::Open);

    let on = on::freeze(&world.writer(""), &emergency(), start).await.unwrap();
    assert_eq!(on.vars, world.vars().await, "what is shown was read back");
    assert_eq!(world.text(&on.vars, 0).as_deref(), Some("true"));
    assert!(world.text(&on.vars, 1).unwrap().contains("operator@example.com"));
    assert_eq!(world.check(Vec::new(), start).await, Answered::Frozen);
    let first = world.id().await;

    let hotfix =
        FreezeOverride { reason: Some("hotfix".to_owned()), length: Some(Duration::from_secs(3_600)), ..FreezeOverride::default() };
    let ann = world.writer("gh:ann");
    over::open(&ann, &hotfix, &[], start + 10.minutes()).await.unwrap();
    assert_eq!(world.check(Vec::new(), start + 69.minutes()).await, Answered::Open, "one deploy goes through");
    assert_eq!(world.check(Vec::new(), start + 70.minutes()).await, Answered::Frozen, "and no later one");

    let worse = FreezeOn { replace: true, reason: "INC-13".to_owned(), ..FreezeOn::default() };
    on::freeze(&ann, &worse, start + 2.hours()).await.unwrap();
    let second = world.id().await;
    let stale = off::lift(&world.writer(""), &lift_it(Some(first)), no_terminal, start + 3.hours()).await.unwrap_err();
    assert!(stale.to_string().contains("not the one that --id names") && stale.to_string().contains("gh:ann"), "{stale}");
    let blind = off::lift(&world.writer(""), &lift_it(None), no_terminal, start + 3.hours()).await.unwrap_err();
    assert!(blind.to_string().contains("needs its id"), "{blind}");
    assert_eq!(world.id().await, second);

    off::lift(&world.writer(""), &lift_it(Some(second)), no_terminal, start + 4.hours()).await.unwrap();
    assert_eq!(world.check(Vec::new(), start + 4.hours()).await, Answered::Open);
    let status = status::at_time(&Ok(world.writer.reader().clone()), &world.keys, None, start + 4.hours()).await;
    assert_eq!((status.frozen, status.record.map(|record| record.state)), (Some(false), Some(crate::freeze::Switch::Off)));
    assert_eq!(status.audit.unwrap().flag.unwrap().user.as_deref(), Some("operator@example.com"));
}

#[tokio::test]
async fn a_window_opens_and_closes_on_time_when_the_clock_is_put_back() {
    let world = World::new().await;
    let weekend = Window {
        name: "weekend".to_owned(),
        schedule: Schedule::Recurring { start: "0 16 * * FRI".to_owned(), length: Length::Duration(Duration::from_secs(64 * 3_600)) },
        timezone: "America/New_York".to_owned(),
        reason: None,
    };
    // Friday at 16:00 is in summer time, Monday at 07:00, 64 hours later, is not.
    for (at, told) in [
        ("2026-10-30T15:59:59-04:00", Answered::Open),
        ("2026-10-30T16:00:00-04:00", Answered::Frozen),
        ("2026-11-02T06:59:59-05:00", Answered::Frozen),
        ("2026-11-02T07:00:00-05:00", Answered::Open),
    ] {
        assert_eq!(world.check(vec![weekend.clone()], time(at)).await, told, "{at}");
    }
    let friday = time("2026-10-30T18:00:00-04:00");
    let hotfix = FreezeOverride { reason: Some("hotfix".to_owned()), length: Some(Duration::from_secs(60)), ..FreezeOverride::default() };
    over::open(&world.writer("gh:ann"), &hotfix, std::slice::from_ref(&weekend), friday).await.unwrap();
    assert_eq!(world.check(vec![weekend.clone()], friday).await, Answered::Open);
    on::freeze(&world.writer("gh:bob"), &emergency(), friday + 10.seconds()).await.unwrap();
    assert_eq!(world.check(vec![weekend], friday + 20.seconds()).await, Answered::Frozen, "a freeze set later is not opened");
}

#[tokio::test]
async fn whatever_goes_wrong_on_the_way_success_means_frozen() {
    let now = time("2026-11-24T09:00:00Z");
    let effects: [fn() -> Fault; 4] = [
        || Fault::before(Response::html(503, "down")),
        || Fault::after(Response::html(502, "lost")),
        || Fault::new(Effect::Reset).late(),
        || Fault::new(Effect::Reset),
    ];
    for (index, effect) in effects.iter().enumerate() {
        for nth in 1..=5 {
            for outage in [false, true] {
                let world = World::new().await;
                let fault = if outage { effect().from(nth) } else { effect().nth(nth) };
                world.sandbox.with(|state| state.faults.push(fault));
                let result = on::freeze(&world.writer(""), &emergency(), now).await;
                world.sandbox.with(|state| state.faults.clear());
                let frozen = world.check(Vec::new(), now).await == Answered::Frozen;
                match result {
                    Ok(_) => assert!(frozen, "effect {index} at {nth}"),
                    Err(error) => assert!(!frozen || outage, "effect {index} at {nth}: one fault is no reason to doubt: {error}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn a_rival_who_writes_in_between_is_named_and_wins() {
    let world = World::new().await;
    let theirs = r#"{"v":1,"id":"7f0b1a3e-5b1e-4a55-8a3e-0d6f4c2b1a90","reason":"theirs","by":"gh:ann","at":"2026-11-24T08:59:59Z","kind":"manual"}"#;
    let rival = Fault::meanwhile(move |state| {
        let at = state.now.tick();
        let app = state.heroku.apps.get_mut(APP).unwrap();
        app.set("ann@example.com", &[("DEPLOY_FREEZE", Some("true")), ("DEPLOY_FREEZE_INFO", Some(theirs))], at);
    });
    world.sandbox.with(|state| state.faults.push(rival.method("PATCH").late()));
    let error = on::freeze(&world.writer(""), &emergency(), time("2026-11-24T09:00:00Z")).await.unwrap_err();
    assert!(error.to_string().contains("gh:ann"), "{error}");
    assert_eq!(world.text(&world.vars().await, 1).as_deref(), Some(theirs));
}

#[tokio::test]
async fn an_account_that_cannot_be_read_holds_nothing_up() {
    for fault in [Fault::new(Effect::Hang), Fault::before(Response::heroku_error(403, "forbidden", "no"))] {
        let world = World::new().await;
        world.sandbox.with(|state| state.faults.push(fault.path("/account")));
        let on = on::freeze(&world.writer(""), &emergency(), time("2026-11-24T09:00:00Z")).await.unwrap();
        assert!(world.text(&on.vars, 1).unwrap().contains("local:somebody"));
    }
}
