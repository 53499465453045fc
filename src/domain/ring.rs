//! A bounded memory of ids, by 48 bits of their hash.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

const MASK: u64 = (1 << 48) - 1;

/// The 64-bit hash of an id: `SipHash` 1-3 with a zero key over its bytes.
pub(super) fn hash(id: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(id.as_bytes());
    hasher.finish()
}

/// The newest ids, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ring(Vec<u64>);

impl Ring {
    /// The ring that holds these hashes, oldest first.
    pub fn from_hashes(hashes: Vec<u64>) -> Self {
        Self(hashes)
    }

    /// The 48-bit hashes, oldest first.
    pub fn hashes(&self) -> &[u64] {
        &self.0
    }

    /// Whether `id` is remembered.
    pub fn contains(&self, id: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&(hash(id) & MASK))
    }

    /// Remembers `id`, and forgets the oldest beyond `limit`.
    pub(super) fn push(&mut self, id: &str, limit: usize) {
        if self.0.len() >= limit.max(1) {
            self.0.remove(0);
        }
        self.0.push(hash(id) & MASK);
    }
}
