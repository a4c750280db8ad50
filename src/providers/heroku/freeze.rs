//! The freeze store of a Heroku app: its config vars, and the releases that say who really changed them.
//!
//! Owns the requests. The code shared by all stores is in [`crate::providers::freeze_store`].

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::Deserialize;

use crate::desired::freeze::Store;
use crate::freeze::{FreezeVars, FreezeWrite, History, Keys, Release};
use crate::http::{Api, ApiError, Reader, Target, Writer};
use crate::providers::freeze_store::FreezeStore;

use super::api;
use super::live::{self, ConfigVars as Values};

/// The newest releases, as many as one page holds: every change of a config var is one of them.
const NEWEST: &str = "version ..; order=desc,max=200";

/// The config vars of an app as a freeze store: one PATCH changes all four values at once.
#[derive(Debug, Clone, Copy)]
pub struct ConfigVars;

impl FreezeStore for ConfigVars {
    fn api(&self) -> &'static Api {
        &api::API
    }

    fn read<'a>(&'a self, reader: &'a Reader, keys: &'a Keys) -> BoxFuture<'a, Result<BTreeMap<String, String>, ApiError>> {
        let wanted = keys.all().into_iter().map(str::to_owned).collect();
        Box::pin(async move { live::config_vars(reader, keys.store.name(), &wanted).await.map(set_only) })
    }

    fn write<'a>(&'a self, writer: &'a Writer, write: &'a FreezeWrite) -> BoxFuture<'a, Result<(), ApiError>> {
        let target = Target::new(["apps", write.store().name(), "config-vars"]);
        // Heroku answers with every var of the app: none of it is kept.
        Box::pin(async move { writer.patch(&target, write.body()).await.map(drop) })
    }

    fn history<'a>(&'a self, reader: &'a Reader, keys: &'a Keys) -> BoxFuture<'a, Result<Option<History>, ApiError>> {
        Box::pin(async move { releases(reader, keys.store.name()).await.map(|releases| Some(History::Releases(releases))) })
    }

    fn account<'a>(&'a self, reader: &'a Reader) -> BoxFuture<'a, Result<Option<String>, ApiError>> {
        // A token may lack the scope `identity`.
        Box::pin(async move { reader.get_json::<User>(&Target::new(["account"])).await.map(|user| user.email) })
    }

    fn page(&self, store: &Store) -> String {
        format!("https://dashboard.heroku.com/apps/{}/settings", store.name())
    }

    fn gets_past(&self, store: &Store) -> String {
        let app = store.name();
        format!(
            "anyone who can write the config vars of {app} or edit the workflow can get past it, and pushes, promotions and rollbacks on Heroku itself never check it"
        )
    }
}

/// Picks the freeze's config vars from what was read of its app.
pub fn pick(keys: &Keys, vars: &Values) -> FreezeVars {
    keys.pick(&set_only(vars.clone()))
}

fn set_only(vars: Values) -> BTreeMap<String, String> {
    vars.into_iter().filter_map(|(key, value)| Some((key, value?.expose().to_owned()))).collect()
}

async fn releases(reader: &Reader, app: &str) -> Result<Vec<Release>, ApiError> {
    #[derive(Deserialize)]
    struct Shape {
        version: u64,
        description: Option<String>,
        user: Option<User>,
        created_at: Timestamp,
        status: Option<String>,
    }
    let shapes: Vec<Shape> = reader.get_json(&Target::new(["apps", app, "releases"]).range(NEWEST)).await?;
    let release = |shape: Shape| Release {
        version: shape.version,
        description: shape.description.unwrap_or_default(),
        user: shape.user.and_then(|user| user.email),
        created_at: shape.created_at,
        status: shape.status.unwrap_or_default(),
    };
    Ok(shapes.into_iter().map(release).collect())
}

#[derive(Deserialize)]
struct User {
    email: Option<String>,
}
