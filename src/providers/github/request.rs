//! GitHub's requests as the provider seam sees them; what each sends is in [`super::ops`].

use crate::apply::Mismatch;
use crate::http::{Api, ApiError, Reader, Writer};
use crate::model::ByHand;
use crate::providers::request::Request;

use super::api;
use super::ops::{self, Action, Op};

impl Request for Op {
    fn api(&self) -> &'static Api {
        &api::API
    }

    fn describe(&self) -> String {
        let name = &self.environment;
        match &self.action {
            Action::Expect(_) => format!("checking that {name} is still as planned"),
            Action::Put { .. } => format!("writing the rules of {name}"),
            Action::CreateBranchPolicy(pattern) => format!("adding {} pattern `{}`", pattern.kind.word(), pattern.name),
            Action::DeleteBranchPolicy { pattern, .. } => format!("removing {} pattern `{}`", pattern.kind.word(), pattern.name),
            Action::DeleteOtherBranchPolicies(_) => format!("removing patterns that {name} kept from before"),
            Action::EnableRule { slug, .. } => format!("enabling the custom rule of `{slug}`"),
            Action::DisableRule { slug, .. } => format!("disabling the custom rule of `{slug}`"),
            Action::CreateVariable { name, .. } | Action::UpdateVariable { name, .. } => format!("setting variable {name}"),
            Action::Delete => format!("deleting {name}"),
        }
    }

    fn writes(&self) -> bool {
        !matches!(self.action, Action::Expect(_))
    }

    async fn moved(&self, reader: &Reader) -> Result<Vec<Mismatch>, ApiError> {
        ops::moved(reader, self).await
    }

    async fn perform(&self, writer: &Writer) -> Result<(), ApiError> {
        ops::perform(writer, self).await
    }

    async fn took_effect(&self, reader: &Reader) -> Result<bool, ApiError> {
        ops::took_effect(reader, self).await
    }

    fn refused(&self, error: &ApiError) -> Option<ByHand> {
        ops::refused(self, error)
    }

    async fn fall_back(&self, writer: &Writer) -> Result<(), ApiError> {
        ops::fall_back(writer, self).await
    }
}
