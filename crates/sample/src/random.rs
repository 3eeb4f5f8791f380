//! Draws in whole numbers only: the same bytes on any machine.

use rand::Rng;
use rand_pcg::Pcg64Mcg;

/// Quantiles of a log-normal law of mean 1 and sigma 0.6, in 1/1024.
const WIDE: [u64; 64] = [
    201, 261, 299, 329, 355, 379, 400, 421, 441, 460, 478, 496, 513, 531, 548, 565, 582, 599, 616,
    632, 649, 667, 684, 701, 719, 736, 754, 773, 791, 810, 830, 849, 870, 890, 911, 933, 956, 979,
    1003, 1028, 1053, 1080, 1108, 1137, 1168, 1200, 1234, 1269, 1307, 1348, 1391, 1438, 1489, 1545,
    1607, 1676, 1754, 1844, 1951, 2080, 2246, 2473, 2832, 3666,
];

/// Quantiles of a log-normal law of mean 1 and sigma 0.15, in 1/1024.
const NARROW: [u64; 64] = [
    705, 752, 778, 797, 812, 825, 837, 847, 857, 866, 875, 883, 890, 898, 905, 912, 919, 925, 932,
    938, 944, 950, 957, 963, 968, 974, 980, 986, 992, 998, 1004, 1010, 1016, 1022, 1028, 1034,
    1040, 1046, 1053, 1059, 1066, 1072, 1079, 1086, 1093, 1101, 1109, 1117, 1125, 1133, 1142, 1152,
    1162, 1173, 1184, 1197, 1211, 1226, 1243, 1263, 1288, 1319, 1365, 1455,
];

/// Quantiles of the logistic law, in 1/256.
const LOGISTIC: [i64; 64] = [
    -1240, -955, -820, -730, -661, -605, -558, -517, -480, -447, -417, -389, -362, -338, -314,
    -292, -271, -250, -230, -211, -193, -174, -157, -139, -122, -105, -89, -72, -56, -40, -24, -8,
    8, 24, 40, 56, 72, 89, 105, 122, 139, 157, 174, 193, 211, 230, 250, 271, 292, 314, 338, 362,
    389, 417, 447, 480, 517, 558, 605, 661, 730, 820, 955, 1240,
];

/// A stream of draws, named by what it is for.
pub(crate) struct Random(Pcg64Mcg);

impl Random {
    /// Starts the stream of `seed` for a purpose and two numbers (an authority, a year).
    pub(crate) fn of(seed: u64, purpose: &str, first: u64, second: u64) -> Self {
        let name = purpose.bytes().fold(0, |hash, byte| mix(hash ^ u64::from(byte)));
        let high = mix(mix(seed) ^ name);
        let low = mix(mix(high ^ first) ^ second);
        Self(Pcg64Mcg::new((u128::from(high) << 64) | u128::from(low)))
    }

    /// A whole number below `bound`, which is at most 2^32; 0 when `bound` is.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let draw = u128::from(self.0.next_u64() >> 32);
        usize::try_from((draw * bound as u128) >> 32).unwrap_or_default()
    }

    /// As [`Self::below`], for numbers that are written.
    pub(crate) fn number(&mut self, bound: usize) -> u64 {
        self.below(bound) as u64
    }

    /// True this many times in a thousand.
    pub(crate) fn chance(&mut self, per_thousand: usize) -> bool {
        self.below(1000) < per_thousand
    }

    /// One of a list that is not empty, each as likely.
    pub(crate) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// 32 bits, of which a part of 1/2^32 is made.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64() >> 32
    }

    /// A factor around 1 in 1/1024: how much an authority differs from those of its size.
    pub(crate) fn wide(&mut self) -> u64 {
        self.pick(&WIDE)
    }

    /// A factor around 1 in 1/1024: how much a year differs from the one before.
    pub(crate) fn narrow(&mut self) -> u64 {
        self.pick(&NARROW)
    }

    /// A logistic draw in 1/256: when an authority takes a service up.
    pub(crate) fn logistic(&mut self) -> i64 {
        self.pick(&LOGISTIC)
    }
}

/// Each value as many times as it weighs, to be picked from.
pub(crate) fn wheel<T: Copy>(weighed: &[(usize, T)]) -> Vec<T> {
    weighed.iter().flat_map(|(weight, value)| std::iter::repeat_n(*value, *weight)).collect()
}

/// The finaliser of SplitMix64: near inputs give far outputs.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_by_all_its_parts() {
        let first = |seed, purpose, a, b| Random::of(seed, purpose, a, b).bits();
        let base = first(42, "acts", 1, 2008);
        assert_eq!(base, first(42, "acts", 1, 2008));
        for other in [
            first(43, "acts", 1, 2008),
            first(42, "bids", 1, 2008),
            first(42, "acts", 2008, 1),
            first(42, "acts", 1, 2009),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn below_stays_below_and_reaches_both_ends() {
        let mut random = Random::of(1, "test", 0, 0);
        let draws: std::collections::BTreeSet<_> = (0..1000).map(|_| random.below(7)).collect();
        assert_eq!(draws.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn factors_have_mean_one() {
        for table in [WIDE, NARROW] {
            assert!(table.iter().sum::<u64>().abs_diff(64 * 1024) < 64);
        }
        assert_eq!(LOGISTIC.iter().sum::<i64>(), 0);
    }
}
