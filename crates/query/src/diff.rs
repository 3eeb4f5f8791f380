//! Two states of the lake compared: how each figure has changed, and what has changed it.
//!
//! A state has definitions D, data L (a release) and, for each figure, the units U: the
//! authorities that count in it. F(D, L, U) is the figure: the sum of the numerators over the sum
//! of the denominators, or the sum of the numerators alone for a unit of `count`. A row counts
//! when its status is `observed` and its denominator above 0; for a unit of `ratio` a value above
//! 1 is an anomaly and does not count. Where an indicator is split into items that share one
//! denominator, an authority without a row for an item counts there with a numerator of 0.
//!
//! With C, the authorities that count both in F(A) and in F(B):
//!
//! ```text
//! data effect       = F(D_A, L_B, C) − F(D_A, L_A, C)
//! definition effect = F(D_B, L_B, C) − F(D_A, L_B, C)
//! scope effect      = [F(D_B, L_B, U_B) − F(D_A, L_A, U_A)] − data effect − definition effect
//! ```
//!
//! The order is fixed: data before definitions. Sums are integers; each F is divided once and
//! rounded to ten decimals, and effects are differences of these, so their sum is the change
//! exactly. Nothing goes through a float.

mod effect;
mod reader;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray};
use arrow::error::ArrowError;

use self::effect::{Change, DIGITS, Part, Units};
use self::reader::{Reader, Row};
use crate::catalog::Catalog;
use crate::{Error, Layer, Principal, Result, SqlFile, Views};

/// What the figures of a comparison mean, in French and in English.
pub const DIFF_METHOD: [&str; 2] = [
    "Méthode : un chiffre est la somme des numérateurs sur la somme des dénominateurs des \
     collectivités observées (un taux supérieur à 1 est une anomalie, non comptée). Effet des \
     données : définitions de A sur les données de B, moins définitions et données de A. Effet des \
     définitions : définitions de B moins définitions de A, sur les données de B. Ces deux effets \
     portent sur les collectivités comptées des deux côtés ; l'effet de périmètre est le reste, dû \
     à celles comptées d'un seul côté. Calcul exact, chaque chiffre arrondi une fois à 10 \
     décimales : la somme des trois effets est l'écart.",
    "Method: a figure is the sum of the numerators over the sum of the denominators of the \
     authorities observed (a rate above 1 is an anomaly and not counted). Data effect: definitions \
     of A on the data of B, less definitions and data of A. Definition effect: definitions of B \
     less definitions of A, on the data of B. Both are taken over the authorities counted on both \
     sides; the scope effect is the rest, due to those counted on one side only. Computed exactly, \
     each figure rounded once to 10 decimals: the three effects add up to the change.",
];

/// Which figures to compare.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only the indicator of this identifier (`A08`) or view name.
    pub indicator: Option<String>,
    /// Only this period.
    pub period: Option<String>,
    /// The figures of this authority instead of the region's.
    pub siren: Option<String>,
    /// Figures that have not changed, too.
    pub unchanged: bool,
}

/// One figure that was compared.
struct Compared {
    indicator: String,
    period: String,
    item: Option<String>,
    versions: [Option<String>; 2],
    change: Change,
    /// What figures are divided by: amounts are added up in cents.
    divisor: i128,
}

