//! A period: the part of a dataset that is written, read and replaced as one partition.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

/// How long one partition of a dataset lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granularity {
    /// One partition a calendar month, `2024-03`.
    Month,
    /// One partition a calendar year, `2024`.
    Year,
    /// One partition for the whole dataset, `all`.
    Whole,
}

/// A period as it is written in partition values: `2024-03`, `2024`, `all` or `undated`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period(String);

impl Period {
    /// Returns the period of `granularity` that holds `date`; a row without a date is `undated`.
    #[must_use]
    pub fn of(date: Option<NaiveDate>, granularity: Granularity) -> Self {
        Self(match (granularity, date) {
            (Granularity::Whole, _) => "all".to_owned(),
            (_, None) => "undated".to_owned(),
            (Granularity::Year, Some(date)) => format!("{:04}", date.year()),
            (Granularity::Month, Some(date)) => format!("{:04}-{:02}", date.year(), date.month()),
        })
    }

    /// Returns the period as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is not a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a period: write 2024, 2024-03, all or undated")]
pub struct PeriodError(String);

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits =
            |part: &str, width| part.len() == width && part.bytes().all(|b| b.is_ascii_digit());
        let valid = match text.split_once('-') {
            None => text == "all" || text == "undated" || digits(text, 4),
            Some((year, month)) => {
                digits(year, 4) && digits(month, 2) && ("01"..="12").contains(&month)
            }
        };
        if valid { Ok(Self(text.to_owned())) } else { Err(PeriodError(text.to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn period_of_a_date() {
        let date = NaiveDate::from_ymd_opt(2018, 12, 31);
        assert_eq!(Period::of(date, Granularity::Year).as_str(), "2018");
        assert_eq!(Period::of(date, Granularity::Month).as_str(), "2018-12");
        assert_eq!(Period::of(None, Granularity::Year).as_str(), "undated");
        assert_eq!(Period::of(date, Granularity::Whole).as_str(), "all");
    }

    #[test]
    fn period_text() {
        for good in ["2024", "2024-12", "all", "undated"] {
            assert_eq!(good.parse::<Period>().map(|p| p.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "24", "2024-13", "2024-1", "2024-00", "20x4", "2024/01", "' or 1=1"] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }
}
