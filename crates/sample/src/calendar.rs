//! Days as numbers, their text, and which days of a year are busy.

use std::ops::Range;

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// Days since 1 January of [`ORIGIN`].
pub(crate) type Day = usize;

/// First year of which something is told.
pub(crate) const FIRST_YEAR: u16 = 2007;
/// The year that is told until 30 June only.
pub(crate) const LAST_YEAR: u16 = 2026;

/// As many years from the first on.
pub(crate) const fn years<const COUNT: usize>(first: u16) -> [u16; COUNT] {
    let mut years = [first; COUNT];
    let mut place = 1;
    while place < COUNT {
        years[place] = years[place - 1] + 1;
        place += 1;
    }
    years
}

const ORIGIN: u16 = 2005;
const YEARS: u16 = 30;

/// The text of every day from 2005 to 2034.
#[derive(Debug)]
pub(crate) struct Calendar {
    texts: Vec<[u8; 10]>,
    /// First day of each year, and the day after the last.
    years: Vec<Day>,
}

impl Calendar {
    pub(crate) fn new() -> Self {
        let first = NaiveDate::from_ymd_opt(ORIGIN.into(), 1, 1).unwrap_or_default();
        let (mut texts, mut years) = (Vec::new(), Vec::new());
        for (day, date) in first.iter_days().enumerate() {
            if date.ordinal() == 1 {
                years.push(day);
            }
            if date.year() == i32::from(ORIGIN + YEARS) {
                break;
            }
            let mut text = [b'0'; 10];
            for (place, byte) in text.iter_mut().zip(date.to_string().bytes()) {
                *place = byte;
            }
            texts.push(text);
        }
        Self { texts, years }
    }

    /// `2025-12-31`.
    pub(crate) fn text(&self, day: Day) -> &[u8; 10] {
        &self.texts[day]
    }

    /// The first day of a year from 2005 on.
    pub(crate) fn year_start(&self, year: u16) -> Day {
        self.years[usize::from(year - ORIGIN)]
    }

    /// The year in which a day lies.
    pub(crate) fn year_of(&self, day: Day) -> u16 {
        let begun = self.years.partition_point(|start| *start <= day);
        ORIGIN + u16::try_from(begun).unwrap_or_default() - 1
    }

    /// The first day of a month, counted from January of a year; later than the calendar: its end.
    pub(crate) fn month_start(&self, year: u16, months: i64) -> Day {
        let months = i64::from(year) * 12 + months;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
        let date = i32::try_from(year).ok().zip(u32::try_from(month + 1).ok());
        let date = date.and_then(|(year, month)| NaiveDate::from_ymd_opt(year, month, 1));
        date.map_or(0, |date| self.day(date))
    }

    /// The day of a date; before 2005 the first one, after 2034 the day after the last.
    pub(crate) fn day(&self, date: NaiveDate) -> Day {
        let first = NaiveDate::from_ymd_opt(ORIGIN.into(), 1, 1).unwrap_or_default();
        let days = usize::try_from(date.signed_duration_since(first).num_days());
        days.unwrap_or_default().min(self.texts.len())
    }

    /// The last day of which something is told, 30 June 2026.
    pub(crate) fn horizon(&self) -> Day {
        self.month_start(LAST_YEAR, 6) - 1
    }

    /// The days of a year as far as they are told.
    pub(crate) fn year(&self, year: u16) -> Range<Day> {
        self.year_start(year)..self.year_start(year + 1).min(self.horizon() + 1)
    }
}

/// The days of one year, each as many times as it is busy.
#[derive(Debug)]
pub(crate) struct Season {
    slots: Vec<Day>,
    /// First slot of each day of the year, and the number of slots.
    starts: Vec<usize>,
    first: Day,
}

impl Season {
    /// Weighs the days of `year` by month; a Saturday counts for a quarter, a Sunday for nothing.
    pub(crate) fn new(calendar: &Calendar, year: u16, months: &[usize; 12]) -> Self {
        let days = calendar.year(year);
        let new_year = NaiveDate::from_ymd_opt(year.into(), 1, 1).unwrap_or_default();
        let (mut slots, mut starts) = (Vec::new(), Vec::new());
        for day in days.clone() {
            let date = new_year + Days::new((day - days.start) as u64);
            let month = months[date.month0() as usize];
            let weight = match date.weekday() {
                Weekday::Sun => 0,
                Weekday::Sat => month,
                _ => 4 * month,
            };
            starts.push(slots.len());
            slots.extend(std::iter::repeat_n(day, weight));
        }
        starts.push(slots.len());
        Self { slots, starts, first: days.start }
    }

    /// The slots of the days of `days` that lie in the year.
    pub(crate) fn window(&self, days: Range<Day>) -> Range<usize> {
        let slot =
            |day: Day| self.starts[day.saturating_sub(self.first).min(self.starts.len() - 1)];
        slot(days.start)..slot(days.end)
    }

    /// How many slots the year has; never 0.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The day of a slot.
    pub(crate) fn day(&self, slot: usize) -> Day {
        self.slots[slot]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_and_its_text() {
        let calendar = Calendar::new();
        for text in ["2005-01-01", "2008-02-29", "2026-12-31", "2034-12-31"] {
            let day = calendar.day(date(text));
            assert_eq!(calendar.text(day), text.as_bytes());
            assert!(text.starts_with(&calendar.year_of(day).to_string()));
        }
        assert_eq!(calendar.text(calendar.horizon()), b"2026-06-30");
        assert_eq!(calendar.text(calendar.month_start(2012, 13)), b"2013-02-01");
        assert_eq!(calendar.text(calendar.month_start(2012, -1)), b"2011-12-01");
    }

    #[test]
    fn august_is_quiet_and_sunday_is_closed() {
        let calendar = Calendar::new();
        let mut months = [4; 12];
        months[7] = 1;
        let season = Season::new(&calendar, 2025, &months);
        let slots = |from: &str, to: &str| {
            season.window(calendar.day(date(from))..calendar.day(date(to))).len()
        };
        assert_eq!(slots("2025-01-01", "2026-01-01"), season.len());
        assert!(slots("2025-08-01", "2025-09-01") * 3 < slots("2025-07-01", "2025-08-01"));
        assert_eq!(slots("2025-06-01", "2025-06-02"), 0, "a Sunday");
        assert_eq!(slots("2030-01-01", "2031-01-01"), 0);
    }
}
