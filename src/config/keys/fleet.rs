//! The keys of `[fleet]`.

use super::super::schema::Presence::{Optional, Required};
use super::super::schema::{ANY, Table, Type, key};
use super::super::syntax as is;
use super::github::ENVIRONMENT;

pub(in crate::config) static FLEET: Table = Table {
    noun: "`[fleet]`",
    either: &[],
    keys: &[
        key("organization", Required, Type::Name(&is::LOGIN), "organization = \"acme\"", "The organization that owns the repositories."),
        key(
            "repositories",
            Required,
            Type::Either(&[
                Type::List { of: &Type::Name(&is::REPOSITORY_GLOB), noun: "repositories", min: 1, max: ANY, same: is::folded },
                Type::Table(&MEMBERS),
            ]),
            "repositories = [\"svc-*\", \"!svc-sandbox\"]",
            "Names and patterns over the complete list of the organization's repositories: `*` is any characters, `?` is one, and `!` excludes. A pattern that matches nothing is an error. Or the custom properties that select them.",
        ),
        key(
            "only",
            Optional,
            Type::Map { name: &is::REPOSITORY_PATTERN, of: &Type::Table(&ONLY), same: is::folded },
            "[fleet.only.\"svc-pay\".environments.production]",
            "What replaces the default for some repositories, by name or pattern. At most one table matches a repository.",
        ),
        key(
            "except",
            Optional,
            Type::Map { name: &is::REPOSITORY_PATTERN, of: &Type::Table(&EXCEPTION), same: is::folded },
            "[fleet.except.\"svc-legacy\"]",
            "Repositories that are left alone, by name or pattern. Every report lists them until they expire.",
        ),
    ],
};

pub(in crate::config) static MEMBERS: Table = Table {
    noun: "a selection of repositories",
    either: &[],
    keys: &[key(
        "property",
        Required,
        Type::Map { name: &is::PROPERTY, of: &Type::Name(&is::PROPERTY_VALUE), same: is::exact },
        "property = { tier = \"production\" }",
        "Custom properties of the organization, all of which a repository must have.",
    )],
};

pub(in crate::config) static ONLY: Table = Table {
    noun: "an `only` table",
    either: &[],
    keys: &[key(
        "environments",
        Required,
        Type::Map { name: &is::ENVIRONMENT, of: &Type::Table(&ENVIRONMENT), same: is::folded },
        "[fleet.only.\"svc-pay\".environments.production]",
        "Environments, by name. A key here replaces the whole key of the default; lists never merge.",
    )],
};

pub(in crate::config) static EXCEPTION: Table = Table {
    noun: "an exception",
    either: &[],
    keys: &[
        key("reason", Required, Type::Name(&is::REMARK), "reason = \"retired in March\"", "Why the repositories are left alone."),
        key("owner", Required, Type::Name(&is::REMARK), "owner = \"@ann\"", "Who is responsible for the exception."),
        key(
            "until",
            Required,
            Type::LocalDate,
            "until = 2027-01-31",
            "The last day, in UTC, on which the exception holds. After it, the exception is an error.",
        ),
    ],
};
