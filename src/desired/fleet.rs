//! `[fleet]`: which repositories of an organization one file declares gates for.
//!
//! Owns what is declared, and what that means for a list of repositories. Pure. Must not know how the list was read.

mod names;

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;

use crate::desired::github::DesiredEnvironment;
use crate::model::EnvName;

pub use names::{NamePattern, Shard};

/// The whole `[fleet]` table.
#[derive(Debug, Clone, PartialEq)]
pub struct Fleet {
    /// The organization whose repositories these are.
    pub organization: String,
    /// Which of them.
    pub members: Members,
    /// `[fleet.only.*]`, in the order of their names.
    pub only: Vec<Only>,
    /// `[fleet.except.*]`, in the order of their names.
    pub except: Vec<Exception>,
}

/// Which repositories of the organization belong to the fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Members {
    /// Those whose name matches a pattern, and none that begins with `!`.
    Named(Vec<NamePattern>),
    /// Those that have all of these custom properties.
    WithProperties(BTreeMap<String, String>),
}

/// One `[fleet.only.NAME]` table.
#[derive(Debug, Clone, PartialEq)]
pub struct Only {
    /// The repositories that it is for.
    pub repositories: NamePattern,
    /// Every environment that is declared for them: the default, with whole keys replaced.
    pub environments: BTreeMap<EnvName, DesiredEnvironment>,
}

/// One `[fleet.except.NAME]` table: repositories that are left alone for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The repositories.
    pub repositories: NamePattern,
    /// Why.
    pub reason: String,
    /// Who is responsible for it.
    pub owner: String,
    /// The last day on which it is valid.
    pub until: Date,
}

impl Exception {
    /// Whether it has expired.
    pub fn has_expired(&self, today: Date) -> bool {
        self.until < today
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (owner {}, until {})", self.reason, self.owner, self.until)
    }
}

/// A repository of the organization, as its list describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed<'a> {
    /// The part after `OWNER/`.
    pub name: &'a str,
    /// Whether it is read-only.
    pub archived: bool,
    /// Whether it has the declared custom properties, if members are selected by these.
    pub has_properties: bool,
}

/// What the fleet file means for a repository that it matches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Standing<'f> {
    /// These environments are declared for it; `None` is the default of the file.
    Declared(Option<&'f Only>),
    /// It is left alone.
    Excepted(&'f Exception),
    /// GitHub refuses every write to it.
    Archived,
}

/// Something in the file that contradicts the list of repositories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// The key that is wrong, from the top of the file.
    pub key: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// The next step.
    pub hint: String,
}

impl Fleet {
    /// The standing of each repository that the file matches, in the order of the list; the others are not in the fleet.
    ///
    /// # Errors
    /// Every pattern that matches nothing, and every repository for which two `only` tables match.
    pub fn standings<'f>(&'f self, list: &[Listed<'_>]) -> Result<Vec<(usize, Standing<'f>)>, Vec<Contradiction>> {
        let mut wrong = self.unmatched(list);
        let mut standings = Vec::new();
        for (index, listed) in list.iter().enumerate().filter(|(_, listed)| self.has(listed)) {
            let only = match self.only(listed.name) {
                Ok(only) => only,
                Err(contradiction) => {
                    wrong.push(contradiction);
                    continue;
                }
            };
            let except = self.except.iter().find(|except| except.repositories.matches(listed.name));
            standings.push((
                index,
                match (listed.archived, except) {
                    (true, _) => Standing::Archived,
                    (false, Some(except)) => Standing::Excepted(except),
                    (false, None) => Standing::Declared(only),
                },
            ));
        }
        if wrong.is_empty() { Ok(standings) } else { Err(wrong) }
    }

    fn has(&self, listed: &Listed<'_>) -> bool {
        match &self.members {
            Members::WithProperties(_) => listed.has_properties,
            Members::Named(patterns) => {
                let (excluding, including): (Vec<_>, Vec<_>) = patterns.iter().partition(|pattern| pattern.excludes());
                let any = |patterns: &[&NamePattern]| patterns.iter().any(|pattern| pattern.matches(listed.name));
                any(&including) && !any(&excluding)
            }
        }
    }

