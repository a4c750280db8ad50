//! How strict a gate is, key by key: the one definition of weaker (laws 4 and 7).
//!
//! Owns the order. Must not know where a gate was read or how it is written.

use std::collections::BTreeSet;

use crate::model::{GateKey, fnmatch};

use crate::desired::github::{BranchPolicy, Pattern, RefKind};

/// The database identity of a reviewer: logins and slugs can be renamed, ids cannot (fact G2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActorId {
    /// An account.
    User(u64),
    /// A team.
    Team(u64),
    /// A team of the enterprise.
    EnterpriseTeam(u64),
}

/// Everything about an environment that holds a deployment back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strictness {
    /// Who may approve; one approval is enough. Empty: no approval is required.
    pub reviewers: BTreeSet<ActorId>,
    /// Whether the person who started the run may not approve it; has no effect without reviewers.
    pub prevent_self_review: bool,
    /// Whether admins may skip the rules.
    pub can_admins_bypass: bool,
    /// Minutes.
    pub wait_timer: u32,
    /// Which refs may deploy.
    pub refs: BranchPolicy,
    /// Slugs of enabled custom rules; all of them must pass.
    pub protection_rules: BTreeSet<String>,
}

/// Whether `a` holds back at least what `b` holds back, in one key. `None` is an environment that does not exist:
/// the weakest of all, since a workflow that names it creates it without rules (fact G2.8).
pub fn at_least_as_strict(a: Option<&Strictness>, b: Option<&Strictness>, key: GateKey) -> bool {
    let (a, b) = match (a, b) {
        (_, None) => return true,
        (None, Some(_)) if key == GateKey::State => return false,
        (None, Some(b)) => (&Strictness::none(), b),
        (Some(a), Some(b)) => (a, b),
    };
    match key {
        GateKey::State => true,
        GateKey::Reviewers => b.reviewers.is_empty() || (!a.reviewers.is_empty() && a.reviewers.is_subset(&b.reviewers)),
        GateKey::PreventSelfReview => a.self_review_prevented() || !b.self_review_prevented(),
        GateKey::CanAdminsBypass => !a.can_admins_bypass || b.can_admins_bypass,
        GateKey::WaitTimer => a.wait_timer >= b.wait_timer,
        GateKey::DeploymentBranchPolicy => refs_within(&a.refs, &b.refs),
        GateKey::ProtectionRules => a.protection_rules.is_superset(&b.protection_rules),
        GateKey::Secrets | GateKey::Variables | GateKey::Approvals => true,
    }
}

/// The keys in which going from `before` to `after` needs consent: `after` is not provably as strict (law 7).
pub fn weakened(before: Option<&Strictness>, after: Option<&Strictness>) -> Vec<GateKey> {
    let finishes = |key: GateKey| key == GateKey::DeploymentBranchPolicy && finishes_a_cut_off_step(before, after);
    GateKey::strict().filter(|key| !at_least_as_strict(after, before, *key) && !finishes(*key)).collect()
}

/// Selected mode without any pattern cannot be declared: it is what a step leaves if it is cut off after setting the mode. Giving
/// it its declared patterns finishes that step (law 7).
fn finishes_a_cut_off_step(before: Option<&Strictness>, after: Option<&Strictness>) -> bool {
    let refs = |side: Option<&Strictness>| match side.map(|side| &side.refs) {
        Some(BranchPolicy::Selected(patterns)) => Some(patterns.is_empty()),
        _ => None,
    };
    refs(before) == Some(true) && refs(after) == Some(false)
}

/// Law 4 for one moment of an apply: in each key, `now` is at least as strict as the start or as the goal.
///
/// If the two ends can be compared, this is "as the weaker of the two"; if not, it asks for one of them.
pub fn between(start: Option<&Strictness>, now: Option<&Strictness>, goal: Option<&Strictness>) -> Vec<GateKey> {
    GateKey::strict().filter(|key| !at_least_as_strict(now, start, *key) && !at_least_as_strict(now, goal, *key)).collect()
}

