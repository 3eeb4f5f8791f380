//! Days and times as PostgreSQL writes them.

use std::fmt::Write;

use bytes::{BufMut, BytesMut};
use carnac_query::civil;
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

/// Days from 1970-01-01 to 2000-01-01, from which PostgreSQL counts.
pub(super) const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
pub(super) const EPOCH_MICROS: i64 = 946_684_800_000_000;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Writes a day, counted from 1970-01-01.
pub(super) fn date(days: i32, to: &mut BytesMut) {
    let day = DateTime::from_timestamp(i64::from(days) * 86_400, 0).map(|time| time.date_naive());
    match day {
        Some(day) => {
            year_month_day(day, to);
            era(day, to);
        }
        None => to.put_slice(if days < 0 { b"-infinity" } else { b"infinity" }),
    }
}

/// Writes a moment, in microseconds from 1970-01-01.
pub(super) fn timestamp(micros: i64, has_zone: bool, to: &mut BytesMut) {
    let Some(moment) = DateTime::from_timestamp_micros(micros) else {
        return to.put_slice(if micros < 0 { b"-infinity" } else { b"infinity" });
    };
    let day = moment.date_naive();
    year_month_day(day, to);
    to.put_u8(b' ');
    let of_day = i64::from(moment.time().num_seconds_from_midnight()) * SECOND;
    time_of_day(of_day + i64::from(moment.nanosecond() / 1000), to);
    if has_zone {
        to.put_slice(b"+00");
    }
    era(day, to);
}

/// Writes a time of day, in microseconds.
pub(super) fn time_of_day(micros: i64, to: &mut BytesMut) {
    let (seconds, micros) = (micros.div_euclid(SECOND), micros.rem_euclid(SECOND));
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    // Writing to memory does not fail.
    write!(to, "{hours:02}:{minutes:02}:{seconds:02}").unwrap_or_default();
    if micros != 0 {
        let fraction = format!("{micros:06}");
        write!(to, ".{}", fraction.trim_end_matches('0')).unwrap_or_default();
    }
}

/// Writes an interval: months, days, and microseconds.
pub(super) fn interval(months: i32, days: i32, micros: i64, to: &mut BytesMut) {
    let start = to.len();
    let (years, months) = (months / 12, months % 12);
    for (count, one, many) in
        [(years, "year", "years"), (months, "mon", "mons"), (days, "day", "days")]
    {
        if count != 0 {
            let gap = if to.len() > start { " " } else { "" };
            let unit = if count == 1 { one } else { many };
            write!(to, "{gap}{count} {unit}").unwrap_or_default();
        }
    }
    if micros != 0 || to.len() == start {
        let gap = if to.len() > start { " " } else { "" };
        write!(to, "{gap}{}", if micros < 0 { "-" } else { "" }).unwrap_or_default();
        time_of_day(micros.saturating_abs(), to);
    }
}

fn year_month_day(day: NaiveDate, to: &mut BytesMut) {
    // There is no year 0: it is the first before the era.
    let year = if day.year() > 0 { day.year() } else { 1 - day.year() };
    write!(to, "{year:04}-{:02}-{:02}", day.month(), day.day()).unwrap_or_default();
}

fn era(day: NaiveDate, to: &mut BytesMut) {
    if day.year() <= 0 {
        to.put_slice(b" BC");
    }
}

/// Reads a moment in microseconds from 1970-01-01; its offset counts where there is a zone only.
pub(super) fn parse_timestamp(text: &str, has_zone: bool) -> Option<i64> {
    let text = text.trim();
    let written = civil(text);
    let formats = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    let of = |format| NaiveDateTime::parse_from_str(written, format).ok();
    let day = || NaiveDate::parse_from_str(written, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    let moment = formats.into_iter().find_map(of).or_else(day)?;
    let offset = text.get(written.len()..).map(str::trim).filter(|_| has_zone).unwrap_or_default();
    let offset = if offset.is_empty() { 0 } else { seconds(offset)? };
    Some(moment.and_utc().timestamp_micros() - offset * SECOND)
}

/// Reads an offset: `Z`, `+02`, `-0330` or `+05:53:28`.
fn seconds(offset: &str) -> Option<i64> {
    let digits: Vec<u32> = offset.chars().filter_map(|digit| digit.to_digit(10)).collect();
    let two = |pair: &[u32]| pair.iter().fold(0, |sum, digit| sum * 10 + i64::from(*digit));
    let units = digits.chunks(2).map(two).zip([3600, 60, 1]);
    let sum = units.map(|(count, unit)| count * unit).sum::<i64>();
    match offset.chars().next()? {
        'Z' | 'z' => Some(0),
        '-' => Some(-sum),
        _ => Some(sum),
    }
}

/// Reads a day as days from 1970-01-01: that of the text, whatever its offset.
pub(super) fn parse_date(text: &str) -> Option<i32> {
    i32::try_from(parse_timestamp(text, false)?.div_euclid(DAY)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut BytesMut)) -> String {
        let mut to = BytesMut::new();
        write(&mut to);
        String::from_utf8(to.to_vec()).unwrap()
    }

    #[test]
    fn days_and_moments() {
        for (days, expected) in
            [(0, "1970-01-01"), (EPOCH_DAYS, "2000-01-01"), (-719_528, "0001-01-01 BC")]
        {
            assert_eq!(written(|to| date(days, to)), expected);
        }
        assert_eq!(
            written(|to| timestamp(EPOCH_MICROS + 1_500_000, true, to)),
            "2000-01-01 00:00:01.5+00"
        );
        assert_eq!(written(|to| timestamp(-1, false, to)), "1969-12-31 23:59:59.999999");
        assert_eq!(written(|to| timestamp(i64::MAX, false, to)), "infinity");
        assert_eq!(
            written(|to| interval(14, -3, -1_000_000, to)),
            "1 year 2 mons -3 days -00:00:01"
        );
        assert_eq!(written(|to| interval(0, 0, 0, to)), "00:00:00");
    }

    #[test]
    fn moments_are_read() {
        assert_eq!(parse_date("2000-01-01"), Some(EPOCH_DAYS));
        for text in [
            "2000-01-01",
            "2000-01-01 00:00:00",
            "2000-01-01T00:00:00.000",
            "2000-01-01 00:00:00Z",
            "2000-01-01 02:00:00+02",
            "2000-01-01T02:00:00+02:00",
            "1999-12-31 20:30:00-0330",
        ] {
            assert_eq!(parse_timestamp(text, true), Some(EPOCH_MICROS), "{text}");
        }
        assert_eq!(parse_timestamp("yesterday", true), None);
    }

    #[test]
    fn an_offset_does_not_move_what_has_no_zone() {
        for text in ["2000-01-01 +02", "2000-01-01 00:00:00+02", "2000-01-01T00:00:00-03:30"] {
            assert_eq!(parse_timestamp(text, false), Some(EPOCH_MICROS), "{text}");
            assert_eq!(parse_date(text), Some(EPOCH_DAYS), "{text}");
        }
        assert_eq!(parse_date("2000-01-01 23:00:00-02"), Some(EPOCH_DAYS));
    }
}
