//! Between which keys the rows of a partition lie, as far as the log says: a partition that holds
//! none of some keys need not be read to know it.

use std::collections::BTreeMap;

use arrow::array::{Array, RecordBatch, StringArray};
use arrow::compute::{max_string, min_string};
use carnac_model::{Dataset, PERIOD};
use deltalake_core::DeltaTable;
use serde_json::Value;

use crate::{Result, delta};

/// From this length on, in bytes, a bound may be cut short by who wrote it.
const CUT: usize = 32;

/// The least and the greatest text of a key's last column, by which keys are told apart most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bounds {
    least: String,
    greatest: String,
}

impl Bounds {
    /// Returns those of some rows; none when they cannot be told: a row has no text, or a long one.
    pub(crate) fn of_rows(dataset: &Dataset, rows: &RecordBatch) -> Option<Self> {
        let column = rows.column_by_name(dataset.key.last()?)?;
        let texts: &StringArray = column.as_any().downcast_ref()?;
        if texts.null_count() > 0 {
            return None;
        }
        Self::between(min_string(texts)?, max_string(texts)?)
    }

    /// Returns those of a file, by the statistics in the log.
    fn of_file(dataset: &Dataset, stats: Option<&str>) -> Option<Self> {
        let stats: Value = serde_json::from_str(stats?).ok()?;
        let column = *dataset.key.last()?;
        if stats["nullCount"][column].as_u64()? > 0 {
            return None;
        }
        let bound = |which: &str| stats[which][column].as_str();
        Self::between(bound("minValues")?, bound("maxValues")?)
    }

    fn between(least: &str, greatest: &str) -> Option<Self> {
        let is_whole = least.len() < CUT && greatest.len() < CUT;
        is_whole.then(|| Self { least: least.to_owned(), greatest: greatest.to_owned() })
    }

    /// Returns those of what either is of.
    pub(crate) fn with(self, other: Self) -> Self {
        Self { least: self.least.min(other.least), greatest: self.greatest.max(other.greatest) }
    }

    fn meets(&self, other: &Self) -> bool {
        self.least <= other.greatest && other.least <= self.greatest
    }
}

/// Whether keys of two such ranges may be equal; so when either is not known.
pub(crate) fn may_meet(one: Option<&Bounds>, other: Option<&Bounds>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one.meets(other))
}

/// Returns the bounds of each partition that has a file; none where a file does not tell.
pub(crate) fn by_period(
    dataset: &Dataset,
    table: &DeltaTable,
) -> Result<BTreeMap<String, Option<Bounds>>> {
    let failed = |source| delta::failed("open", dataset.name, source);
    let mut periods: BTreeMap<String, Option<Bounds>> = BTreeMap::new();
    for file in table.snapshot().map_err(failed)?.snapshot().log_data() {
        let Some(Some(period)) = file.partition_values_map().remove(PERIOD) else { continue };
        let bounds = Bounds::of_file(dataset, file.stats().as_deref());
        match periods.get_mut(&period) {
            Some(known) => *known = known.take().zip(bounds).map(|(a, b)| a.with(b)),
            None => drop(periods.insert(period, bounds)),
        }
    }
    Ok(periods)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::ArrayRef;
    use carnac_model::dataset;

    use super::*;

    fn bids(ids: &[Option<&str>]) -> Option<Bounds> {
        let ids: ArrayRef = Arc::new(StringArray::from(ids.to_vec()));
        let rows = RecordBatch::try_from_iter([("bid_id", ids)]).unwrap();
        Bounds::of_rows(dataset("bids").unwrap(), &rows)
    }

    #[test]
    fn ranges_that_share_a_text_meet() {
        let (low, high) = (bids(&[Some("10"), Some("2")]), bids(&[Some("3"), Some("5")]));
        assert!(!may_meet(low.as_ref(), high.as_ref()) && !may_meet(high.as_ref(), low.as_ref()));
        for other in [["2", "3"], ["1", "9"], ["11", "12"], ["10", "10"]] {
            assert!(may_meet(low.as_ref(), bids(&other.map(Some)).as_ref()), "{other:?}");
        }
        let both = low.unwrap().with(high.unwrap());
        assert_eq!(Some(both), bids(&[Some("5"), Some("10")]));
    }

    #[test]
    fn what_is_not_known_may_meet_anything() {
        let known = bids(&[Some("1")]);
        let long = "1".repeat(CUT);
        for unknown in [bids(&[]), bids(&[Some("1"), None]), bids(&[Some(&long)])] {
            assert_eq!(unknown, None);
            assert!(may_meet(known.as_ref(), None) && may_meet(None, known.as_ref()));
        }
    }

    #[test]
    fn a_file_says_its_bounds_or_none() {
        let bids = dataset("bids").unwrap();
        let stats = |nulls: &str, least: &str, greatest: &str| {
            format!(
                r#"{{"numRecords":2{nulls},"minValues":{{"bid_id":{least}}},"maxValues":{{"bid_id":{greatest}}}}}"#
            )
        };
        let none = r#","nullCount":{"bid_id":0}"#;
        let told = Bounds::of_file(bids, Some(&stats(none, "\"a\"", "\"b\"")));
        assert_eq!(told, Bounds::between("a", "b"));
        let long = format!("\"{}\"", "b".repeat(CUT));
        for stats in [
            stats("", "\"a\"", "\"b\""),
            stats(r#","nullCount":{"bid_id":1}"#, "\"a\"", "\"b\""),
            stats(none, "1", "2"),
            stats(none, "\"a\"", &long),
            "nonsense".to_owned(),
        ] {
            assert_eq!(Bounds::of_file(bids, Some(&stats)), None, "{stats}");
        }
        assert_eq!(Bounds::of_file(bids, None), None);
    }
}
