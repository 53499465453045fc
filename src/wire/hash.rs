//! Ids from content.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

/// `SipHash` 1-3 with a zero key and 128 bits of result over the parts, each as its length (eight
/// bytes, little-endian) and its bytes.
pub(super) fn of(parts: &[&[u8]]) -> u128 {
    let mut hasher = SipHasher13::new();
    for part in parts {
        hasher.write(&(part.len() as u64).to_le_bytes());
        hasher.write(part);
    }
    hasher.finish128().as_u128()
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_hash_depends_on_where_the_parts_end() {
        assert_eq!(of(&[b"x", b"y"]), of(&[b"x", b"y"]));
        assert_ne!(of(&[b"x", b"y"]), of(&[b"xy"]));
        assert_ne!(of(&[b"x", b""]), of(&[b"", b"x"]));
    }
}
