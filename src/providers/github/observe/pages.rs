//! Lists that come in pages, read to their proven end.
//!
//! Owns paging. Must not know what a list holds.

use futures_util::future::join_all;
use serde::de::DeserializeOwned;

use crate::http::{ApiError, Reader, Target};

/// Reads a counted list to its end.
///
/// # Errors
/// When a page cannot be read, or when the list holds fewer entries than it says: half a list does not prove absence.
pub async fn pages<T, P>(reader: &Reader, target: &Target, per_page: usize) -> Result<Vec<T>, ApiError>
where
    P: DeserializeOwned + Page<T>,
{
    let page = |page: usize| {
        let target = target.clone().query("per_page", per_page).query("page", page);
        async move { reader.get_page::<P>(&target).await }
    };
    let endless = || reader.malformed(target, format!("the list has more than {MAX_PAGES} pages, more than any real one"));
    let (first, mut has_next) = page(1).await?;
    let total = first.total();
    let mut items = first.items();
    if let Some(total) = total {
        let last = total.div_ceil(per_page);
        if last > MAX_PAGES {
            return Err(endless());
        }
        // The Link header is not promised on these lists (fact G1.7), the total is: so the rest is requested concurrently.
        for page in join_all((2..=last).map(page)).await {
            items.extend(page?.0.items());
        }
        // On one page both are from one moment; over several pages, entries may be added meanwhile.
        if items.len() < total || (last <= 1 && items.len() > total) {
            let message = format!("the list claims {total} entries but has {}", items.len());
            return Err(reader.malformed(target, message));
        }
    } else {
        // Without total and Link, only a page that is not full is certainly the last.
        let mut is_full = items.len() >= per_page;
        for number in 2.. {
            if !has_next && !is_full {
                break;
            }
            if number > MAX_PAGES {
                return Err(endless());
            }
            let (next, more) = page(number).await?;
            let next = next.items();
            (has_next, is_full) = (more, next.len() >= per_page);
            items.extend(next);
        }
    }
    Ok(items)
}

/// More pages than any list that gatectl reads; a server that promises more is not followed.
pub const MAX_PAGES: usize = 1_000;

/// One page of a counted list.
pub trait Page<T> {
    /// How many there are in all, when the server says so.
    fn total(&self) -> Option<usize>;
    /// What this page holds.
    fn items(self) -> Vec<T>;
}

/// A page of a list that is a bare array: only the `Link` header says whether there is more.
impl<T> Page<T> for Vec<T> {
    fn total(&self) -> Option<usize> {
        None
    }
    fn items(self) -> Self {
        self
    }
}

/// Declares a page of a list that an object holds beside its total.
macro_rules! page {
    ($list:ident, $item:ident, $key:ident) => {
        #[derive(serde::Deserialize)]
        pub(super) struct $list {
            total_count: Option<usize>,
            $key: Vec<$item>,
        }
        impl $crate::providers::github::observe::Page<$item> for $list {
            fn total(&self) -> Option<usize> {
                self.total_count
            }
            fn items(self) -> Vec<$item> {
                self.$key
            }
        }
    };
}
pub(in crate::providers::github) use page;
