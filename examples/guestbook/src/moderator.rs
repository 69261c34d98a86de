//! Authorization to delete: the bearer of the moderator's token. Only the digest of the token is kept.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

use crate::config::Secret;

#[derive(Clone, Copy)]
pub struct Moderator {
    digest: blake3::Hash,
}

impl Moderator {
    pub fn new(token: &Secret) -> Self {
        Self {
            digest: blake3::hash(token.reveal().as_bytes()),
        }
    }

    /// Returns whether the request carries the moderator's token.
    pub fn sent(&self, headers: &HeaderMap) -> bool {
        // `blake3::Hash` compares in constant time, and digests have one length regardless of the input.
        bearer(headers).is_some_and(|token| blake3::hash(token) == self.digest)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, token) = headers
        .get(AUTHORIZATION)?
        .as_bytes()
        .split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}
