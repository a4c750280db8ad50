//! The table of jobs: which environment each job of each run resolves to.

use crate::desired::workflows::Expected;
use crate::model::EnvName;
use crate::render::{Block, Fold, Glyph, Heading, Role, Section, Span, Table};
use crate::workflows::check::ScenarioReport;
use crate::workflows::resolve::{self, JobEntry};

/// One section for each file with a scenario that involves an environment; the number of other scenarios.
pub(super) fn scenarios(all: &[ScenarioReport]) -> Vec<Section> {
    let matters = |scenario: &&ScenarioReport| {
        let speaks = |job: &JobEntry| !matches!(job.verdict, resolve::Verdict::None | resolve::Verdict::Skipped);
        scenario.expect.is_some() || scenario.jobs.iter().any(|job| speaks(job) || job.can_deploy)
    };
    let shown: Vec<&ScenarioReport> = all.iter().filter(matters).collect();
    let mut sections: Vec<Section> =
        shown.chunk_by(|a, b| a.file == b.file).filter_map(|scenarios| Some(file(&scenarios.first()?.file, scenarios))).collect();
    let others = match all.len() - shown.len() {
        0 => return sections,
        1 => "1 other scenario, in which no job names an environment or appears to deploy".to_owned(),
        n => format!("{n} other scenarios, in which no job names an environment or appears to deploy"),
    };
    let others = Section::text(format!("Not shown: {others}; --format json has all."));
    sections.push(Section { fold: Some(Fold::Always(FOLD)), ..others });
    sections
}

const FOLD: &str = "Scenarios";

fn file(name: &str, scenarios: &[&ScenarioReport]) -> Section {
    let mut rows = Vec::new();
    let mut reasons: Vec<Block> = Vec::new();
    for scenario in scenarios {
        let mut lead =
            vec![Span::plain(scenario.scenario.clone()), Span::plain(scenario.expect.as_ref().map_or_else(|| "-".to_owned(), declared))];
        if scenario.jobs.is_empty() {
            rows.push(lead.iter().cloned().chain([Span::plain("-"), Span::new(Role::Alert, "no job runs")]).collect());
        }
        for job in &scenario.jobs {
            let own = format!("{}:", name.rsplit('/').next().unwrap_or(name));
            let line = if job.line == 0 { String::new() } else { job.line.to_string() };
            let path = job.path.strip_prefix(&own).unwrap_or(&job.path).to_owned();
            lead.extend([Span::plain(path.clone()), Span::new(role(scenario, job), resolved(job)), Span::plain(line)]);
            rows.push(std::mem::replace(&mut lead, vec![Span::plain(""); 2]));
            let because = Block::Item { subject: path, text: job.reason.clone() };
            if !is_plain(job) && !reasons.contains(&because) {
                reasons.push(because);
            }
        }
    }
    let table = Table { header: ["scenario", "declared", "job", "environment", "line"].map(str::to_owned).to_vec(), rows };
    let blocks = [Block::Table(table)].into_iter().chain(reasons).collect();
    Section { fold: Some(Fold::Always(FOLD)), ..Section::new(Heading::of(Glyph::None, name, ""), blocks) }
}

/// What gate.toml declares of a scenario, as text.
fn declared(expect: &Expected) -> String {
    match expect {
        Expected::Environments(names) => names.iter().map(EnvName::as_str).collect::<Vec<_>>().join(", "),
        Expected::Jobs(jobs) => {
            let pair =
                |(job, name): (&String, &Option<EnvName>)| format!("{job}={}", name.as_ref().map_or(Expected::NONE, EnvName::as_str));
            jobs.iter().map(pair).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Whether the name alone is enough.
const fn is_plain(job: &JobEntry) -> bool {
    matches!(job.verdict, resolve::Verdict::Env | resolve::Verdict::None | resolve::Verdict::Skipped)
}

/// What a job resolves to, in a word or by name.
fn resolved(job: &JobEntry) -> String {
    let names = || job.environments.iter().map(|name| if name.is_empty() { "none" } else { name }).collect::<Vec<_>>().join(" or ");
    match job.verdict {
        resolve::Verdict::Env | resolve::Verdict::Set => names(),
        resolve::Verdict::ViaNeeds => format!("none, after {}", names()),
        resolve::Verdict::None => "none".to_owned(),
        resolve::Verdict::Unknown => "unknown".to_owned(),
        resolve::Verdict::Skipped => "skipped".to_owned(),
        resolve::Verdict::Invalid => "invalid".to_owned(),
    }
}

fn role(scenario: &ScenarioReport, job: &JobEntry) -> Role {
    let expected =
        |name: &String| scenario.expect.as_ref().is_some_and(|want| want.environments().any(|want| want.folded() == name.to_lowercase()));
    match job.verdict {
        resolve::Verdict::Env if job.environments.iter().all(expected) => Role::Added,
        resolve::Verdict::Env => Role::Plain,
        resolve::Verdict::Set | resolve::Verdict::Unknown | resolve::Verdict::Invalid | resolve::Verdict::ViaNeeds => Role::Alert,
        resolve::Verdict::None | resolve::Verdict::Skipped => Role::Quiet,
    }
}