/// Compares the state `old` with the state `new`; `mixed` has the definitions of the one and the
/// data of the other. One row a figure, by indicator, period and item.
///
/// # Errors
/// When a view cannot be read, or no indicator is the one wanted.
pub(crate) async fn compare(
    principal: Principal,
    [old, mixed, new]: [&Arc<Catalog>; 3],
    wanted: &Wanted,
) -> Result<RecordBatch> {
    let mut compared = Vec::new();
    for id in indicators([&old.views, &new.views], wanted)? {
        let views = [find(&old.views, &id), find(&new.views, &id)];
        let mut before = Reader::open(old, principal, views[0], wanted).await?;
        let mut after = Reader::open(new, principal, views[1], wanted).await?;
        // Under the same definitions, the state between the two is the new one.
        let mut between = match Arc::ptr_eq(mixed, new) {
            true => None,
            false => Some(Reader::open(mixed, principal, views[0], wanted).await?),
        };
        let measures = views.map(Measure::of);
        let next = |before: &Reader, after: &Reader| {
            [before.period(), after.period()].into_iter().flatten().min().map(str::to_owned)
        };
        while let Some(period) = next(&before, &after) {
            let (old, new) = (before.take(&period).await?, after.take(&period).await?);
            let mixed = match &mut between {
                Some(between) => Some(between.take(&period).await?),
                None => None,
            };
            for (item, change) in changes(&old, mixed.as_deref(), &new, measures) {
                if wanted.unchanged || !change.is_nothing() {
                    let (indicator, period) = (id.clone(), period.clone());
                    let versions = views.map(version);
                    let divisor = if measures.contains(&Measure::Amount) { 100 } else { 1 };
                    compared.push(Compared { indicator, period, item, versions, change, divisor });
                }
            }
        }
    }
    table(&compared, wanted.siren.as_deref()).map_err(|error| Error::planning(error.into()))
}

/// Identifiers of the indicators that either side has and that are wanted, in order.
fn indicators(views: [&Views; 2], wanted: &Wanted) -> Result<BTreeSet<String>> {
    // What one unit costs adds up to nothing over authorities.
    let files = views.into_iter().flat_map(|views| views.layer(Layer::Indicator));
    let files = files.filter(|file| file.header.unit != "eur_per_unit");
    let is_wanted = |file: &&SqlFile| {
        wanted.indicator.as_ref().is_none_or(|name| *name == file.header.id || *name == file.name)
    };
    let ids: BTreeSet<_> = files.filter(is_wanted).map(|file| file.header.id.clone()).collect();
    match &wanted.indicator {
        Some(name) if ids.is_empty() => Err(Error::invalid(format!(
            "there is no indicator `{name}`: `carnac indicators` lists those there are"
        ))),
        _ => Ok(ids),
    }
}

/// The newest version of an indicator.
fn find<'v>(views: &'v Views, id: &str) -> Option<&'v SqlFile> {
    let number = |file: &&SqlFile| file.header.definition.as_ref().map(|said| said.version.number);
    views.layer(Layer::Indicator).filter(|file| file.header.id == id).max_by_key(number)
}

/// The number of a view's version.
fn version(view: Option<&SqlFile>) -> Option<String> {
    view?.header.definition.as_ref().map(|said| said.version.number.to_string())
}

/// How rows add up to a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// A sum of numerators.
    Count,
    /// A sum of amounts, in cents: of the middle values of those that have bounds.
    Amount,
    /// A ratio of sums that cannot exceed 1.
    Share,
    /// Any other ratio of sums.
    Ratio,
}

impl Measure {
    fn of(view: Option<&SqlFile>) -> Self {
        match view.map(|view| view.header.unit.as_str()) {
            Some("count") => Self::Count,
            Some("eur") => Self::Amount,
            Some("ratio") => Self::Share,
            _ => Self::Ratio,
        }
    }

    fn is_sum(self) -> bool {
        matches!(self, Self::Count | Self::Amount)
    }

    /// What a row adds to the figure, when it counts.
    fn part(self, row: &Row) -> Option<Part> {
        let numerator = row.numerator.filter(|_| row.is_observed)?;
        if self.is_sum() {
            return Some(Part { numerator, denominator: None });
        }
        let denominator = row.denominator.filter(|denominator| *denominator > 0)?;
        let is_anomaly = self == Self::Share && numerator > denominator;
        (!is_anomaly).then_some(Part { numerator, denominator: Some(denominator) })
    }
}

/// The change of each item in one period; without `mixed`, the new rows stand for it.
fn changes(
    old: &[Row],
    mixed: Option<&[Row]>,
    new: &[Row],
    [before, after]: [Measure; 2],
) -> Vec<(Option<String>, Change)> {
    let rows = [old, mixed.unwrap_or_default(), new];
    let items: BTreeSet<_> = rows.into_iter().flatten().map(|row| &row.item).collect();
    let old = units(old, before, &items);
    let mixed = mixed.map(|mixed| units(mixed, before, &items));
    let new = units(new, after, &items);
    let mixed = mixed.as_ref().unwrap_or(&new);
    let none = Units::new();
    let change = |item| {
        let [old, mixed, new] = [&old, mixed, &new].map(|group| group.get(item).unwrap_or(&none));
        Change::of(old, mixed, new)
    };
    let counted = |change: &Change| change.old.is_some() || change.new.is_some();
    let all = items.into_iter().map(|item| (item.clone(), change(item)));
    all.filter(|(_, change)| counted(change)).collect()
}

