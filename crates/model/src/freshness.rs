//! Which tables and which series of files lag behind the others: a late figure must not look new.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use crate::{Audit, DATASETS, Dataset, Granularity, Input, Release};

/// How new one table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freshness {
    /// The table.
    pub table: &'static str,
    /// Its newest dated period; none when it has no dates.
    pub newest_period: Option<String>,
    /// The file that landed last in that period.
    pub newest_source: String,
    /// The date that "today" meant when that file landed.
    pub run_date: NaiveDate,
    /// Why it is stale; none when it is not.
    pub lags: Vec<Lag>,
    /// Months of its granularity.
    step: i32,
}

/// A table, or a series of files of it, that is older than the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    /// What it has: a period, or a series and its newest month.
    pub measured: String,
    /// What the others have.
    pub expected: String,
}

/// What a stale table is told by, in French and in English.
pub const STALE: (&str, &str) = (
    "en retard sur les autres : plus ancien que le plus récent d'au moins un pas",
    "behind the others: older than the newest by a step or more",
);

/// Tells how new each table of a release is, in the order of datasets.
///
/// A table is stale when its newest period ends before that of another one by more than its
/// granularity, or when one of its monthly series of files (two files or more whose names differ
/// in the month only) has none for the newest month of any series. Periods after the run date do
/// not count.
#[must_use]
pub fn freshness(release: &Release) -> Vec<Freshness> {
    let mut tables: Vec<Freshness> =
        DATASETS.iter().filter_map(|dataset| of_table(release, dataset)).collect();
    let today = month_number(release.run_date);
    let ends = |table: &Freshness| {
        table.newest_period.as_deref().and_then(last_month).map(|month| month.min(today))
    };
    let newest = tables.iter().filter_map(ends).max();
    let newest_period = tables.iter().filter_map(|table| table.newest_period.clone()).max();
    let series = series(release);
    let last = series.values().max().copied();
    for table in &mut tables {
        let own = ends(table);
        if own.zip(newest).is_some_and(|(own, newest)| newest - own > table.step) {
            let measured = table.newest_period.clone().unwrap_or_default();
            table.lags.push(Lag { measured, expected: newest_period.clone().unwrap_or_default() });
        }
        for ((_, name), month) in series.iter().filter(|((of, _), _)| *of == table.table) {
            let Some(last) = last.filter(|last| month < last) else { continue };
            let measured = format!("{name}, {}", month_text(*month));
            table.lags.push(Lag { measured, expected: month_text(last) });
        }
    }
    tables
}

/// Tells the same as findings, one a table and lag.
#[must_use]
pub fn freshness_audits(release: &Release) -> Vec<Audit> {
    let mut audits = Vec::new();
    for Freshness { table, newest_period, lags, .. } in freshness(release) {
        let period = newest_period.as_deref().unwrap_or("all");
        let audit = || Audit::passed("freshness", table, period, STALE).as_warning();
        if lags.is_empty() {
            audits.push(audit().of(period, period));
        }
        let found = |lag: Lag| audit().of(lag.measured, lag.expected).failed_if(true);
        audits.extend(lags.into_iter().map(found));
    }
    audits
}

fn of_table(release: &Release, dataset: &'static Dataset) -> Option<Freshness> {
    let latest = last_period(release.run_date);
    let is_dated = |period: &&String| last_month(period).is_some() && **period <= latest;
    let newest_of = |input: &Input| input.periods.iter().filter(is_dated).max().cloned();
    let sources = release.inputs.iter().filter(|(source, input)| {
        input.accepted > 0 && source.split_once('/').is_some_and(|(of, _)| of == dataset.name)
    });
    let (newest_period, source, input) = sources
        .map(|(source, input)| (newest_of(input), source, input))
        .max_by_key(|(period, source, input)| (period.clone(), input.release, *source))?;
    Some(Freshness {
        table: dataset.name,
        newest_period,
        newest_source: source.clone(),
        run_date: input.run_date.unwrap_or(release.run_date),
        lags: Vec::new(),
        step: if dataset.granularity == Granularity::Year { 12 } else { 1 },
    })
}

/// The newest month of each monthly series of files, by table and by name with `#` for the month.
fn series(release: &Release) -> BTreeMap<(&str, String), i32> {
    let mut found: BTreeMap<(&str, String), (usize, i32)> = BTreeMap::new();
    for (table, name) in release.inputs.keys().filter_map(|source| source.split_once('/')) {
        let Some((series, month)) = month_in(name) else { continue };
        let (count, newest) = found.entry((table, series)).or_insert((0, month));
        *count += 1;
        *newest = month.max(*newest);
    }
    found.retain(|_, (count, _)| *count > 1);
    found.into_iter().map(|(series, (_, newest))| (series, newest)).collect()
}

