//! The freeze in GitHub Actions variables, of an organization or of a repository (fact G1.4).
//!
//! Owns the requests: GitHub takes one variable at a time, so a change is sent in the order that [`FreezeWrite::one_by_one`]
//! gives. Must not decide what is written. Tested in `tests/reconcile/variables.rs` and `tests/program/freeze_store.rs`.

mod wire;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use serde_json::json;

use crate::desired::freeze::Store;
use crate::freeze::{FreezeWrite, History, Keys, Stamps, ValueWrite};
use crate::http::{Api, ApiError, ErrorKind, Reader, Target, Writer};
use crate::providers::freeze_store::FreezeStore;
use crate::providers::github::api;
use crate::providers::github::observe::pages;

/// The most that this list gives per page (fact G1.4).
const PER_PAGE: usize = 30;

/// Actions variables as a freeze store.
#[derive(Debug, Clone, Copy)]
pub struct ActionsVariables;

impl FreezeStore for ActionsVariables {
    fn api(&self) -> &'static Api {
        &api::API
    }

    fn read<'a>(&'a self, reader: &'a Reader, keys: &'a Keys) -> BoxFuture<'a, Result<BTreeMap<String, String>, ApiError>> {
        Box::pin(async move {
            let variables = list(reader, &keys.store, &keys.all()).await?;
            Ok(variables.into_iter().map(|variable| (variable.name, variable.value)).collect())
        })
    }

    fn write<'a>(&'a self, writer: &'a Writer, write: &'a FreezeWrite) -> BoxFuture<'a, Result<(), ApiError>> {
        Box::pin(async move {
            for one in write.one_by_one() {
                send(writer, write.store(), one).await.map_err(|error| named(error, write.store(), "write"))?;
            }
            Ok(())
        })
    }

    fn writes_at_once(&self) -> bool {
        false
    }

    fn history<'a>(&'a self, reader: &'a Reader, keys: &'a Keys) -> BoxFuture<'a, Result<Option<History>, ApiError>> {
        Box::pin(async move {
            let variables = list(reader, &keys.store, &keys.all()).await?;
            let hidden = |variable: &&wire::Variable| variable.visibility.as_deref().is_some_and(|visibility| visibility != "all");
            let narrow: BTreeSet<String> = variables.iter().filter(hidden).map(|variable| variable.name.clone()).collect();
            let written = variables.into_iter().filter_map(|variable| Some((variable.name, variable.updated_at?))).collect();
            Ok(Some(History::Stamps(Stamps { written, narrow })))
        })
    }

    fn account<'a>(&'a self, reader: &'a Reader) -> BoxFuture<'a, Result<Option<String>, ApiError>> {
        // The token of an installation has no account.
        Box::pin(async move {
            let account: wire::Account = reader.get_json(&Target::new(["user"])).await?;
            Ok(account.login.map(|login| format!("gh:{login}")))
        })
    }

    fn page(&self, store: &Store) -> String {
        match store.name() {
            name if name.contains('/') => format!("https://github.com/{name}/settings/variables/actions"),
            name => format!("https://github.com/organizations/{name}/settings/variables/actions"),
        }
    }

    fn gets_past(&self, store: &Store) -> String {
        format!("and anyone who can write the Actions variables of {}, or edit the workflow, can get past it", store.described())
    }
}

/// The list of variables: of an organization, or of a repository.
fn target(store: &Store) -> Target {
    match store.name().split_once('/') {
        Some((owner, name)) => Target::new(["repos", owner, name, "actions", "variables"]),
        None => Target::new(["orgs", store.name(), "actions", "variables"]),
    }
}

/// Reads some variables and keeps no others: a complete list shows which do not exist.
async fn list(reader: &Reader, store: &Store, names: &[&str]) -> Result<Vec<wire::Variable>, ApiError> {
    let all = pages::<_, wire::Variables>(reader, &target(store), PER_PAGE).await.map_err(|error| named(error, store, "read"))?;
    let folded = all.into_iter().map(|variable| wire::Variable { name: variable.name.to_ascii_uppercase(), ..variable });
    Ok(folded.filter(|variable| names.contains(&variable.name.as_str())).collect())
}

/// Writes one variable. A variable that was created or removed in the meantime is not an error.
async fn send(writer: &Writer, store: &Store, one: ValueWrite<'_>) -> Result<(), ApiError> {
    let ValueWrite { name, value, exists } = one;
    let all = target(store);
    let Some(value) = value else {
        return match writer.delete(&all.join(name)).await {
            // Read-back shows whether it is gone.
            Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
            result => result.map(drop),
        };
    };
    let create = async || {
        let body = if store.name().contains('/') {
            json!({ "name": name, "value": value })
        } else {
            // One switch for every repository.
            json!({ "name": name, "value": value, "visibility": "all" })
        };
        writer.post(&all, &body).await.map(drop)
    };
    let update = async || writer.patch(&all.clone().join(name), &json!({ "name": name, "value": value })).await.map(drop);
    if exists {
        match update().await {
            Err(error) if error.kind == ErrorKind::NotFound => create().await,
            result => result,
        }
    } else {
        match create().await {
            Err(error) if error.kind == ErrorKind::Conflict => update().await,
            result => result,
        }
    }
}

/// Names the permission if missing permissions are, or may be, the reason.
fn named(error: ApiError, store: &Store, access: &str) -> ApiError {
    if !matches!(error.kind, ErrorKind::Forbidden | ErrorKind::NotFound) {
        return error;
    }
    let permission = if store.name().contains('/') {
        format!("`Variables: {access}` (fine-grained) or `repo` (classic)")
    } else {
        format!("the organization permission `Variables: {access}` (fine-grained) or `admin:org` (classic)")
    };
    ApiError { hint: Some(format!("check the name and the token: the freeze of {} needs {permission}", store.described())), ..error }
}
