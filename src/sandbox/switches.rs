//! The points that the documentation leaves open, each with all its positions.
//!
//! A client is correct if it is correct in every position. The first position of each switch is the default: the one that
//! the evidence favors (docs/facts.md).

macro_rules! switches {
    ($($(#[$doc:meta])* $field:ident: $Kind:ident { $(#[$first_doc:meta])* $First:ident, $($(#[$other_doc:meta])* $Other:ident),+ $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
            pub enum $Kind {
                $(#[$first_doc])*
                #[default]
                $First,
                $($(#[$other_doc])* $Other),+
            }
        )+

        /// One position for every switch.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Switches {
            $($(#[$doc])* pub $field: $Kind),+
        }

        impl Switches {
            /// Every way to turn exactly one switch away from its default.
            pub fn deviations() -> Vec<Deviation> {
                vec![$($(Deviation {
                    switch: stringify!($field),
                    position: stringify!($Other),
                    switches: Self { $field: $Kind::$Other, ..Self::default() },
                }),+),+]
            }
        }
    };
}

/// The defaults with one switch turned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// The switch's field name.
    pub switch: &'static str,
    /// The name of its position.
    pub position: &'static str,
    /// All switches, this one turned.
    pub switches: Switches,
}

switches! {
    /// What a PUT of an environment does with the keys that its body does not carry (fact G2.1).
    put: Put {
        /// They keep their value.
        KeyPresence,
        /// They return to the value of a fresh environment.
        WholeReplacement,
    }
    /// `can_admins_bypass` of an environment that was never configured; both were recorded (fact G2.13).
    fresh_bypass: FreshBypass {
        /// `true`.
        Allowed,
        /// `false`.
        Disallowed,
    }
    /// Whether `deployment_branch_policy: null` trips the billing-plan gate by its presence (fact G2.2).
    null_policy: NullPolicy {
        /// It does not.
        Accepted,
        /// It is refused like a gated key.
        Gated,
    }
    /// The value of `can_admins_bypass` if the billing plan does not offer it (fact G2.3).
    gated_bypass: GatedBypass {
        /// 422, as for the other gated keys.
        Refused,
        /// 200, and nothing changes.
        Ignored,
        /// 200, and it changes.
        Applied,
    }
    /// Which refusal wins when reviewers and a timer are both refused (fact G2.2).
    refusal_message: RefusalMessage {
        /// The one for required reviewers.
        Reviewers,
        /// The one for the wait timer.
        WaitTimer,
    }
    /// How the refusal by billing plan is worded (fact G2.2).
    refusal_wording: RefusalWording {
        /// The two messages of today.
        Current,
        /// The one message of 2022.
        Legacy,
    }
    /// What remains of a refused body besides the environment itself (fact G2.2).
    refused_body: RefusedBody {
        /// Nothing.
        NothingApplied,
        /// The branch policy that it carried.
        PolicyApplied,
    }
    /// The answer to an unknown key in a body (part 6).
    unknown_keys: UnknownKeys {
        /// 422.
        Refused,
        /// It is ignored.
        Ignored,
    }
    /// Whether the server knows `can_admins_bypass`; old GitHub Enterprise Server does not (fact G2.4).
    bypass_key: BypassKey {
        /// It does.
        Permitted,
        /// 422: not a permitted key.
        NotPermitted,
    }
    /// Whether the server knows `prevent_self_review`; GitHub Enterprise Server 3.10 does not (fact G2.2).
    self_review_key: SelfReviewKey {
        /// It does.
        Permitted,
        /// 422: not a permitted key.
        NotPermitted,
    }
    /// The value of `prevent_self_review` after the reviewers are removed and others added (fact G2.2).
    self_review_memory: SelfReviewMemory {
        /// It is `false` then.
        Forgotten,
        /// It is what it was.
        Remembered,
    }
    /// Whether branch and tag policies survive leaving selected mode and coming back (fact G2.6).
    left_policies: LeftPolicies {
        /// They are lost.
        Dropped,
        /// They return.
        Kept,
    }
    /// What makes a branch or tag policy a duplicate (1.2).
    duplicate_policy: DuplicatePolicy {
        /// The same name and type.
        NameAndType,
        /// The same name, with any type.
        Name,
    }
    /// Whether the 303 for a duplicate names a place (part 6).
    duplicate_location: DuplicateLocation {
        /// It does not.
        Absent,
        /// It carries `Location`.
        Present,
    }
    /// Whether the filter `environment` of the list of deployments compares as environments do (1.6).
    deployment_filter: DeploymentFilter {
        /// Without case.
        Folded,
        /// Only the stored spelling.
        Exact,
    }
    /// Whether lists that do not declare a `Link` header send one (1.7).
    list_links: ListLinks {
        /// They do.
        Present,
        /// They do not.
        Absent,
    }
    /// How a private repository of a Free account answers environment writes (fact G2.3).
    free_private: FreePrivate {
        /// Like other plans without the feature: 422.
        Unprocessable,
        /// 404, as recorded in 2022.
        NotFound,
    }
    /// Whether a private repository of a Free account takes a branch policy (fact G2.3).
    free_policy: FreePolicy {
        /// It does.
        Accepted,
        /// 422.
        Refused,
    }
    /// What an account that can see the repository but is not an admin gets for a write (fact G2.10).
    non_admin_write: NonAdminWrite {
        /// 403.
        Forbidden,
        /// 404.
        NotFound,
    }
    /// What access a reviewer needs so that GitHub keeps them (fact G2.5).
    reviewer_access: ReviewerAccess {
        /// Read access from any source.
        Read,
        /// Write access.
        Write,
        /// Any access, granted as a collaborator or team.
        Explicit,
    }
    /// The answer to a reviewer without access or with an unknown id (fact G2.5).
    lost_reviewer: LostReviewer {
        /// They are dropped, and the answer is 200.
        Dropped,
        /// 422.
        Refused,
    }
    /// How the reviewer entry of a deleted account reads (fact G2.5).
    deleted_reviewer: DeletedReviewer {
        /// It is gone.
        Vanishes,
        /// Its `reviewer` is null.
        Null,
    }
    /// Whether branches under an active ruleset count as protected (fact G2.6).
    rulesets: Rulesets {
        /// Only branch protection counts.
        Apart,
        /// They do.
        Protect,
    }
    /// The order of `protection_rules` and of reviewers, which is not documented (fact G2.13).
    answer_order: AnswerOrder {
        /// As configured.
        Configured,
        /// Reversed.
        Reversed,
    }
    /// Whether `updated_at` moves when an environment is updated (fact G2.13).
    updated_at: UpdatedAt {
        /// It stays.
        Still,
        /// It moves.
        Moves,
    }
    /// The effect of a PUT that removes the reviewers on runs that wait for them (fact G2.8).
    waiting_runs: WaitingRuns {
        /// They keep waiting.
        Wait,
        /// They start.
        Released,
    }
    /// The answer to a review by an account that is not a reviewer, or may not review its own run (1.6).
    foreign_review: ForeignReview {
        /// 403.
        Forbidden,
        /// 422.
        Unprocessable,
    }
    /// Whether a read just after a write may show the state before it; nothing promises otherwise.
    reads: Reads {
        /// It shows the new state.
        Fresh,
        /// The first read of each path shows the old state.
        OnceStale,
    }
    /// What a Heroku PATCH that changes nothing does (fact H2.1).
    same_config: SameConfig {
        /// No release.
        NoRelease,
        /// A release, and a restart.
        Release,
    }
    /// How a release for config vars is described (fact H2.1).
    release_wording: ReleaseWording {
        /// `Set KEY config vars`.
        Set,
        /// `Config add KEY`.
        ConfigAdd,
    }
}