/// The authorities that count, by item.
fn units<'r>(
    rows: &'r [Row],
    measure: Measure,
    items: &BTreeSet<&'r Option<String>>,
) -> BTreeMap<&'r Option<String>, Units> {
    let mut groups: BTreeMap<&Option<String>, Units> = BTreeMap::new();
    for row in rows {
        if let Some(part) = measure.part(row) {
            groups.entry(&row.item).or_default().insert(row.siren.clone(), part);
        }
    }
    for (siren, split) in splits(rows) {
        let Some(denominator) = split.denominator.filter(|_| !measure.is_sum()) else {
            continue;
        };
        let nothing = Part { numerator: 0, denominator: Some(denominator) };
        for item in items.iter().filter(|item| !split.items.contains(*item)) {
            groups.entry(item).or_default().insert(siren.to_owned(), nothing);
        }
    }
    groups
}

/// The items that one authority has rows for.
#[derive(Debug, Default)]
struct Split<'r> {
    items: BTreeSet<&'r Option<String>>,
    /// The denominator that they all share, above 0, if they do.
    denominator: Option<i64>,
}

/// The splits by SIREN; none for an indicator that is not split.
fn splits(rows: &[Row]) -> BTreeMap<&str, Split<'_>> {
    let mut splits: BTreeMap<&str, Split<'_>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.item.is_some()) {
        let denominator = row.denominator.filter(|below| row.is_observed && *below > 0);
        let split = splits.entry(&row.siren).or_default();
        let shared = split.items.is_empty() || split.denominator == denominator;
        split.denominator = denominator.filter(|_| shared);
        split.items.insert(&row.item);
    }
    splits
}

