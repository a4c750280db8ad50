//! Paging (fact G1.7).

use serde_json::{Value, json};

use super::Call;
use crate::sandbox::switches::ListLinks;
use crate::sandbox::wire::{Request, Response};

/// How a list is paged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paging {
    default: usize,
    max: usize,
    /// Whether the API description declares a `Link` header for the list.
    declares_link: bool,
}

impl Paging {
    /// 30, at most 100, with `Link`.
    pub(super) const LINKED: Self = Self { default: 30, max: 100, declares_link: true };
    /// 30, at most 100, if the description declares no `Link`.
    pub(super) const PLAIN: Self = Self { default: 30, max: 100, declares_link: false };
    /// Variables: 10, at most 30.
    pub(super) const VARIABLES: Self = Self { default: 10, max: 30, declares_link: true };
}

/// One page of a list as a plain array; only what is on the page is made into JSON.
pub(super) fn array<T>(call: &Call<'_>, items: Vec<T>, paging: Paging, shape: impl Fn(T) -> Value) -> Response {
    let (page, link) = cut(call, items, paging);
    linked(Response::json(200, &page.into_iter().map(shape).collect()), link)
}

/// One page of a list below a key, with `total_count`.
pub(super) fn counted<T>(call: &Call<'_>, key: &str, items: Vec<T>, paging: Paging, shape: impl Fn(T) -> Value) -> Response {
    let total = items.len();
    let (page, link) = cut(call, items, paging);
    linked(Response::json(200, &json!({"total_count": total, key: page.into_iter().map(shape).collect::<Vec<_>>()})), link)
}

fn linked(response: Response, link: Option<String>) -> Response {
    match link {
        Some(link) => response.with("link", link),
        None => response,
    }
}

/// The items of the requested page, and the `Link` header.
pub(super) fn cut<T>(call: &Call<'_>, items: Vec<T>, paging: Paging) -> (Vec<T>, Option<String>) {
    let number = |name: &str| call.request.param(name).and_then(|value| value.parse::<usize>().ok()).filter(|value| *value > 0);
    let size = number("per_page").unwrap_or(paging.default).min(paging.max);
    let page = number("page").unwrap_or(1);
    let last = items.len().div_ceil(size).max(1);
    let links = paging.declares_link || call.switches.list_links == ListLinks::Present;
    let link = (links && last > 1).then(|| link(call.request, page, last));
    (items.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect(), link)
}

fn link(request: &Request, page: usize, last: usize) -> String {
    let kept = request.query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("page="));
    let query: String = kept.map(|pair| format!("{pair}&")).collect();
    let to = |page: usize, rel: &str| format!("<{}{}?{query}page={page}>; rel=\"{rel}\"", request.base, request.path);
    let mut links = Vec::new();
    if page > 1 {
        links.push(to(page - 1, "prev"));
    }
    if page < last {
        links.push(to(page + 1, "next"));
        links.push(to(last, "last"));
    }
    if page > 1 {
        links.push(to(1, "first"));
    }
    links.join(", ")
}
