//! The last lines of the audit log as a table: one row a query.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use carnac_lake::{Entry, Event};

use super::recorded::{batch, numbers, optional, texts, times};

/// How a query ended.
#[derive(Default)]
struct End<'e> {
    outcome: Option<&'e str>,
    release: Option<u64>,
    rows: Option<u64>,
    bytes: Option<u64>,
    milliseconds: Option<u64>,
}

/// One row a query, in the order in which they came; how it ended is null while it has not, and for
/// ever when its server did not live so long.
pub(super) fn queries(entries: &[Entry]) -> Result<RecordBatch, ArrowError> {
    let ends: HashMap<_, _> = entries.iter().filter_map(|entry| end(&entry.event)).collect();
    let mut asked = Vec::new();
    for entry in entries {
        if let Event::Asked { query, door, role, token, sql } = &entry.event {
            asked.push((entry.at, query, door, role, token, sql));
        }
    }
    let none = End::default();
    let ended: Vec<_> =
        asked.iter().map(|asked| ends.get(asked.1.as_str()).unwrap_or(&none)).collect();
    batch([
        ("query_id", texts(asked.iter().map(|asked| asked.1.as_str()))),
        ("asked_at", times(asked.iter().map(|asked| asked.0))),
        ("door", texts(asked.iter().map(|asked| asked.2.as_str()))),
        ("role", texts(asked.iter().map(|asked| asked.3.as_str()))),
        ("token_id", optional(asked.iter().map(|asked| asked.4.as_deref()))),
        ("statement", texts(asked.iter().map(|asked| asked.5.as_str()))),
        ("outcome", optional(ended.iter().map(|end| end.outcome))),
        ("release_id", numbers(ended.iter().map(|end| end.release))),
        ("row_count", numbers(ended.iter().map(|end| end.rows))),
        ("byte_count", numbers(ended.iter().map(|end| end.bytes))),
        ("milliseconds", numbers(ended.iter().map(|end| end.milliseconds))),
    ])
}

fn end(event: &Event) -> Option<(&str, End<'_>)> {
    let Event::Ended { query, outcome, release, rows, bytes, milliseconds } = event else {
        return None;
    };
    let end = End {
        outcome: Some(outcome),
        release: *release,
        rows: Some(*rows),
        bytes: Some(*bytes),
        milliseconds: Some(*milliseconds),
    };
    Some((query, end))
}
