//! When a refresh is due: a cron expression in a time zone. It reads no clock.

use anyhow::Context;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;

/// Times at which a refresh is due.
#[derive(Debug)]
pub(crate) struct Schedule {
    cron: Cron,
    pub(crate) zone: Tz,
}

impl Schedule {
    /// Parses a cron expression of five fields, whose times are those of `zone`.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn parse(text: &str, zone: Tz) -> anyhow::Result<Self> {
        let cron = text.parse().with_context(|| format!("read the schedule `{text}`"))?;
        Ok(Self { cron, zone })
    }

    /// Returns the first time due after a run that began at `last`: however many were missed
    /// before `now`, one run makes up for them all.
    ///
    /// A time of day that the clocks skip is due when they go on, one that they repeat the first
    /// time.
    ///
    /// # Errors
    /// When there is none for ever: the 30th of February.
    pub(crate) fn after(&self, last: DateTime<Utc>) -> anyhow::Result<DateTime<Tz>> {
        let second = TimeDelta::seconds(1);
        // From the next whole second on: within its own second, a run would be due again.
        let from = last.duration_trunc(second).unwrap_or(last) + second;
        let due = self.cron.find_next_occurrence(&from.with_timezone(&self.zone), true);
        due.with_context(|| format!("the schedule `{}` is never due", self.cron.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Europe::Paris;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Starts a run as soon as one is due and `now` has come; returns when each began.
    fn runs(cron: &str, last: &str, nows: &[&str]) -> Vec<String> {
        let schedule = Schedule::parse(cron, Paris).unwrap();
        let (mut last, mut began) = (at(last), Vec::new());
        for now in nows.iter().map(|now| at(now)) {
            if schedule.after(last).unwrap() <= now {
                began.push(now.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true));
                last = now;
            }
        }
        began
    }

    /// Every half minute of the hours around a change of the clocks.
    fn half_minutes(from: &str) -> Vec<String> {
        let from = at(from);
        (0..12 * 60)
            .map(|n| {
                (from + TimeDelta::seconds(30 * n) + TimeDelta::milliseconds(300)).to_rfc3339()
            })
            .collect()
    }

    #[test]
    fn half_past_two_is_due_once_on_the_days_when_the_clocks_change() {
        for (day, last, from, began) in [
            // 02:00 is 03:00: due as the clocks go on.
            ("spring", "2025-03-29T01:30:00Z", "2025-03-29T23:00:00Z", "2025-03-30T01:00:00.300Z"),
            // 02:30 comes twice, at 00:30 and at 01:30 UTC: due the first time.
            ("autumn", "2025-10-25T00:30:00Z", "2025-10-25T22:00:00Z", "2025-10-26T00:30:00.300Z"),
        ] {
            let nows = half_minutes(from);
            let nows: Vec<&str> = nows.iter().map(String::as_str).collect();
            assert_eq!(runs("30 2 * * *", last, &nows), [began], "{day}");
        }
    }

    #[test]
    fn the_day_after_a_change_of_the_clocks_is_like_any_other() {
        let schedule = Schedule::parse("30 2 * * *", Paris).unwrap();
        for (last, due) in [
            ("2025-03-30T01:00:00Z", "2025-03-31T00:30:00Z"),
            ("2025-10-26T00:30:00Z", "2025-10-27T01:30:00Z"),
            ("2025-10-26T00:30:00.999Z", "2025-10-27T01:30:00Z"),
            ("2025-10-26T01:30:00Z", "2025-10-27T01:30:00Z"),
        ] {
            assert_eq!(schedule.after(at(last)).unwrap(), at(due), "{last}");
        }
    }

    #[test]
    fn runs_that_were_missed_are_caught_up_once() {
        // Down for three nights, one of them that of the change.
        let nows = ["2025-10-27T08:00:00Z", "2025-10-27T08:00:30Z", "2025-10-28T00:59:59Z"];
        assert_eq!(runs("0 2 * * *", "2025-10-24T00:00:00Z", &nows), ["2025-10-27T08:00:00Z"]);
        // A run by hand just before does not stand for the one that is due.
        let nows = ["2025-07-01T00:00:00Z", "2025-07-01T00:00:01Z"];
        assert_eq!(runs("0 2 * * *", "2025-06-30T23:59:59Z", &nows), ["2025-07-01T00:00:00Z"]);
        // A clock that was put back starts nothing again.
        assert_eq!(runs("0 2 * * *", "2025-07-02T00:00:00Z", &nows), [""; 0]);
    }

    #[test]
    fn what_is_no_schedule_or_never_due_is_told() {
        for bad in ["", "2", "0 25 * * *", "each night", "0 2 * *"] {
            let error = Schedule::parse(bad, Paris).unwrap_err().to_string();
            assert!(error.contains(&format!("`{bad}`")), "{error}");
        }
        let never = Schedule::parse("0 2 30 2 *", Paris).unwrap();
        let error = never.after(at("2025-01-01T00:00:00Z")).unwrap_err().to_string();
        assert!(error.contains("is never due"), "{error}");
    }
}
