//! The figure of a group, exactly, and the three parts of its change.

use std::collections::BTreeMap;

/// Decimals of a figure.
pub(super) const DIGITS: i8 = 10;

/// 1 in units of the last decimal.
const ONE: i128 = 10_i128.pow(10);

/// What one authority adds to a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) numerator: i64,
    /// None in a count.
    pub(super) denominator: Option<i64>,
}

/// The authorities that count in a figure, by SIREN.
pub(super) type Units = BTreeMap<String, Part>;

/// Sums over authorities, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) numerator: i128,
    pub(super) denominator: Option<i128>,
}

impl Sums {
    /// Adds the parts up; none when there is no part.
    fn of<'p>(parts: impl IntoIterator<Item = &'p Part>) -> Option<Self> {
        parts.into_iter().fold(None, |sums: Option<Self>, part| {
            let before = sums.map_or(0, |sums| sums.numerator);
            let below = sums.and_then(|sums| sums.denominator).unwrap_or_default();
            Some(Self {
                numerator: before + i128::from(part.numerator),
                denominator: part.denominator.map(|more| below + i128::from(more)),
            })
        })
    }

    /// Returns the quotient in units of the last decimal, rounded half away from zero: the only
    /// division. None over a denominator of 0.
    pub(super) fn figure(self) -> Option<i128> {
        let numerator = self.numerator.checked_mul(ONE)?;
        let Some(denominator) = self.denominator else { return Some(numerator) };
        let half = numerator.signum() * denominator.checked_abs()? / 2;
        numerator.checked_add(half)?.checked_div(denominator)
    }
}

/// The parts of a change, in units of the last decimal; their sum is the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effects {
    pub(super) data: i128,
    pub(super) definition: i128,
    pub(super) scope: i128,
}

/// One figure in two states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) old: Option<Sums>,
    pub(super) new: Option<Sums>,
    /// None when one of the figures is missing, or when the old definitions give none for the new
    /// data.
    pub(super) effects: Option<Effects>,
    /// Authorities that count in both, in the old one only, in the new one only.
    pub(super) common: usize,
    pub(super) left: usize,
    pub(super) entered: usize,
}

impl Change {
    /// Compares the units of the old state, of the old definitions on the new data, and of the
    /// new state.
    pub(super) fn of(old: &Units, mixed: &Units, new: &Units) -> Self {
        let common = old.keys().filter(|siren| new.contains_key(*siren)).count();
        let mut change = Self {
            old: Sums::of(old.values()),
            new: Sums::of(new.values()),
            effects: None,
            common,
            left: old.len() - common,
            entered: new.len() - common,
        };
        change.effects = change.split(
            Sums::of(both(old, old, new)),
            Sums::of(both(mixed, old, new)),
            Sums::of(both(new, old, new)),
        );
        change
    }

    /// Returns both figures.
    pub(super) fn figures(&self) -> [Option<i128>; 2] {
        [self.old, self.new].map(|sums| sums.and_then(Sums::figure))
    }

    /// Returns the new figure less the old one.
    pub(super) fn change(&self) -> Option<i128> {
        let [old, new] = self.figures();
        Some(new? - old?)
    }

    /// Returns whether nothing differs: no sum, no effect.
    pub(super) fn is_nothing(&self) -> bool {
        let none = Effects { data: 0, definition: 0, scope: 0 };
        self.old == self.new && self.effects.is_none_or(|effects| effects == none)
    }

    /// The sums are those of the authorities that count in both states.
    fn split(&self, old: Option<Sums>, mixed: Option<Sums>, new: Option<Sums>) -> Option<Effects> {
        let change = self.change()?;
        if self.common == 0 {
            return Some(Effects { data: 0, definition: 0, scope: change });
        }
        let [old, mixed, new] = [old?.figure()?, mixed?.figure()?, new?.figure()?];
        Some(Effects { data: mixed - old, definition: new - mixed, scope: change - (new - old) })
    }
}

