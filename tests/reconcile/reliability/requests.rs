//! Every fault at every request.

use futures_util::future::LocalBoxFuture;
use gatectl::model::Plan;
use gatectl::providers::Op;

use super::faults::{Reach, Reading, Row, Writing, in_words, rows, written_in_words};
use super::trial::Trial;
use super::*;

/// A request of the run without faults: its service, method and path, its number among those of its kind, and among those of its service.
#[derive(Debug, Clone)]
struct Place {
    api: Api,
    method: String,
    path: String,
    nth: u32,
    from: u32,
    /// Whether its answer has a body: only then can it be cut short.
    has_body: bool,
}

fn places(state: &State) -> Vec<Place> {
    let exchanges = &state.log.exchanges;
    let place = |(at, exchange): (usize, &gatectl::sandbox::Exchange)| {
        let earlier = exchanges.iter().take(at).filter(|other| other.api == exchange.api);
        let alike = earlier.clone().filter(|other| (&other.method, &other.path) == (&exchange.method, &exchange.path)).count();
        Place {
            api: exchange.api,
            method: exchange.method.clone(),
            path: exchange.path.clone(),
            nth: u32::try_from(alike + 1).unwrap(),
            from: u32::try_from(earlier.count() + 1).unwrap(),
            has_body: !exchange.response.is_empty(),
        }
    };
    exchanges.iter().enumerate().map(place).collect()
}

impl Row {
    fn at(&self, place: &Place) -> Fault {
        let fault = (self.fault)(place.api).api(place.api);
        match self.reach {
            Reach::Once => fault.method(&place.method).path(&place.path).nth(place.nth),
            Reach::Always => fault.method(&place.method).path(&place.path).from(place.nth),
            Reach::Onward => fault.from(place.from),
        }
    }

    async fn trial(&self) -> Trial {
        let mut trial = Trial::new(&Switches::default()).await;
        if self.only == Some(Api::Heroku) {
            // Its waits double and name no end: less than their sum.
            trial.world.settings.timeout = Duration::from_secs(6);
        }
        trial
    }

    async fn read(&self, place: &Place, whole: &Plan<Op>) -> Result<(), String> {
        let trial = self.trial().await;
        trial.world.fault(self.at(place));
        let plan = trial.world.plan().await;
        let exit = exit_of_plan(&plan, false);
        let waits = trial.waits.load(Ordering::SeqCst);
        let context = || format!("exit {exit:?}, {waits} waits, unknown {:?}, notes {:?}", plan.unknown, plan.notes);
        match self.reading {
            Reading::Whole if same(&plan, whole) => {}
            Reading::Waits if same(&plan, whole) && waits > 0 => {}
            Reading::Unknown(expected, words) => {
                let named = |unknown: &Unknown| unknown.reason.contains(words) || unknown.hint.contains(words);
                let unknown = plan.unknown.iter().any(|(_, unknown)| named(unknown) && !unknown.hint.is_empty());
                let noted = plan.unknown.is_empty() && plan.notes.iter().any(|note| !whole.notes.contains(note));
                // A team that is not seen may be one that the token must not see.
                let of_team = self.name == "404" && place.path.starts_with("/orgs/");
                let of_access = self.name == "404" && place.path.ends_with("/permission");
                let expected = if of_team || of_access { [Exit::Credentials, Exit::Error] } else { [expected, expected] };
                // A team without access contradicts gate.toml: nothing is planned for it either.
                let invalid = of_team && !plan.invalid.is_empty();
                if !((unknown || invalid) && expected.contains(&exit) || noted) {
                    return Err(context());
                }
                for change in plan.changes() {
                    if plan.unknown.iter().any(|(address, _)| *address == change.address) {
                        return Err(format!("{} is unknown, and planned: {}", change.address, context()));
                    }
                }
            }
            _ => return Err(context()),
        }
        if trial.world.writes() > 0 {
            return Err("a plan wrote".to_owned());
        }
        Ok(())
    }

