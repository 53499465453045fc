//! Which partition a key belongs to, as Kafka's Java clients place it.

use std::num::NonZeroU32;

/// The hash that Java's default partitioner uses: murmur2 with Kafka's seed.
///
/// Java prints it as a signed integer; the bits are the same.
pub fn murmur2(key: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;

    // Java's lengths are 32 bits wide, so longer keys would wrap there as well.
    let length = u32::try_from(key.len() & 0xffff_ffff).unwrap_or(u32::MAX);
    let mut hash = SEED ^ length;
    let mut words = key.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k ^= k >> R;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        for (place, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * place);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

/// The partition of a record with this key in a topic of so many partitions.
pub fn partition(key: &[u8], partitions: NonZeroU32) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % partitions
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of `UtilsTest.testMurmur2` in Apache Kafka.
    #[test]
    fn the_hash_is_the_one_of_kafkas_java_clients() {
        let vectors: [(&[u8], i32); 7] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (
                b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            (b"abc", 479_470_107),
            (b"", 275_646_681),
        ];
        for (key, hash) in vectors {
            assert_eq!(murmur2(key), hash.cast_unsigned(), "{key:?}");
        }
    }

    #[test]
    fn a_negative_hash_is_made_positive_by_its_low_31_bits() {
        let three = NonZeroU32::new(3).unwrap();
        let expected = u32::try_from((i64::from(-973_932_308_i32) & 0x7fff_ffff) % 3).unwrap();
        assert_eq!(partition(b"21", three), expected);
    }

    #[test]
    fn one_partition_takes_every_key() {
        let one = NonZeroU32::MIN;
        for key in [&b"ada"[..], b"", b"\xff\x00"] {
            assert_eq!(partition(key, one), 0);
        }
    }
}