    /// The table that replaces keys for a repository.
    fn only(&self, name: &str) -> Result<Option<&Only>, Contradiction> {
        let mut matching = self.only.iter().filter(|only| only.repositories.matches(name));
        match (matching.next(), matching.next()) {
            (only, None) => Ok(only),
            (first, Some(second)) => {
                let first = first.map_or("", |only| only.repositories.text());
                let second = second.repositories.text();
                Err(Contradiction {
                    key: path(["fleet", "only", second]),
                    message: format!("both `only` tables \"{first}\" and \"{second}\" match {}/{name}", self.organization),
                    hint: "Change one of the two names so that at most one `only` table matches each repository".to_owned(),
                })
            }
        }
    }

    /// Patterns that match nothing: a typo must not leave a repository without its gate or its exception.
    fn unmatched(&self, list: &[Listed<'_>]) -> Vec<Contradiction> {
        let organization = &self.organization;
        let in_organization = |pattern: &NamePattern| list.iter().any(|listed| pattern.matches(listed.name));
        let in_fleet = |pattern: &NamePattern| list.iter().any(|listed| pattern.matches(listed.name) && self.has(listed));
        let seen = "Check the spelling, and that the token can read the repository";
        let mut wrong = Vec::new();
        match &self.members {
            Members::Named(patterns) => {
                for (index, pattern) in patterns.iter().enumerate().filter(|(_, pattern)| !in_organization(pattern)) {
                    let what = if pattern.is_exact() { "has no repository" } else { "has no repository that matches" };
                    wrong.push(Contradiction {
                        key: path(["fleet", "repositories", &index.to_string()]),
                        message: format!("{organization} {what} \"{}\"", pattern.text()),
                        hint: seen.to_owned(),
                    });
                }
                if wrong.is_empty() && !list.iter().any(|listed| self.has(listed)) {
                    wrong.push(Contradiction {
                        key: path(["fleet", "repositories"]),
                        message: format!(
                            "the fleet is empty: every repository of {organization} that a pattern includes is excluded by another"
                        ),
                        hint: "Remove the `!` pattern that excludes too much".to_owned(),
                    });
                }
            }
            Members::WithProperties(properties) => {
                if !list.iter().any(|listed| listed.has_properties) {
                    let wanted: Vec<String> = properties.iter().map(|(name, value)| format!("{name} = \"{value}\"")).collect();
                    wrong.push(Contradiction {
                        key: path(["fleet", "repositories"]),
                        message: format!("{organization} has no repository with the custom properties {}", wanted.join(", ")),
                        hint: seen.to_owned(),
                    });
                }
            }
        }
        let tables = self.only.iter().map(|only| ("only", &only.repositories));
        let tables = tables.chain(self.except.iter().map(|except| ("except", &except.repositories)));
        for (table, pattern) in tables.filter(|(_, pattern)| !in_fleet(pattern)) {
            wrong.push(Contradiction {
                key: path(["fleet", table, pattern.text()]),
                message: format!("`{table}` table \"{}\" matches no repository of the fleet", pattern.text()),
                hint: format!("{seen}. Remove the table if the repository is gone"),
            });
        }
        wrong
    }
}

fn path<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet(members: &[&str], only: &[&str], except: &[&str]) -> Fleet {
        Fleet {
            organization: "acme".to_owned(),
            members: Members::Named(members.iter().map(|text| NamePattern::new(text)).collect()),
            only: only.iter().map(|text| Only { repositories: NamePattern::new(text), environments: BTreeMap::new() }).collect(),
            except: except
                .iter()
                .map(|text| Exception {
                    repositories: NamePattern::new(text),
                    reason: "retired".to_owned(),
                    owner: "@ann".to_owned(),
                    until: jiff::civil::date(2027, 1, 31),
                })
                .collect(),
        }
    }