    async fn write(&self, place: &Place, writes: usize) -> Result<(), String> {
        let trial = self.trial().await;
        trial.world.fault(self.at(place));
        let run = trial.world.run();
        let planned = Box::pin(run.context.plan()).await;
        let applied = run.apply(&planned, &trial.world).await;
        let plan = planned.plan;
        let (exit, sent, waits) = (applied.exit(&plan), trial.world.writes(), trial.waits.load(Ordering::SeqCst));
        let context = || format!("exit {exit:?}, {sent} writes instead of {writes}, {waits} waits: {}", said(&applied));
        let converged = applied.report.converged && exit == Exit::Done;
        let holds = match self.writing {
            Writing::Once => converged && sent == writes,
            Writing::Again => converged && sent == writes + 1,
            Writing::Waits => converged && sent == writes + 1 && waits > 0,
            Writing::Fails(expected, words) => {
                let failed: Vec<_> = applied.report.outcomes.iter().filter(|o| o.result != OutcomeResult::Applied).collect();
                // One failed step does not stop the others; a step is one environment, or one app.
                let steps = plan.steps.iter().filter(|step| step.changes.iter().any(|c| failed.iter().any(|o| o.address == c.address)));
                let alone = self.reach == Reach::Onward || steps.count() == 1;
                !applied.report.converged && exit == expected && failed.iter().any(|o| o.message.contains(words)) && alone
            }
        };
        if !holds {
            return Err(context());
        }
        trial.laws(&applied).await
    }
}

fn same(plan: &Plan<Op>, whole: &Plan<Op>) -> bool {
    (&plan.steps, &plan.notes, &plan.unknown) == (&whole.steps, &whole.notes, &whole.unknown)
}

/// How many worlds there are at a time: each holds about ten sockets.
const AT_ONCE: usize = 48;

pub(super) async fn every_request_and_every_fault() -> Vec<Line> {
    let reference = Trial::new(&Switches::default()).await;
    let whole = reference.world.plan().await;
    let reads = reference.world.sandbox.with(|state| places(state));
    reference.world.sandbox.with(|state| state.log.clear());
    reference.world.apply().await;
    let writes: Vec<Place> =
        reference.world.sandbox.with(|state| places(state)).into_iter().filter(|place| place.method != "GET").collect();
    assert_eq!((reads.len(), writes.len()), (11, 9), "{reads:#?} {writes:#?}");

    let (rows, whole, writes, reads) = (&rows(), &whole, &writes, &reads);
    let mut jobs: Vec<LocalBoxFuture<'_, (usize, bool, Verdict)>> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let concerned = |place: &&Place| {
            let cuts = matches!((row.fault)(place.api).effect, Effect::Truncate(_));
            row.only.is_none_or(|only| only == place.api) && (place.has_body || !cuts)
        };
        for place in reads.iter().filter(concerned) {
            let case = async move { row.read(place, whole).await.map_err(|wrong| format!("{}: GET {}: {wrong}", row.name, place.path)) };
            jobs.push(Box::pin(async move { (index, false, case.await) }));
        }
        for place in writes.iter().filter(concerned) {
            let case = async move {
                row.write(place, writes.len()).await.map_err(|wrong| format!("{}: {} {}: {wrong}", row.name, place.method, place.path))
            };
            jobs.push(Box::pin(async move { (index, true, case.await) }));
        }
    }
    let verdicts: Vec<_> = futures_util::stream::iter(jobs).buffer_unordered(AT_ONCE).collect().await;
    let of = |index: usize, writes: bool| {
        let own = verdicts.iter().filter(move |(row, kind, _)| (*row, *kind) == (index, writes));
        own.map(|(_, _, verdict)| verdict.clone()).collect::<Vec<_>>()
    };
    let line = |(index, row): (usize, &Row)| Line {
        name: row.name.to_owned(),
        read: Some((in_words(row.reading), of(index, false))),
        write: Some((written_in_words(row.writing), of(index, true))),
    };
    rows.iter().enumerate().map(line).collect()
}
