//! Counts what went over the wire.

use std::sync::atomic::{AtomicU64, Ordering};

use http::Method;

/// How many requests were sent so far, each attempt counted, and over how many connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// GET requests.
    pub get: u64,
    /// PUT requests.
    pub put: u64,
    /// PATCH requests.
    pub patch: u64,
    /// POST requests.
    pub post: u64,
    /// DELETE requests.
    pub delete: u64,
    /// Answers that said that nothing changed since an earlier run (304): they cost no rate limit.
    pub not_modified: u64,
    /// TCP connections that were made.
    pub connections: u64,
}

impl Traffic {
    /// All requests.
    pub fn sent(&self) -> u64 {
        self.reads() + self.writes()
    }

    /// All requests that only read.
    pub fn reads(&self) -> u64 {
        self.get
    }

    /// All requests that could write.
    pub fn writes(&self) -> u64 {
        self.put + self.patch + self.post + self.delete
    }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    get: AtomicU64,
    put: AtomicU64,
    patch: AtomicU64,
    post: AtomicU64,
    delete: AtomicU64,
    not_modified: AtomicU64,
    connections: AtomicU64,
}

impl Counters {
    pub(super) fn sent(&self, method: &Method) {
        let counter = match *method {
            Method::PUT => &self.put,
            Method::PATCH => &self.patch,
            Method::POST => &self.post,
            Method::DELETE => &self.delete,
            _ => &self.get,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn not_modified(&self) {
        self.not_modified.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Traffic {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Traffic {
            get: read(&self.get),
            put: read(&self.put),
            patch: read(&self.patch),
            post: read(&self.post),
            delete: read(&self.delete),
            not_modified: read(&self.not_modified),
            connections: read(&self.connections),
        }
    }
}
