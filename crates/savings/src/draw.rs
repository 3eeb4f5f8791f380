//! Draws of parameters: the only place with floats, each rounded to a [`Decimal`] at once.
//!
//! A parameter follows the triangular law of its range: never beyond its bounds, and most often
//! near its middle value. The draw is the law's quantile at a uniform number, so factors that bear
//! one name share that number and move together. Square root and the four operations are exact to
//! the last bit on every machine, so a seed gives the same draws everywhere.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use crate::{Decimal, Range};

/// A stream of uniform numbers, named by its seed.
pub(crate) struct Stream(Pcg64);

impl Stream {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Pcg64::seed_from_u64(seed))
    }

    /// A number from 0 to 1, 1 left out.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are a float exactly")]
    pub(crate) fn uniform(&mut self) -> f64 {
        const PARTS: f64 = (1_u64 << 53) as f64;
        (self.0.next_u64() >> 11) as f64 / PARTS
    }
}

/// The value below which a part `uniform` of the triangular law lies, to the millionth.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "offsets within a range; what a float cannot hold is rounded, then kept in the range"
)]
pub(crate) fn triangular(range: &Range, uniform: f64) -> Decimal {
    let [low, mid, high] = [range.low, range.mid, range.high].map(Decimal::millionths);
    let (width, left, right) = ((high - low) as f64, (mid - low) as f64, (high - mid) as f64);
    let value = if uniform * width < left {
        low + (uniform * width * left).sqrt().round() as i128
    } else {
        high - ((1.0 - uniform) * width * right).sqrt().round() as i128
    };
    Decimal::from_millionths(value.clamp(low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(low: i64, mid: i64, high: i64) -> Range {
        let [low, mid, high] = [low, mid, high].map(Decimal::from_count);
        Range { low, mid, high }
    }

    /// Of the law (0, 3, 10): F(x) = x²/30 up to 3, then 1 − (10 − x)²/70.
    #[test]
    fn quantiles_by_hand() {
        let of = |uniform| triangular(&range(0, 3, 10), uniform).to_string();
        assert_eq!(of(0.0), "0");
        assert_eq!(of(0.3), "3");
        assert_eq!(of(0.075), "1.5");
        assert_eq!(of(0.825), "6.5");
        assert_eq!(of(1.0), "10");
    }

    #[test]
    fn a_value_that_is_known_is_never_another() {
        let mut stream = Stream::new(1);
        for _ in 0..1000 {
            let uniform = stream.uniform();
            assert!((0.0..1.0).contains(&uniform));
            assert_eq!(triangular(&range(7, 7, 7), uniform), Decimal::from_count(7));
            let one_sided = triangular(&range(2, 2, 5), uniform);
            assert!(one_sided >= Decimal::from_count(2) && one_sided <= Decimal::from_count(5));
        }
    }

    /// A change of the library that changes the draws would change published intervals.
    #[test]
    fn a_seed_has_its_draws() {
        let draws = |seed| {
            let mut stream = Stream::new(seed);
            [0; 3].map(|_| triangular(&range(0, 500_000, 1_000_000), stream.uniform()).to_string())
        };
        assert_eq!(draws(2013), ["258639.326297", "837709.848431", "870570.151201"]);
        assert_ne!(draws(2013), draws(2014));
    }
}