/// Whether every ref that `a` admits is provably admitted by `b`.
///
/// `Protected` is never provably within patterns, nor patterns within `Protected`: protection can change at any time,
/// and without a protected branch it admits every branch (fact G2.6). Patterns that admit nothing are within all.
pub fn refs_within(a: &BranchPolicy, b: &BranchPolicy) -> bool {
    match (a, b) {
        (_, BranchPolicy::All) | (BranchPolicy::Protected, BranchPolicy::Protected) => true,
        (BranchPolicy::Selected(a), BranchPolicy::Selected(b)) => a.iter().all(|pattern| covered(pattern, b)),
        (BranchPolicy::Selected(a), BranchPolicy::Protected) => a.is_empty(),
        (BranchPolicy::All, _) | (BranchPolicy::Protected, BranchPolicy::Selected(_)) => false,
    }
}

/// Whether one of `patterns` provably matches all that `pattern` matches.
pub fn covered(pattern: &Pattern, patterns: &BTreeSet<Pattern>) -> bool {
    // Most patterns are the same on both sides, and thousands of them are compared with each other.
    patterns.contains(pattern)
        || patterns.iter().any(|general| general.kind == pattern.kind && fnmatch::covers(&general.name, &pattern.name))
}

/// Whether one of the patterns admits the ref, given by its short name.
pub fn admitted<'p>(patterns: &'p BTreeSet<Pattern>, kind: RefKind, short_name: &str) -> Option<&'p Pattern> {
    patterns.iter().find(|pattern| pattern.kind == kind && fnmatch::matches(&pattern.name, short_name))
}

impl Strictness {
    /// A gate that holds nothing back: what GitHub creates when a workflow names a new environment.
    pub const fn none() -> Self {
        Self {
            reviewers: BTreeSet::new(),
            prevent_self_review: false,
            can_admins_bypass: true,
            wait_timer: 0,
            refs: BranchPolicy::All,
            protection_rules: BTreeSet::new(),
        }
    }

