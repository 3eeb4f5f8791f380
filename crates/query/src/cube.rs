//! Cubes: views whose rows a run computes beforehand, for the periods that it changes.
//!
//! A file of `sql/cube` says after its grain how its periods follow from the tables below:
//! `-- built_from: acts=period, places=all`. A change of `acts` in one period changes that period
//! of the cube only; any change of `places` may change all. Without the line it is always a view.
//! What was built is read as long as nothing that it depends on has changed, else the same SQL is
//! a view: a cube is never stale.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use carnac_lake::{CubeRows, Draft, Lake, Touched};
use carnac_model::{Cube, PERIOD, Release, definitions_hash};
use chrono::{DateTime, NaiveDate};
use datafusion::common::Column;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::TryStreamExt;

use crate::catalog::Catalog;
use crate::reads::Below;
use crate::{Error, Layer, Principal, Result, SqlFile, Views, answer, pool, run};

const KEY: &str = "-- built_from: ";

/// How the periods of a cube follow from those of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// Each from the same period.
    Period,
    /// Each from any.
    All,
}

/// What defines a cube that can be built.
#[derive(Debug)]
pub(crate) struct Definition {
    follows: BTreeMap<String, Follows>,
    /// Of all texts that its rows depend on, and of the program, whose functions they call.
    hash: String,
    /// Whether its rows depend on what "today" means.
    dated: bool,
    /// How its rows are sorted: by period, then by the rest of the grain.
    order: String,
}

/// What became of a cube that a draft changes.
#[derive(Debug)]
pub struct BuiltCube {
    /// Its name.
    pub name: String,
    /// The periods that were computed.
    pub touched: Touched,
    /// Why it could not be built, if so: then it is computed when it is read.
    pub failed: Option<Error>,
}

