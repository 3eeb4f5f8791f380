//! The small share of rows that are wrong on purpose, and by which rule each is told.

use carnac_model::{Field, Kind};

use crate::random::Random;
use crate::row::Row;

/// What can be wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Defect {
    /// The row stands twice.
    Copy,
    /// An earlier state of the same thing stands before it.
    Superseded,
    /// One cell too many.
    Malformed,
    /// A required value is empty.
    Missing,
    /// The Luhn key does not hold.
    Key,
    /// A code of no list.
    Code,
    /// 30 February.
    Impossible,
    /// Year 218.
    Absurd,
    /// Words for a number.
    Words,
    /// A time zone behind a date; accepted.
    Zone,
}

impl Defect {
    /// The rule by which such a row is rejected; `None` when it is accepted.
    pub(crate) fn rule(self, kind: Kind) -> Option<&'static str> {
        Some(match self {
            Self::Copy => "exact_copy",
            Self::Superseded => "superseded",
            Self::Malformed => "malformed",
            Self::Missing => "missing",
            Self::Key if matches!(kind, Kind::Siret) => "not_a_siret",
            Self::Key => "not_a_siren",
            Self::Code => "unknown_code",
            Self::Impossible => "not_a_date",
            Self::Absurd => "out_of_range",
            Self::Words => "not_a_number",
            Self::Zone => return None,
        })
    }

    /// What it makes of a cell; `None` for those that do not lie in one cell.
    pub(crate) fn text(self, cell: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Copy | Self::Superseded | Self::Malformed => None,
            Self::Missing => Some(Vec::new()),
            Self::Key => Some(wrong_key(cell)),
            Self::Code => Some(b"inconnu".to_vec()),
            Self::Impossible => Some(b"2025-02-30".to_vec()),
            Self::Absurd => Some(b"0218-10-29".to_vec()),
            Self::Words => Some(b"environ 20".to_vec()),
            Self::Zone => Some([cell, b"+01:00"].concat()),
        }
    }
}

/// The defects that a file can have, and the rows until the next.
pub(crate) struct Defects {
    random: Random,
    /// Rows between two, on average; 0 for none at all.
    gap: usize,
    left: usize,
    possible: Vec<(Defect, Vec<usize>)>,
}

impl Defects {
    /// Starts drawing for a file of these columns, `per_million` rows in a million.
    pub(crate) fn new(mut random: Random, per_million: usize, fields: &[&Field]) -> Self {
        let gap = 1_000_000_usize.checked_div(per_million).unwrap_or_default();
        let left = random.below(2 * gap);
        Self { random, gap, left, possible: possible(fields) }
    }

    /// The defect of the row in hand and the column that has it.
    pub(crate) fn of_this_row(&mut self) -> Option<(Defect, usize)> {
        if self.gap == 0 {
            return None;
        }
        if self.left > 0 {
            self.left -= 1;
            return None;
        }
        // At the mean of `below` the gap is that asked for, this row counted.
        self.left = self.random.below(2 * self.gap - 1);
        let (defect, columns) = &self.possible[self.random.below(self.possible.len())];
        Some((*defect, self.random.pick(columns)))
    }
}

/// Which defects the columns allow, with the columns of each.
fn possible(fields: &[&Field]) -> Vec<(Defect, Vec<usize>)> {
    let whole_row = [Defect::Copy, Defect::Superseded, Defect::Malformed];
    let mut possible: Vec<_> = whole_row.map(|defect| (defect, vec![0])).into();
    let mut allow = |defect: Defect, applies: &dyn Fn(&Field) -> bool| {
        let columns = (0..fields.len()).filter(|place| applies(fields[*place])).collect::<Vec<_>>();
        if !columns.is_empty() {
            possible.push((defect, columns));
        }
    };
    let dated = |field: &Field| matches!(field.kind, Kind::Date { .. });
    allow(Defect::Missing, &|field| field.required);
    allow(Defect::Key, &|field| matches!(field.kind, Kind::Siren | Kind::Siret));
    allow(Defect::Code, &|field| {
        matches!(field.kind, Kind::Code(_) | Kind::Subject | Kind::Boolean)
    });
    allow(Defect::Impossible, &dated);
    allow(Defect::Absurd, &dated);
    allow(Defect::Zone, &|field| field.required && dated(field));
    allow(Defect::Words, &|field| matches!(field.kind, Kind::Integer(..) | Kind::Decimal));
    possible
}

/// The number with another last digit; without a number, nine digits whose key is wrong.
fn wrong_key(cell: &[u8]) -> Vec<u8> {
    let Some((last, rest)) = cell.split_last() else { return b"123456789".to_vec() };
    let other = if *last == b'9' { b'0' } else { last + 1 };
    [rest, &[other]].concat()
}

/// Gives a column another text than it has: what the earlier state of a row said.
pub(crate) fn revise(row: &mut Row, place: usize, texts: [&str; 2]) {
    let [first, second] = texts.map(str::as_bytes);
    let earlier = if row.cell(place) == first { second } else { first };
    row.replace(place, earlier);
}

#[cfg(test)]
mod tests {
    use carnac_model::identifier::{is_siren, is_siret};

    use super::*;

    #[test]
    fn a_wrong_key_is_wrong() {
        let wrong = |cell: &str| String::from_utf8(wrong_key(cell.as_bytes())).unwrap();
        for right in ["213502388", "200067981", "356000000"] {
            assert!(is_siren(right) && !is_siren(&wrong(right)), "{right}");
        }
        assert!(!is_siret(&wrong("24290007400178")) && !is_siren(&wrong("")));
    }

    #[test]
    fn the_share_of_defects_is_that_asked_for() {
        let acts = carnac_model::dataset("acts").unwrap();
        let fields: Vec<&Field> = acts.fields.iter().collect();
        let count = |per_million| {
            let mut defects = Defects::new(Random::of(1, "test", 0, 0), per_million, &fields);
            (0..200_000).filter(|_| defects.of_this_row().is_some()).count()
        };
        assert_eq!(count(0), 0);
        assert!((360..440).contains(&count(2_000)), "{}", count(2_000));
        assert!((19_000..21_000).contains(&count(100_000)), "{}", count(100_000));
    }
}
