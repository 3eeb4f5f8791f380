//! The receipt of a figure: its value, and all that it was computed from.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use carnac_lake::Lake;
use carnac_model::{CountedRows, Input, PERIOD, Receipt, TableVersion, definitions_hash};

use crate::catalog::Catalog;
use crate::{At, Definition, Error, Facts, Principal, Result, SqlFile, Views, run};

/// The figure of one authority and period.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Identifier of an indicator (`A08`), or the name of its view.
    pub indicator: String,
    /// The authority.
    pub siren: String,
    /// The period, `2025`.
    pub period: String,
}

/// Computes a figure with all that it was computed from.
///
/// # Errors
/// When there is no such figure, or what it reads cannot be read.
pub(crate) async fn receipt(
    lake: &Lake,
    catalog: &Catalog,
    principal: Principal,
    figure: &Figure,
    at: Option<&At>,
) -> Result<Receipt> {
    let (view, said) = find(&catalog.views, &figure.indicator)?;
    let name = format!("{}.{}", view.layer, view.name);
    let release = &catalog.release;
    let found = rows_of(catalog, principal, &query(&name, figure, Some(PERIOD), "*")).await?;
    if found.is_empty() {
        let Figure { siren, period, .. } = figure;
        return Err(Error::not_found(format!(
            "{} has no figure of {siren} in period {period} in release {}",
            view.header.id, release.id
        )));
    }
    let mut rows = Vec::new();
    for facts in &said.rows {
        rows.extend(counted(catalog, principal, facts, figure).await?);
    }
    let mut tables: BTreeMap<String, TableVersion> = BTreeMap::new();
    let below = catalog.views.below(view)?;
    for table in below.tables {
        if let Some(version) = lake.table_version(release, &table).await? {
            tables.insert(table, version);
        }
    }
    let is_read =
        |source: &str| source.split_once('/').is_some_and(|(of, _)| tables.contains_key(of));
    let inputs: BTreeMap<String, Input> = release
        .inputs
        .iter()
        .filter(|(source, _)| is_read(source))
        .map(|(source, input)| (source.clone(), input.clone()))
        .collect();
    Ok(Receipt {
        indicator: view.header.id.clone(),
        version: said.version.number,
        view: name,
        definition: definitions_hash(&below.texts),
        siren: figure.siren.clone(),
        period: figure.period.clone(),
        release: release.id,
        edition: match at {
            Some(At::Edition(edition)) => Some(edition.clone()),
            Some(At::Release(_)) | None => None,
        },
        published_at: release.published_at,
        run_date: release.run_date,
        landed_by: release.code.clone(),
        code: env!("CARGO_PKG_VERSION").to_owned(),
        figure: found,
        rows,
        tables,
        inputs,
    })
}

/// The newest version of an indicator, or the view of that name.
fn find<'v>(views: &'v Views, name: &str) -> Result<(&'v SqlFile, &'v Definition)> {
    let defined = views.files().iter().filter_map(|file| {
        let has = |column: &str| file.header.grain.iter().any(|grain| grain == column);
        let said = file.header.definition.as_ref().filter(|_| has("siren") && has(PERIOD))?;
        Some((file, said))
    });
    let named =
        defined.filter(|(file, _)| file.header.id.eq_ignore_ascii_case(name) || file.name == name);
    named.max_by_key(|(_, said)| said.version.number).ok_or_else(|| {
        Error::not_found(format!(
            "there is no indicator `{name}`: `carnac indicators` lists those there are"
        ))
    })
}

/// A query for the rows of one authority, of the period where `by` names its column.
fn query(view: &str, figure: &Figure, by: Option<&str>, what: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let sql = format!("select {what} from {view} where siren = {}", quoted(&figure.siren));
    match by {
        Some(column) => format!("{sql} and {column} = {}", quoted(&figure.period)),
        None => sql,
    }
}

/// The column of a view that holds its period: a survey's is its wave, and what is of no period
/// is of all.
async fn period_column(catalog: &Catalog, schema: &str, view: &str) -> Option<&'static str> {
    for column in [PERIOD, "wave"] {
        if catalog.has_column(schema, view, column).await {
            return Some(column);
        }
    }
    None
}

/// Counts the authority's rows of one view; none where the principal does not see it.
async fn counted(
    catalog: &Catalog,
    principal: Principal,
    facts: &Facts,
    figure: &Figure,
) -> Result<Option<CountedRows>> {
    let (schema, name) = facts.view.split_once('.').unwrap_or_default();
    if !principal.schemas().contains(&schema) {
        return Ok(None);
    }
    let mut cases = String::new();
    for condition in &facts.conditions {
        let told = condition.replace('\'', "''");
        cases.push_str(&format!(" when coalesce(not ({condition}), true) then '{told}'"));
    }
    let reason = match cases.as_str() {
        "" => "cast(null as varchar)".to_owned(),
        cases => format!("case{cases} end"),
    };
    let what = format!("*, {reason} as set_aside");
    let by = period_column(catalog, schema, name).await;
    let mut query = query(&facts.view, figure, by, &what);
    if let Some(scope) = &facts.scope {
        query.push_str(&format!(" and {scope}"));
    }
    let sums = format!("select set_aside, count(*) from ({query}) as judged group by set_aside");
    let mut sum = CountedRows {
        part: facts.part.clone(),
        view: facts.view.clone(),
        query,
        counted: 0,
        set_aside: BTreeMap::new(),
    };
    for batch in run::run(catalog, principal, &sums, None).await?.collect().await? {
        let (reasons, counts) =
            (batch.column(0).as_string::<i32>(), batch.column(1).as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            let count = u64::try_from(counts.value(row)).unwrap_or_default();
            match reasons.is_valid(row) {
                true => drop(sum.set_aside.insert(reasons.value(row).to_owned(), count)),
                false => sum.counted = count,
            }
        }
    }
    Ok(Some(sum))
}

/// The rows of a query as text, sorted.
async fn rows_of(
    catalog: &Catalog,
    principal: Principal,
    sql: &str,
) -> Result<Vec<BTreeMap<String, Option<String>>>> {
    let batches = run::run(catalog, principal, sql, None).await?.collect().await?;
    let mut rows = Vec::new();
    for batch in &batches {
        rows.extend(texts(batch).map_err(|error| Error::planning(error.into()))?);
    }
    rows.sort();
    Ok(rows)
}

fn texts(
    batch: &RecordBatch,
) -> Result<Vec<BTreeMap<String, Option<String>>>, arrow::error::ArrowError> {
    let mut rows = vec![BTreeMap::new(); batch.num_rows()];
    let options = FormatOptions::default();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let values = ArrayFormatter::try_new(column, &options)?;
        for (place, row) in rows.iter_mut().enumerate() {
            let text = column.is_valid(place).then(|| values.value(place).to_string());
            row.insert(field.name().clone(), text);
        }
    }
    Ok(rows)
}