impl Definition {
    /// Reads how a cube is built; none when its file does not say.
    ///
    /// # Errors
    /// [`Error::SqlFile`] when the file names other tables than it reads, or depends on what no
    /// run can know beforehand.
    pub(crate) fn of(
        views: &Views,
        file: &SqlFile,
        optimised: &LogicalPlan,
    ) -> Result<Option<Self>> {
        let mut lines = file.sql.lines().enumerate();
        let Some((at, value)) =
            lines.find_map(|(at, line)| Some((at + 1, line.strip_prefix(KEY)?)))
        else {
            return Ok(None);
        };
        let follows = follows(value).map_err(|reason| file.error(at, reason))?;
        let Below { mut texts, tables: read } = views.below(file)?;
        if !read.iter().eq(follows.keys()) {
            let read = read.into_iter().collect::<Vec<_>>().join(", ");
            return Err(file.error(at, format!("the cube is built from {read}, and no others")));
        }
        if !file.header.grain.iter().any(|column| column == PERIOD) {
            return Err(file.error(at, format!("the grain of a cube has the column {PERIOD}")));
        }
        let mut of_release = of_release(optimised).map_err(Error::planning)?;
        let dated = of_release.remove("run_date");
        if let Some(column) = of_release.pop_first() {
            return Err(file.error(at, format!("no cube may depend on {column} of the release")));
        }
        let rest = file.header.grain.iter().map(String::as_str).filter(|column| *column != PERIOD);
        let order = std::iter::once(PERIOD).chain(rest).collect::<Vec<_>>().join(", ");
        texts.insert("carnac".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Ok(Some(Self { follows, hash: definitions_hash(&texts), dated, order }))
    }

    /// Whether what was built is what the view answers on that release.
    fn fits(&self, cube: &Cube, release: &Release) -> bool {
        cube.definition == self.hash
            && cube.built_from == self.versions(release)
            && cube.run_date == self.run_date(release)
    }

    fn versions(&self, release: &Release) -> BTreeMap<String, u64> {
        let version = |table: &String| Some((table.clone(), *release.tables.get(table)?));
        self.follows.keys().filter_map(version).collect()
    }

    fn run_date(&self, release: &Release) -> Option<NaiveDate> {
        self.dated.then_some(release.run_date)
    }

    /// The periods in which a cube that was built before may differ on that release.
    async fn touched(&self, lake: &Lake, before: Option<&Cube>, release: &Release) -> Touched {
        let same = |before: &&Cube| {
            before.definition == self.hash && before.run_date == self.run_date(release)
        };
        let Some(before) = before.filter(same) else { return Touched::All };
        let mut touched = Touched::Periods(BTreeSet::new());
        for (table, follows) in &self.follows {
            let versions =
                (before.built_from.get(table).copied(), release.tables.get(table).copied());
            if versions.0 == versions.1 {
                continue;
            }
            touched.extend(match lake.changed_periods(table, versions).await {
                Ok(periods) if *follows == Follows::Period => Touched::Periods(periods),
                // The version that it was built from may be gone.
                Ok(_) | Err(_) => Touched::All,
            });
        }
        touched
    }
}

/// Returns the plan that reads what was built of a cube, unless that is not what `plan` answers.
pub(crate) async fn read(
    lake: &Lake,
    release: &Release,
    name: &str,
    definition: &Definition,
    plan: &LogicalPlan,
) -> Option<LogicalPlan> {
    let cube = release.cubes.get(name)?;
    let live = |reason: String| {
        tracing::warn!(release = release.id, cube = name, reason, "a cube is computed when read");
    };
    if !definition.fits(cube, release) {
        live("it was built from other versions, or defined otherwise".to_owned());
        return None;
    }
    let opened = lake.cube(cube).await.map_err(|error| live(error.to_string())).ok()?;
    let column = |name: &str| Expr::Column(Column::from_name(name));
    let columns = plan.schema().fields().iter().map(|field| column(field.name()));
    let read = LogicalPlanBuilder::scan(name, provider_as_source(Arc::new(opened)), None)
        .and_then(|scan| scan.project(columns)?.build())
        .map_err(|error| live(error.to_string()))
        .ok()?;
    if answer::plain(read.schema().as_arrow()) != answer::plain(plan.schema().as_arrow()) {
        live("it has other columns".to_owned());
        return None;
    }
    Some(read)
}

/// Builds the cubes that a draft changes, for the periods that it changes, as a part of it.
///
/// One that cannot be written stops nothing. `memory` bounds the work, in bytes.
///
/// # Errors
/// When a file is wrong, or a table cannot be opened.
pub async fn build_cubes(
    lake: &Lake,
    views: &Arc<Views>,
    draft: &mut Draft,
    memory: usize,
) -> Result<Vec<BuiltCube>> {
    // No cube depends on when the release is published.
    let mut preview = draft.preview(DateTime::UNIX_EPOCH);
    let known = std::mem::take(&mut preview.cubes);
    let catalog = Catalog::open(lake, Arc::clone(views), preview, pool::of_all(memory)).await?;
    let mut built = Vec::new();
    for file in views.layer(Layer::Cube) {
        let Some(definition) = catalog.cube(file).await? else { continue };
        let name = &file.name;
        let before = known.get(name);
        if before.is_some_and(|before| definition.fits(before, &catalog.release)) {
            continue;
        }
        let touched = definition.touched(lake, before, &catalog.release).await;
        let rows = rows(&catalog, name, &definition, touched.clone()).await?;
        let written = lake.write_cube(draft, rows, memory).await;
        built.push(BuiltCube {
            name: name.clone(),
            touched,
            failed: written.err().map(Error::from),
        });
    }
    Ok(built)
}

/// Asks for the touched periods of a cube.
async fn rows(
    catalog: &Catalog,
    name: &str,
    definition: &Definition,
    touched: Touched,
) -> Result<CubeRows> {
    let of_periods = match &touched {
        Touched::All => String::new(),
        Touched::Periods(periods) if periods.is_empty() => " where false".to_owned(),
        Touched::Periods(periods) => {
            let quoted = |period: &String| format!("'{}'", period.replace('\'', "''"));
            let list = periods.iter().map(quoted).collect::<Vec<_>>().join(", ");
            format!(" where {PERIOD} in ({list})")
        }
    };
    let sql = format!("select * from cube.{name}{of_periods} order by {}", definition.order);
    let answer = run::run(catalog, Principal::Operator, &sql, None).await?;
    let schema = Arc::clone(&answer.schema);
    let rows = answer.stream.map_err(|error| DataFusionError::External(Box::new(error)));
    Ok(CubeRows {
        name: name.to_owned(),
        definition: definition.hash.clone(),
        built_from: definition.versions(&catalog.release),
        run_date: definition.run_date(&catalog.release),
        touched,
        schema: Arc::clone(&schema),
        rows: Box::pin(RecordBatchStreamAdapter::new(schema, rows)),
    })
}

/// `acts=period, places=all`, each table once and in any order.
fn follows(value: &str) -> Result<BTreeMap<String, Follows>, String> {
    let form = || "a cube is `built_from: <table>=period, <table>=all`, …".to_owned();
    let mut follows = BTreeMap::new();
    for part in value.split(',') {
        let (table, how) = part.trim().split_once('=').ok_or_else(form)?;
        let how = match how {
            "period" => Follows::Period,
            "all" => Follows::All,
            _ => return Err(form()),
        };
        if follows.insert(table.to_owned(), how).is_some() {
            return Err(format!("the table {table} is named twice"));
        }
    }
    Ok(follows)
}

/// The columns of the release's own row that a plan needs.
fn of_release(optimised: &LogicalPlan) -> Result<BTreeSet<String>, DataFusionError> {
    let mut columns = BTreeSet::new();
    optimised.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && scan.table_name.schema() == Some("lake")
            && scan.table_name.table() == "release"
        {
            let fields = scan.projected_schema.fields();
            columns.extend(fields.iter().map(|field| field.name().clone()));
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_periods_follow_is_said_once_a_table() {
        let expected = [("acts".to_owned(), Follows::Period), ("places".to_owned(), Follows::All)];
        assert_eq!(follows("places=all, acts=period"), Ok(BTreeMap::from(expected)));
        for wrong in ["", "acts", "acts=year", "acts=all, acts=period"] {
            assert!(follows(wrong).is_err(), "{wrong}");
        }
    }
}