fn table(compared: &[Compared], siren: Option<&str>) -> Result<RecordBatch, ArrowError> {
    let text = |of: &dyn Fn(&Compared) -> Option<String>| -> ArrayRef {
        Arc::new(compared.iter().map(of).collect::<StringArray>())
    };
    let decimal =
        |scale: i8, of: &dyn Fn(&Change) -> Option<i128>| -> Result<ArrayRef, ArrowError> {
            // A whole number of cents ends with the second decimal: nothing is lost.
            let divisor = |row: &Compared| if scale == DIGITS { row.divisor } else { 1 };
            let value = |row: &Compared| Some(of(&row.change)? / divisor(row));
            let values: Decimal128Array = compared.iter().map(value).collect();
            Ok(Arc::new(values.with_precision_and_scale(38, scale)?))
        };
    let count = |of: &dyn Fn(&Change) -> usize| -> ArrayRef {
        let number = |row: &Compared| i64::try_from(of(&row.change)).unwrap_or(i64::MAX);
        Arc::new(Int64Array::from_iter_values(compared.iter().map(number)))
    };
    RecordBatch::try_from_iter_with_nullable([
        ("indicator", text(&|row| Some(row.indicator.clone())), true),
        ("period", text(&|row| Some(row.period.clone())), true),
        ("item", text(&|row| row.item.clone()), true),
        ("siren", text(&|_| siren.map(str::to_owned)), true),
        ("version_a", text(&|row| row.versions[0].clone()), true),
        ("version_b", text(&|row| row.versions[1].clone()), true),
        ("numerator_a", decimal(0, &|change| Some(change.old?.numerator))?, true),
        ("denominator_a", decimal(0, &|change| change.old?.denominator)?, true),
        ("figure_a", decimal(DIGITS, &|change| change.figures()[0])?, true),
        ("numerator_b", decimal(0, &|change| Some(change.new?.numerator))?, true),
        ("denominator_b", decimal(0, &|change| change.new?.denominator)?, true),
        ("figure_b", decimal(DIGITS, &|change| change.figures()[1])?, true),
        ("change", decimal(DIGITS, &Change::change)?, true),
        ("data_effect", decimal(DIGITS, &|change| Some(change.effects?.data))?, true),
        ("definition_effect", decimal(DIGITS, &|change| Some(change.effects?.definition))?, true),
        ("scope_effect", decimal(DIGITS, &|change| Some(change.effects?.scope))?, true),
        ("common_count", count(&|change| change.common), true),
        ("left_count", count(&|change| change.left), true),
        ("entered_count", count(&|change| change.entered), true),
    ])
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::Decimal128Type;

    use super::*;

    fn row(siren: &str, item: Option<&str>, numerator: i64, denominator: i64) -> Row {
        Row {
            period: "2025".to_owned(),
            item: item.map(str::to_owned),
            siren: siren.to_owned(),
            numerator: Some(numerator),
            denominator: Some(denominator),
            is_observed: true,
        }
    }

    #[test]
    fn anomalies_and_what_is_not_observed_do_not_count() {
        let part = |measure: Measure, row: &Row| measure.part(row).map(|part| part.numerator);
        let good = row("a", None, 1, 2);
        let anomaly = row("a", None, 3, 2);
        let empty = row("a", None, 0, 0);
        let silent = Row { is_observed: false, ..row("a", None, 1, 2) };
        assert_eq!(part(Measure::Share, &good), Some(1));
        assert_eq!(part(Measure::Share, &anomaly), None);
        // More than one bid a tender is no anomaly.
        assert_eq!(part(Measure::Ratio, &anomaly), Some(3));
        assert_eq!(part(Measure::Ratio, &empty), None);
        assert_eq!(part(Measure::Count, &empty), Some(0));
        assert_eq!(part(Measure::Count, &silent), None);
    }

    /// 12.34 € and 0.01 € become 12.30 € and 0.01 €: from 12.35 to 12.31 €, although the sums are
    /// whole numbers of cents.
    #[test]
    fn amounts_are_added_up_in_cents_and_told_in_euros() {
        let rows = |first| [row("a", None, first, 0), row("b", None, 1, 0)];
        let (item, change) =
            changes(&rows(1234), None, &rows(1230), [Measure::Amount; 2]).remove(0);
        let compared = Compared {
            indicator: "C05".to_owned(),
            period: "2025".to_owned(),
            item,
            versions: [None, None],
            change,
            divisor: 100,
        };
        let table = table(&[compared], None).unwrap();
        let told = ["figure_a", "figure_b", "change", "data_effect"].map(|name| {
            let column = table.column_by_name(name).unwrap().as_primitive::<Decimal128Type>();
            column.value_as_string(0).trim_end_matches('0').to_owned()
        });
        assert_eq!(told, ["12.35", "12.31", "-0.04", "-0.04"]);
    }

    /// The share of item 1 among all acts is 1 of 4, although `b` has no row for it.
    #[test]
    fn an_item_that_an_authority_has_not_is_zero_of_its_own_total() {
        let rows =
            [row("a", Some("1"), 1, 2), row("a", Some("2"), 1, 2), row("b", Some("2"), 2, 2)];
        let all = changes(&rows, None, &rows, [Measure::Share; 2]);
        let sums: Vec<_> = all
            .iter()
            .map(|(item, change)| {
                (item.as_deref(), change.old.map(|s| (s.numerator, s.denominator)))
            })
            .collect();
        assert_eq!(sums, [(Some("1"), Some((1, Some(4)))), (Some("2"), Some((3, Some(4))))]);
    }

    /// By nature every item has its own total: nothing is put in the place of a missing one.
    #[test]
    fn items_with_totals_of_their_own_are_not_filled() {
        let rows = [
            row("a", Some("1"), 1, 2),
            row("a", Some("2"), 1, 3),
            row("b", Some("2"), 2, 2),
            Row {
                is_observed: false,
                numerator: None,
                denominator: None,
                ..row("b", Some("1"), 0, 0)
            },
        ];
        let all = changes(&rows, None, &rows, [Measure::Share; 2]);
        let common: Vec<_> = all.iter().map(|(_, change)| change.common).collect();
        assert_eq!(common, [1, 2]);
    }
}
