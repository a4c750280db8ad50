//! The keys of `[fleet]`.

use super::super::schema::{ANY, Table, Type, key};
use super::super::syntax as is;
use super::github::ENVIRONMENT;

pub(in crate::config) static FLEET: Table = Table {
    noun: "`[fleet]`",
    either: &[],
    keys: &[
        key("organization", Type::Name(&is::LOGIN), "organization = \"acme\"", "The organization that owns the repositories.").required(),
        key(
            "repositories",
            Type::Either(&[
                Type::List { of: &Type::Name(&is::REPOSITORY_GLOB), noun: "repositories", min: 1, max: ANY, same: is::folded },
                Type::Table(&MEMBERS),
            ]),
            "repositories = [\"svc-*\", \"!svc-sandbox\"]",
            "Names and patterns over the complete list of the organization's repositories: `*` is any characters, `?` is one, and `!` excludes. A pattern that matches nothing is an error. Or the custom properties that select them.",
        ).required(),
        key(
            "only",
            Type::Map { name: &is::REPOSITORY_PATTERN, of: &Type::Table(&ONLY), same: is::folded },
            "[fleet.only.\"svc-pay\".environments.production]",
            "What replaces the default for some repositories, by name or pattern. At most one table matches a repository.",
        ),
        key(
            "except",
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
        Type::Map { name: &is::PROPERTY, of: &Type::Name(&is::PROPERTY_VALUE), same: is::exact },
        "property = { tier = \"production\" }",
        "Custom properties of the organization, all of which a repository must have.",
    )
    .required()],
};

pub(in crate::config) static ONLY: Table = Table {
    noun: "an `only` table",
    either: &[],
    keys: &[key(
        "environments",
        Type::Map { name: &is::ENVIRONMENT, of: &Type::Table(&ENVIRONMENT), same: is::folded },
        "[fleet.only.\"svc-pay\".environments.production]",
        "Environments, by name. A key here replaces the whole key of the default; lists never merge.",
    )
    .required()],
};

pub(in crate::config) static EXCEPTION: Table = Table {
    noun: "an exception",
    either: &[],
    keys: &[
        key("reason", Type::Name(&is::REMARK), "reason = \"retired in March\"", "Why the repositories are left alone.").required(),
        key("owner", Type::Name(&is::REMARK), "owner = \"@ann\"", "Who is responsible for the exception.").required(),
        key(
            "until",
            Type::LocalDate,
            "until = 2027-01-31",
            "The last day, in UTC, on which the exception holds. After it, the exception is an error.",
        )
        .required(),
    ],
};