    fn listed(name: &str) -> Listed<'_> {
        Listed { name, archived: name.ends_with("-old"), has_properties: false }
    }

    fn standings(fleet: &Fleet, names: &[&str]) -> Result<Vec<String>, Vec<String>> {
        let list: Vec<Listed<'_>> = names.iter().map(|name| listed(name)).collect();
        let word = |(index, standing): (usize, Standing<'_>)| {
            let standing = match standing {
                Standing::Declared(None) => "default".to_owned(),
                Standing::Declared(Some(only)) => only.repositories.to_string(),
                Standing::Excepted(_) => "excepted".to_owned(),
                Standing::Archived => "archived".to_owned(),
            };
            format!("{} {standing}", names[index])
        };
        match fleet.standings(&list) {
            Ok(standings) => Ok(standings.into_iter().map(word).collect()),
            Err(wrong) => Err(wrong.into_iter().map(|wrong| format!("{}: {}", wrong.key.join("."), wrong.message)).collect()),
        }
    }

    #[test]
    fn a_pattern_matches_whole_names_without_case() {
        let cases: [(&str, &[&str], &[&str]); 6] = [
            ("svc-*", &["svc-", "SVC-pay", "svc-a.b"], &["svc", "xsvc-a"]),
            ("*", &["a", ".github"], &[]),
            ("s?c", &["svc", "sac"], &["sc", "svvc"]),
            ("*-api*", &["a-api", "a-api-b", "-api-api"], &["api"]),
            ("svc", &["svc", "Svc"], &["svc2"]),
            ("a*b*c", &["abc", "axbxbxc"], &["abcb", "ab"]),
        ];
        for (pattern, yes, no) in cases {
            let pattern = NamePattern::new(pattern);
            assert!(yes.iter().all(|name| pattern.matches(name)), "{pattern}");
            assert!(!no.iter().any(|name| pattern.matches(name)), "{pattern}");
        }
        assert!(NamePattern::new(&format!("{}b", "*a".repeat(60))).matches(&format!("{}b", "a".repeat(60))), "in polynomial time");
        assert!(!NamePattern::new(&format!("{}b", "*a".repeat(60))).matches(&"a".repeat(200)));
    }

    #[test]
    fn each_repository_has_one_standing_and_exclusions_win_wherever_they_are() {
        let fleet = fleet(&["!svc-sandbox", "svc-*", "web"], &["svc-pay*"], &["svc-legacy"]);
        let names = ["svc-a", "svc-pay", "svc-legacy", "svc-sandbox", "svc-old", "web", "docs"];
        let expected = ["svc-a default", "svc-pay svc-pay*", "svc-legacy excepted", "svc-old archived", "web default"];
        assert_eq!(standings(&fleet, &names), Ok(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn what_matches_nothing_and_what_matches_twice_is_named() {
        let fleet = fleet(&["svc-*", "!svc-snadbox", "web"], &["svc-pay", "svc-p*", "docs"], &["svc-lagacy"]);
        let names = ["svc-a", "svc-pay", "svc-legacy", "svc-sandbox", "docs"];
        let wrong = standings(&fleet, &names).unwrap_err();
        assert_eq!(
            wrong,
            [
                "fleet.repositories.1: acme has no repository \"svc-snadbox\"",
                "fleet.repositories.2: acme has no repository \"web\"",
                "fleet.only.docs: `only` table \"docs\" matches no repository of the fleet",
                "fleet.except.svc-lagacy: `except` table \"svc-lagacy\" matches no repository of the fleet",
                "fleet.only.svc-p*: both `only` tables \"svc-pay\" and \"svc-p*\" match acme/svc-pay",
            ]
        );
    }

    #[test]
    fn a_fleet_without_a_repository_is_a_contradiction() {
        let wrong = standings(&fleet(&["svc-*", "!svc-*"], &[], &[]), &["svc-a", "web"]).unwrap_err();
        assert!(matches!(wrong.as_slice(), [only] if only.starts_with("fleet.repositories: the fleet is empty")), "{wrong:?}");
    }

    #[test]
    fn an_exception_holds_through_its_last_day() {
        let fleet = fleet(&["*"], &[], &["svc-legacy"]);
        let exception = &fleet.except[0];
        assert!(!exception.has_expired(jiff::civil::date(2027, 1, 31)));
        assert!(exception.has_expired(jiff::civil::date(2027, 2, 1)));
    }

    #[test]
    fn shards_part_the_names_and_a_new_name_moves_no_other() {
        let names: Vec<String> = (0..500).map(|n| format!("svc-{n:03}")).collect();
        let shards: Vec<Shard> = (1..=4).map(|number| format!("{number}/4").parse().unwrap()).collect();
        for name in &names {
            assert_eq!(shards.iter().filter(|shard| shard.holds(name)).count(), 1);
            assert_eq!(shards[0].holds(name), shards[0].holds(&name.to_uppercase()));
        }
        let sizes: Vec<usize> = shards.iter().map(|shard| names.iter().filter(|name| shard.holds(name)).count()).collect();
        assert!(sizes.iter().all(|size| (75..=175).contains(size)), "{sizes:?}");
        for bad in ["0/4", "5/4", "1/0", "1", "a/b", "-1/4", "1/4/2"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