/// The month that a file name holds (`2024-03`, `2024_03` or `202403`) and the name without it.
fn month_in(name: &str) -> Option<(String, i32)> {
    let pieces: Vec<&str> = name.split_inclusive(|c: char| !c.is_ascii_digit()).collect();
    for (at, piece) in pieces.iter().enumerate() {
        let digits = piece.trim_end_matches(|c: char| !c.is_ascii_digit());
        let next = pieces.get(at + 1).copied().unwrap_or_default();
        let month = next.trim_end_matches(|c: char| !c.is_ascii_digit());
        let separated = piece.ends_with(['-', '_']);
        let (digits, used, rest) = match (digits.len(), month.len()) {
            (4, 2) if separated => (format!("{digits}{month}"), 2, next.strip_prefix(month)?),
            (6, _) => (digits.to_owned(), 1, piece.strip_prefix(digits)?),
            _ => continue,
        };
        let number: i32 = digits.parse().ok()?;
        let (year, month) = (number / 100, number % 100);
        if (2000..2100).contains(&year) && (1..=12).contains(&month) {
            let before = pieces[..at].concat();
            let after = pieces[at + used..].concat();
            return Some((format!("{before}#{rest}{after}"), year * 12 + month - 1));
        }
    }
    None
}

/// The number of the last month of a period: of `2024` that of December; none without a date.
fn last_month(period: &str) -> Option<i32> {
    let (year, month) = period.split_once('-').unwrap_or((period, "12"));
    Some(year.parse::<i32>().ok()? * 12 + month.parse::<i32>().ok()? - 1)
}

fn month_number(date: NaiveDate) -> i32 {
    date.year() * 12 + i32::try_from(date.month0()).unwrap_or_default()
}

fn month_text(month: i32) -> String {
    format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1)
}

/// The greatest period that holds no day after `date`'s year.
fn last_period(date: NaiveDate) -> String {
    format!("{:04}-12", date.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(sources: &[(&str, &[&str])]) -> Release {
        let input = |periods: &[&str]| Input {
            accepted: 1,
            periods: periods.iter().map(|period| (*period).to_owned()).collect(),
            ..Input::new("")
        };
        let inputs = sources.iter().map(|(source, periods)| ((*source).to_owned(), input(periods)));
        Release {
            id: 1,
            published_at: chrono::DateTime::UNIX_EPOCH,
            run_date: NaiveDate::from_ymd_opt(2026, 3, 1).unwrap(),
            tables: BTreeMap::new(),
            commits: BTreeMap::new(),
            inputs: inputs.collect(),
            code: String::new(),
            cubes: BTreeMap::new(),
        }
    }

    fn stale(sources: &[(&str, &[&str])]) -> Vec<String> {
        let lags = |table: Freshness| {
            table
                .lags
                .into_iter()
                .map(move |lag| format!("{}: {} < {}", table.table, lag.measured, lag.expected))
        };
        freshness(&release(sources)).into_iter().flat_map(lags).collect()
    }

    #[test]
    fn a_table_that_is_two_years_behind_is_stale() {
        let year_before: [(&str, &[&str]); 2] =
            [("acts/a.csv", &["2025"]), ("bids/b.csv", &["2026"])];
        assert!(stale(&year_before).is_empty());
        let behind: [(&str, &[&str]); 4] = [
            ("acts/a.csv", &["2023", "2024", "undated"]),
            ("bids/b.csv", &["2026"]),
            ("memberships/m.csv", &["all"]),
            // What is announced for later years makes nobody late.
            ("reported/r.csv", &["2025", "2031"]),
        ];
        assert_eq!(stale(&behind), ["acts: 2024 < 2026"]);
    }

    #[test]
    fn a_monthly_series_without_the_newest_month_is_stale() {
        let sources: [(&str, &[&str]); 6] = [
            ("acts/rennes-2026-01.csv", &["2026"]),
            ("acts/rennes-2026-02.csv", &["2026"]),
            ("acts/vannes-202512.csv", &["2025"]),
            ("acts/vannes-202601.csv", &["2026"]),
            ("acts/once-2020-01.csv", &["2020"]),
            ("bids/all.csv", &["2026"]),
        ];
        assert_eq!(stale(&sources), ["acts: vannes-#.csv, 2026-01 < 2026-02"]);
    }

    #[test]
    fn the_month_of_a_file_name() {
        assert_eq!(month_in("a-2024-03.csv"), Some(("a-#.csv".to_owned(), 2024 * 12 + 2)));
        assert_eq!(month_in("a_202412_v1.csv"), Some(("a_#_v1.csv".to_owned(), 2024 * 12 + 11)));
        assert_eq!(month_in("2024_03.csv"), Some(("#.csv".to_owned(), 2024 * 12 + 2)));
        for none in
            ["a.csv", "2024.csv", "2024-13.csv", "20240301.csv", "213502.csv", "a-2024-3.csv"]
        {
            assert_eq!(month_in(none), None, "{none}");
        }
    }
}
