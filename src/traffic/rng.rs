//! Chance that is the same on every platform: integers only, no floats, no hash order.

use crate::domain::Millis;

use super::amounts::Share;

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Scrambles 64 bits (the finaliser of splitmix64). Different inputs give different outputs.
pub(super) const fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The quantiles of a log-normal with a standard deviation of 1 in sixteenths, in thousandths of
/// its median: most delays of people are near the median, a few are many times as long. The ends
/// are cut off at a twelfth and at twelve times the median.
const SPREAD: [i64; 17] = [
    83, 216, 317, 412, 510, 613, 727, 855, 1_000, 1_170, 1_376, 1_631, 1_962, 2_427, 3_158, 4_637,
    12_000,
];

/// A source of chance: xoshiro256**, seeded by splitmix64.
pub(super) struct Rng([u64; 4]);

impl Rng {
    /// A source that depends on `seed` alone.
    pub(super) fn new(seed: u64) -> Self {
        let mut at = seed;
        Self(std::array::from_fn(|_| {
            at = at.wrapping_add(GOLDEN);
            mix(at)
        }))
    }

    fn next(&mut self) -> u64 {
        let [s0, s1, s2, s3] = &mut self.0;
        let out = s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = *s1 << 17;
        *s2 ^= *s0;
        *s3 ^= *s1;
        *s1 ^= *s2;
        *s0 ^= *s3;
        *s2 ^= shifted;
        *s3 = s3.rotate_left(45);
        out
    }

    /// A number below `n`; 0 if `n` is 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// One of `all`, each as likely as the others.
    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let index = self.below(all.len() as u64);
        all[usize::try_from(index).unwrap_or(0)]
    }

    /// One of `table`, each as likely as its weight.
    pub(super) fn weighted<T: Copy>(&mut self, table: &[(u32, T)]) -> T {
        let sum = table.iter().map(|(weight, _)| u64::from(*weight)).sum();
        let mut at = self.below(sum);
        for (weight, choice) in table {
            match at.checked_sub(u64::from(*weight)) {
                Some(rest) => at = rest,
                None => return *choice,
            }
        }
        table[0].1
    }

    /// True in `share` of the cases.
    pub(super) fn chance(&mut self, share: Share) -> bool {
        self.below(1_000_000) < u64::from(share.ppm())
    }

    /// True in `n` of a hundred cases.
    pub(super) fn percent(&mut self, n: u64) -> bool {
        self.below(100) < n
    }

    /// A span between nothing and `longest`, inclusive.
    pub(super) fn within(&mut self, longest: Millis) -> Millis {
        let n = u64::try_from(longest.get()).unwrap_or(0).saturating_add(1);
        Millis::new(i64::try_from(self.below(n)).unwrap_or(0))
    }

    /// A span around `median` with a long tail, at most twelve times as long.
    pub(super) fn about(&mut self, median: Millis) -> Millis {
        Millis::new(self.around(median.get()))
    }

    /// A number around `median` with a long tail, at most twelve times as large.
    pub(super) fn around(&mut self, median: i64) -> i64 {
        let at = usize::try_from(self.below(16)).unwrap_or(0);
        let (low, high) = (SPREAD[at], SPREAD[at + 1]);
        let thousandths = low + self.within(Millis::new(high - low)).get();
        median.saturating_mul(thousandths) / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_numbers_are_those_of_the_published_algorithm() {
        let mut rng = Rng([1, 2, 3, 4]);
        let drawn: Vec<u64> = (0..4).map(|_| rng.next()).collect();
        assert_eq!(drawn, [11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240]);
    }

    #[test]
    fn half_of_the_spans_are_below_the_median_and_none_beyond_twelve_times() {
        let mut rng = Rng::new(1);
        let spans: Vec<i64> = (0..10_000).map(|_| rng.around(1_000)).collect();
        let below = spans.iter().filter(|span| **span < 1_000).count();
        assert!((4_700..5_300).contains(&below), "{below}");
        assert!(spans.iter().all(|span| (83..=12_000).contains(span)));
    }

    #[test]
    fn weights_are_kept() {
        let mut rng = Rng::new(2);
        let heavy = (0..10_000)
            .filter(|_| rng.weighted(&[(3, 'a'), (0, 'b'), (7, 'c')]) == 'c')
            .count();
        assert!((6_700..7_300).contains(&heavy), "{heavy}");
    }
}
