//! The small share of rows that are odd on purpose, and what is to become of each.

use carnac_model::{Field, Kind};

use crate::random::Random;
use crate::row::Row;

/// What can be odd about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    /// The row stands twice.
    Copy,
    /// An earlier state of the same thing stands before it.
    Superseded,
    /// One cell too many.
    Malformed,
    /// A required value is empty.
    Missing,
    /// The Luhn key of a SIREN or SIRET does not hold.
    Key,
    /// The same where a warning is enough.
    CompanyKey,
    /// A code of no list.
    Code,
    /// 30 February.
    Impossible,
    /// Year 218.
    Absurd,
    /// Words for a number.
    Words,
    /// Less than nothing.
    Negative,
    /// A comma that parts thousands or is a decimal sign: nobody can tell.
    Comma,
    /// A time zone behind a date.
    Zone,
    /// A date as the French write it.
    French,
    /// No-break spaces in a number or a SIREN.
    Spaces,
    /// A word for "no value".
    Word,
    /// The date that survey tools write for one that was taken away.
    Undated,
}

/// What is to become of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Rejected by that rule.
    Rejected(&'static str),
    /// Accepted with a warning by that rule.
    Warned(&'static str),
    /// Accepted; the name says what is odd.
    Tolerated(&'static str),
}

use Verdict::{Rejected, Tolerated, Warned};

impl Defect {
    /// What is to become of a row with this defect in a column of that kind.
    pub(crate) fn verdict(self, kind: Kind) -> Verdict {
        match self {
            Self::Copy => Rejected("exact_copy"),
            Self::Superseded => Rejected("superseded"),
            Self::Malformed => Rejected("malformed"),
            Self::Missing => Rejected("missing"),
            Self::Key if matches!(kind, Kind::Siret) => Rejected("not_a_siret"),
            Self::Key => Rejected("not_a_siren"),
            Self::CompanyKey => Warned("siret_key"),
            Self::Code => Rejected("unknown_code"),
            Self::Impossible => Rejected("not_a_date"),
            Self::Absurd | Self::Negative => Rejected("out_of_range"),
            Self::Words => Rejected("not_a_number"),
            Self::Comma => Rejected("ambiguous_number"),
            Self::Zone => Tolerated("date_with_zone"),
            Self::French => Tolerated("french_date"),
            Self::Spaces => Tolerated("no_break_spaces"),
            Self::Word => Tolerated("word_for_no_value"),
            Self::Undated => Warned("anonymised_date"),
        }
    }

    /// What it makes of a cell; `None` where it does not apply.
    pub(crate) fn text(self, cell: &[u8]) -> Option<Vec<u8>> {
        let text: &[u8] = match self {
            Self::Copy | Self::Superseded | Self::Malformed => return None,
            Self::Missing => b"",
            Self::Key => return Some(wrong_key(cell)),
            Self::CompanyKey => return Some(wrong_key(cell)).filter(|_| cell.len() == 14),
            Self::Code => b"inconnu",
            Self::Impossible => b"2025-02-30",
            Self::Absurd => b"0218-10-29",
            Self::Words => b"environ 20",
            Self::Negative => b"-7777",
            Self::Comma => b"1,250",
            Self::Zone => return Some([cell, b"+01:00"].concat()),
            Self::French => return french(cell),
            Self::Spaces => return spaced(cell),
            Self::Word => b"NC",
            Self::Undated => b"1980-01-01 00:00:00",
        };
        Some(text.to_vec())
    }

    /// Whether it can stand in a column.
    fn applies(self, field: &Field) -> bool {
        match self {
            Self::Copy | Self::Superseded | Self::Malformed | Self::Undated => false,
            Self::Missing => field.required,
            Self::Key => matches!(field.kind, Kind::Siren | Kind::Siret),
            Self::CompanyKey => matches!(field.kind, Kind::Company),
            Self::Code => matches!(field.kind, Kind::Code(_) | Kind::Subject | Kind::Boolean),
            Self::Impossible | Self::Absurd => matches!(field.kind, Kind::Date { .. }),
            Self::Words => is_number(field) || matches!(field.kind, Kind::Signed),
            Self::Negative => is_number(field),
            Self::Comma => matches!(field.kind, Kind::Decimal | Kind::Signed),
            Self::Zone | Self::French => field.required && matches!(field.kind, Kind::Date { .. }),
            Self::Spaces => is_number(field) || matches!(field.kind, Kind::Siren),
            Self::Word => !field.required && field.default.is_none(),
        }
    }
}

fn is_number(field: &Field) -> bool {
    matches!(field.kind, Kind::Integer(..) | Kind::Decimal)
}

/// The number with another last digit; without a number, nine digits whose key is wrong.
fn wrong_key(cell: &[u8]) -> Vec<u8> {
    let Some((last, rest)) = cell.split_last() else { return b"123456789".to_vec() };
    let other = if *last == b'9' { b'0' } else { last + 1 };
    [rest, &[other]].concat()
}

/// `31/12/2025` of `2025-12-31`; a time behind it stays.
fn french(cell: &[u8]) -> Option<Vec<u8>> {
    let [y1, y2, y3, y4, _, m1, m2, _, d1, d2, ref time @ ..] = *cell else { return None };
    Some([&[d1, d2, b'/', m1, m2, b'/', y1, y2, y3, y4], time].concat())
}

/// U+00A0 before the last three digits of the whole part, when there are more.
fn spaced(cell: &[u8]) -> Option<Vec<u8>> {
    let whole = cell.split(|byte| *byte == b'.').next().unwrap_or_default();
    let (head, tail) = cell.split_at(whole.len().checked_sub(3).filter(|head| *head > 0)?);
    Some([head, "\u{a0}".as_bytes(), tail].concat())
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
    pub(crate) fn new(random: Random, per_million: usize, fields: &[&Field]) -> Self {
        Self::among(random, per_million, possible(fields))
    }

    /// Starts drawing among these defects, each with the columns that can have it.
    pub(crate) fn among(
        mut random: Random,
        per_million: usize,
        possible: Vec<(Defect, Vec<usize>)>,
    ) -> Self {
        let gap = 1_000_000_usize.checked_div(per_million).unwrap_or_default();
        let left = random.below(2 * gap);
        Self { random, gap, left, possible }
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
        // On average gap - 1 rows without, then one with.
        self.left = self.random.below(2 * self.gap - 1);
        let (defect, columns) = &self.possible[self.random.below(self.possible.len())];
        Some((*defect, self.random.pick(columns)))
    }
}

/// Which defects the columns allow, with the columns of each.
fn possible(fields: &[&Field]) -> Vec<(Defect, Vec<usize>)> {
    const IN_A_CELL: [Defect; 13] = [
        Defect::Missing,
        Defect::Key,
        Defect::CompanyKey,
        Defect::Code,
        Defect::Impossible,
        Defect::Absurd,
        Defect::Words,
        Defect::Negative,
        Defect::Comma,
        Defect::Zone,
        Defect::French,
        Defect::Spaces,
        Defect::Word,
    ];
    let of_the_row = [Defect::Copy, Defect::Superseded, Defect::Malformed];
    let in_a_cell = IN_A_CELL.map(|defect| {
        let place = |place: &usize| defect.applies(fields[*place]);
        (defect, (0..fields.len()).filter(place).collect::<Vec<_>>())
    });
    let in_a_cell = in_a_cell.into_iter().filter(|(_, columns)| !columns.is_empty());
    of_the_row.map(|defect| (defect, vec![0])).into_iter().chain(in_a_cell).collect()
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
    use carnac_model::{Level, rule};

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
    fn cells_are_written_as_the_french_do() {
        assert_eq!(french(b"2025-12-31"), Some(b"31/12/2025".to_vec()));
        assert_eq!(french(b"2025-12-31 10:07:00"), Some(b"31/12/2025 10:07:00".to_vec()));
        assert_eq!(french(b""), None);
        assert_eq!(spaced(b"213502388"), Some("213502\u{a0}388".into()));
        assert_eq!(spaced(b"1250.50"), Some("1\u{a0}250.50".into()));
        assert_eq!((spaced(b"250.50"), spaced(b"")), (None, None));
    }

    #[test]
    fn every_verdict_names_a_rule_of_its_level() {
        for (defect, columns) in crate::TABLES.iter().flat_map(|table| possible(&table.fields())) {
            let levels = columns.iter().map(|_| match defect.verdict(Kind::Siren) {
                Rejected(id) => rule(id).map(|rule| rule.level) == Some(Level::Blocking),
                Warned(id) => rule(id).map(|rule| rule.level) == Some(Level::Warning),
                Tolerated(name) => rule(name).is_none(),
            });
            assert!(levels.into_iter().all(|right| right), "{defect:?}");
        }
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