/// The parts of those that count in the old and in the new state.
fn both<'u>(units: &'u Units, old: &'u Units, new: &'u Units) -> impl Iterator<Item = &'u Part> {
    let counts = |siren: &String| old.contains_key(siren) && new.contains_key(siren);
    units.iter().filter(move |(siren, _)| counts(siren)).map(|(_, part)| part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(parts: &[(&str, i64, i64)]) -> Units {
        let part = |n: i64, d: i64| Part { numerator: n, denominator: Some(d) };
        parts.iter().map(|(siren, n, d)| ((*siren).to_owned(), part(*n, *d))).collect()
    }

    /// By hand. Old: (3+1+4)/(4+2+4) = 8/10. Those in both: 4/6 at first, 4/8 with the new data,
    /// 5/8 with the new definitions as well. New: (4+1+1)/(6+2+5) = 6/13.
    #[test]
    fn a_change_is_split_in_the_order_data_definition_scope() {
        let old = units(&[("a", 3, 4), ("b", 1, 2), ("gone", 4, 4)]);
        let mixed = units(&[("a", 3, 6), ("b", 1, 2), ("new", 1, 5)]);
        let new = units(&[("a", 4, 6), ("b", 1, 2), ("new", 1, 5)]);
        let change = Change::of(&old, &mixed, &new);
        assert_eq!(change.figures(), [Some(8_000_000_000), Some(4_615_384_615)]);
        let effects =
            Effects { data: -1_666_666_667, definition: 1_250_000_000, scope: -2_967_948_718 };
        assert_eq!(change.effects, Some(effects));
        assert_eq!(change.change(), Some(-3_384_615_385));
        assert_eq!((change.common, change.left, change.entered), (2, 1, 1));
    }

    #[test]
    fn effects_always_add_up_to_the_change() {
        // Fractions that no decimal ends: every third, seventh and eleventh.
        for seed in 1..200_i64 {
            let part = |k: i64| (seed * k % 7 + 1, seed * k % 11 + 3);
            let of = |names: &[(&str, i64)]| {
                let parts: Vec<_> =
                    names.iter().map(|(name, k)| (*name, part(*k).0, part(*k).1)).collect();
                units(&parts)
            };
            let change = Change::of(
                &of(&[("a", 1), ("b", 2), ("c", 3)]),
                &of(&[("b", 4), ("c", 5), ("d", 6)]),
                &of(&[("b", 7), ("c", 8), ("d", 9)]),
            );
            let effects = change.effects.unwrap();
            assert_eq!(
                Some(effects.data + effects.definition + effects.scope),
                change.change(),
                "{seed}"
            );
        }
    }

    #[test]
    fn what_has_no_figure_has_no_change() {
        let some = units(&[("a", 1, 2)]);
        let none = Units::new();
        let change = Change::of(&none, &some, &some);
        assert_eq!((change.old, change.change(), change.effects), (None, None, None));
        assert!(!change.is_nothing());
        assert!(Change::of(&some, &some, &some).is_nothing());
        // Nobody counts in both: all of the change is scope.
        let other = units(&[("b", 1, 4)]);
        let effects = Effects { data: 0, definition: 0, scope: -2_500_000_000 };
        assert_eq!(Change::of(&some, &some, &other).effects, Some(effects));
        // The old definitions give no figure for the new data: the change cannot be split.
        let changed = Change::of(&some, &none, &units(&[("a", 2, 2)]));
        assert_eq!((changed.change(), changed.effects), (Some(5_000_000_000), None));
    }

    #[test]
    fn a_figure_is_rounded_once_half_away_from_zero() {
        let figure = |numerator, denominator| Sums { numerator, denominator }.figure();
        assert_eq!(figure(2, Some(3)), Some(6_666_666_667));
        assert_eq!(figure(-2, Some(3)), Some(-6_666_666_667));
        assert_eq!(figure(1, Some(20_000_000_000)), Some(1));
        assert_eq!(figure(-1, Some(20_000_000_000)), Some(-1));
        assert_eq!(figure(7, None), Some(7 * ONE));
        assert_eq!((figure(1, Some(0)), figure(i128::MAX, None)), (None, None));
    }
}