    fn self_review_prevented(&self) -> bool {
        self.prevent_self_review && !self.reviewers.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refs() -> impl Strategy<Value = BranchPolicy> {
        let pattern =
            (prop_oneof![Just(RefKind::Branch), Just(RefKind::Tag)], prop_oneof!["main", "release/\\*", "release/1", "v\\*", "v1"])
                .prop_map(|(kind, name)| Pattern { kind, name });
        prop_oneof![
            Just(BranchPolicy::All),
            Just(BranchPolicy::Protected),
            proptest::collection::btree_set(pattern, 0..4).prop_map(BranchPolicy::Selected),
        ]
    }

    fn gate() -> impl Strategy<Value = Option<Strictness>> {
        let actor = prop_oneof![(1..4u64).prop_map(ActorId::User), (1..3u64).prop_map(ActorId::Team)];
        proptest::option::weighted(
            0.9,
            (
                proptest::collection::btree_set(actor, 0..4),
                any::<bool>(),
                any::<bool>(),
                0..3u32,
                refs(),
                proptest::collection::btree_set("[ab]", 0..3),
            )
                .prop_map(|(reviewers, prevent_self_review, can_admins_bypass, wait_timer, refs, protection_rules)| {
                    Strictness { reviewers, prevent_self_review, can_admins_bypass, wait_timer, refs, protection_rules }
                }),
        )
    }

    proptest! {
        #[test]
        fn strictness_is_a_preorder(a in gate(), b in gate(), c in gate()) {
            for d in GateKey::strict() {
                let le = |x: &Option<Strictness>, y: &Option<Strictness>| at_least_as_strict(x.as_ref(), y.as_ref(), d);
                prop_assert!(le(&a, &a), "reflexive in {d:?}");
                if le(&a, &b) && le(&b, &c) {
                    prop_assert!(le(&a, &c), "transitive in {d:?}");
                }
            }
        }

        #[test]
        fn nothing_is_weaker_than_a_missing_environment(a in gate()) {
            prop_assert!(weakened(None, a.as_ref()).is_empty());
            prop_assert_eq!(weakened(a.as_ref(), None).contains(&GateKey::State), a.is_some());
        }

        #[test]
        fn both_ends_lie_between_the_ends(a in gate(), b in gate()) {
            prop_assert!(between(a.as_ref(), a.as_ref(), b.as_ref()).is_empty());
            prop_assert!(between(a.as_ref(), b.as_ref(), b.as_ref()).is_empty());
        }
    }

    fn base() -> Strictness {
        Strictness { reviewers: BTreeSet::from([ActorId::User(1)]), can_admins_bypass: false, ..Strictness::none() }
    }

    #[test]
    fn more_approvers_are_less_strict_and_none_is_least_strict() {
        let with = |ids: &[u64]| Strictness { reviewers: ids.iter().map(|id| ActorId::User(*id)).collect(), ..base() };
        let weaker = |a: &[u64], b: &[u64]| weakened(Some(&with(a)), Some(&with(b))) == vec![GateKey::Reviewers];
        assert!(weaker(&[1], &[1, 2]));
        assert!(weaker(&[1], &[2]));
        assert!(weaker(&[1], &[]));
        assert!(!weaker(&[1, 2], &[1]));
        assert!(!weaker(&[], &[1, 2]));
    }

    #[test]
    fn every_key_has_a_weaker_side() {
        let start = Strictness {
            prevent_self_review: true,
            wait_timer: 5,
            refs: BranchPolicy::Protected,
            protection_rules: BTreeSet::from(["a".to_owned()]),
            ..base()
        };
        let cases = [
            (Strictness { prevent_self_review: false, ..start.clone() }, GateKey::PreventSelfReview),
            (Strictness { can_admins_bypass: true, ..start.clone() }, GateKey::CanAdminsBypass),
            (Strictness { wait_timer: 4, ..start.clone() }, GateKey::WaitTimer),
            (Strictness { refs: BranchPolicy::All, ..start.clone() }, GateKey::DeploymentBranchPolicy),
            (Strictness { protection_rules: BTreeSet::new(), ..start.clone() }, GateKey::ProtectionRules),
        ];
        for (after, key) in cases {
            assert_eq!(weakened(Some(&start), Some(&after)), vec![key]);
            assert_eq!(weakened(Some(&after), Some(&start)), vec![], "the way back tightens");
        }
    }

    #[test]
    fn a_union_of_two_incomparable_ends_is_weaker_than_both() {
        let selected = |names: &[&str]| Strictness {
            refs: BranchPolicy::Selected(names.iter().map(|n| Pattern { kind: RefKind::Branch, name: (*n).to_owned() }).collect()),
            ..base()
        };
        let (start, goal) = (selected(&["main"]), selected(&["dev"]));
        assert_eq!(between(Some(&start), Some(&selected(&["main", "dev"])), Some(&goal)), vec![GateKey::DeploymentBranchPolicy]);
        assert!(between(Some(&start), Some(&selected(&[])), Some(&goal)).is_empty());
        assert!(refs_within(&selected(&["release/1"]).refs, &selected(&["release/*"]).refs));
        assert!(!refs_within(&selected(&["release/*"]).refs, &selected(&["release/1"]).refs));
    }

    fn pattern(kind: RefKind, name: &str) -> Pattern {
        Pattern { kind, name: name.to_owned() }
    }

    #[test]
    fn a_pattern_admits_and_covers_refs_of_its_own_kind_only() {
        let patterns = BTreeSet::from([pattern(RefKind::Branch, "v*"), pattern(RefKind::Tag, "release-*")]);
        let name = |found: Option<&Pattern>| found.map(|pattern| pattern.name.clone());
        for (kind, short, admits) in [
            (RefKind::Branch, "v1", Some("v*")),
            (RefKind::Tag, "v1", None),
            (RefKind::Tag, "release-1", Some("release-*")),
            (RefKind::Branch, "release-1", None),
            (RefKind::Branch, "main", None),
        ] {
            assert_eq!(name(admitted(&patterns, kind, short)).as_deref(), admits, "{kind:?} {short}");
            assert_eq!(covered(&pattern(kind, short), &patterns), admits.is_some(), "{kind:?} {short}");
        }
    }

    #[test]
    fn which_policy_is_within_which() {
        let of = |names: &[&str]| BranchPolicy::Selected(names.iter().map(|name| pattern(RefKind::Branch, name)).collect());
        let policies = [BranchPolicy::All, BranchPolicy::Protected, of(&["main"]), of(&[])];
        // Rows within columns.
        let within = [[true, false, false, false], [true, true, false, false], [true, false, true, false], [true, true, true, true]];
        for (a, row) in policies.iter().zip(within) {
            for (b, expected) in policies.iter().zip(row) {
                assert_eq!(refs_within(a, b), expected, "{a:?} within {b:?}");
            }
        }
    }

    #[test]
    fn only_the_declared_patterns_finish_selected_mode_without_any() {
        let of = |names: &[&str]| Strictness {
            refs: BranchPolicy::Selected(names.iter().map(|name| pattern(RefKind::Branch, name)).collect()),
            ..base()
        };
        let wide = |refs| Strictness { refs, ..base() };
        assert_eq!(weakened(Some(&of(&[])), Some(&of(&["main"]))), vec![], "what a cut-off step left");
        assert_eq!(weakened(Some(&of(&[])), Some(&wide(BranchPolicy::All))), vec![GateKey::DeploymentBranchPolicy]);
        assert_eq!(weakened(Some(&of(&[])), Some(&wide(BranchPolicy::Protected))), vec![GateKey::DeploymentBranchPolicy]);
        assert_eq!(weakened(Some(&of(&["main"])), Some(&of(&["main", "dev"]))), vec![GateKey::DeploymentBranchPolicy]);
        // And it allows nothing else.
        let bypass = Strictness { can_admins_bypass: true, ..of(&["main"]) };
        assert_eq!(weakened(Some(&of(&[])), Some(&bypass)), vec![GateKey::CanAdminsBypass]);
    }

    #[test]
    fn a_moment_may_be_as_either_end_and_no_weaker() {
        let timer = |wait_timer| Strictness { wait_timer, ..base() };
        let between = |now| between(Some(&timer(5)), Some(&timer(now)), Some(&timer(10)));
        assert_eq!((between(5), between(7), between(10)), (vec![], vec![], vec![]));
        assert_eq!(between(4), vec![GateKey::WaitTimer]);
    }

    #[test]
    fn self_review_means_something_only_beside_reviewers() {
        let of = |reviewers: &[u64], prevent_self_review| Strictness {
            reviewers: reviewers.iter().map(|id| ActorId::User(*id)).collect(),
            prevent_self_review,
            ..base()
        };
        let holds = |a: &Strictness, b: &Strictness| at_least_as_strict(Some(a), Some(b), GateKey::PreventSelfReview);
        assert!(!holds(&of(&[1], false), &of(&[1], true)));
        assert!(holds(&of(&[1], true), &of(&[1], false)));
        assert!(holds(&of(&[1], false), &of(&[], true)), "without a reviewer it prevented nothing");
        assert!(!holds(&of(&[], true), &of(&[1], true)));
    }

    #[test]
    fn a_missing_environment_holds_nothing_back() {
        let strict = Strictness { wait_timer: 5, ..base() };
        let all: Vec<GateKey> = GateKey::strict().filter(|d| !at_least_as_strict(None, Some(&strict), *d)).collect();
        assert_eq!(all, [GateKey::State, GateKey::Reviewers, GateKey::CanAdminsBypass, GateKey::WaitTimer]);
        assert!(GateKey::strict().all(|d| at_least_as_strict(None, None, d)));
        assert!(GateKey::strict().all(|d| d == GateKey::State || at_least_as_strict(None, Some(&Strictness::none()), d)));
    }
}
