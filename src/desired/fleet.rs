//! `[fleet]`: which repositories of an organization one file declares gates for.
//!
//! Owns what is declared, and what that means for a list of repositories. Pure. Must not know how the list was read.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

use crate::desired::github::DesiredEnvironment;
use crate::model::EnvName;

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

/// The name of a repository, or a pattern of names: `*` stands for any characters, `?` for one. Compares without case, as GitHub does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamePattern {
    text: String,
    excludes: bool,
}

impl NamePattern {
    /// As it is written; a `!` in front excludes what the rest matches.
    #[must_use]
    pub fn new(text: &str) -> Self {
        match text.strip_prefix('!') {
            Some(rest) => Self { text: rest.to_owned(), excludes: true },
            None => Self { text: text.to_owned(), excludes: false },
        }
    }

    /// Whether it excludes what it matches.
    #[must_use]
    pub fn excludes(&self) -> bool {
        self.excludes
    }

    /// Whether it matches one name only.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.text.contains(['*', '?'])
    }

    /// The pattern without its `!`.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it matches a name, which is the part after `OWNER/`.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let (pattern, name) = (self.text.to_lowercase(), name.to_lowercase());
        let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
        // The last `*`, and the position in the name where it resumes: one is enough, since a later `*` can match all that an
        // earlier one could.
        let (mut at, mut of, mut star) = (0, 0, None);
        while let Some(c) = name.get(at) {
            match pattern.get(of) {
                Some('*') => {
                    star = Some((of + 1, at));
                    of += 1;
                }
                Some(wanted) if *wanted == '?' || wanted == c => (at, of) = (at + 1, of + 1),
                _ => {
                    let Some((after, from)) = star else { return false };
                    star = Some((after, from + 1));
                    (at, of) = (from + 1, after);
                }
            }
        }
        pattern.iter().skip(of).all(|c| *c == '*')
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.excludes { "!" } else { "" }, self.text)
    }
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
    #[must_use]
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
                let (excluding, including): (Vec<_>, Vec<_>) = patterns.iter().partition(|pattern| pattern.excludes);
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
                        message: format!("{organization} {what} \"{}\"", pattern.text),
                        hint: seen.to_owned(),
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
                key: path(["fleet", table, &pattern.text]),
                message: format!("`{table}` table \"{}\" matches no repository of the fleet", pattern.text),
                hint: format!("{seen}. Remove the table if the repository is gone"),
            });
        }
        wrong
    }
}

fn path<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

/// A stable part of a fleet, for one of several runners: `K/N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    number: u32,
    of: u32,
}

impl FromStr for Shard {
    type Err = String;

    /// Reads `K/N`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("write K/N with K from 1 to N, such as 1/4".to_owned()),
        }
    }
}

impl Shard {
    /// Whether a repository is in this part. That depends on its name alone, so adding a repository does not move any other.
    #[must_use]
    pub fn holds(self, name: &str) -> bool {
        // FNV-1a, 64 bits.
        let hash = name
            .to_lowercase()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        hash % u64::from(self.of) == u64::from(self.number - 1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
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
