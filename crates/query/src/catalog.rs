//! What one principal sees at one release: a table is opened, and a view planned, when it is first
//! asked for.

mod barrier;
mod books;
mod definitions;
mod entries;
mod functions;
mod postgres;
mod queries;
mod recorded;
mod tables;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema};
use carnac_lake::{Lake, QUARANTINE, quarantine_schema};
use carnac_model::{DATASETS, Release, indicator};
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::execution::registry::FunctionRegistry;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{DdlStatement, LogicalPlan};
use datafusion::prelude::SessionConfig;

use crate::audit::COLUMNS;
use crate::catalog::entries::{Entries, catalog_list};
use crate::kept::Kept;
use crate::{
    Error, Layer, Principal, Result, SqlFile, Views, civil, cube, function, lasting, scenario,
    soundness, udf,
};

pub(crate) use self::barrier::everywhere;
pub(crate) use self::postgres::rewrite;
pub use self::postgres::{PostgresType, VERSION as POSTGRES_VERSION};
pub use self::tables::TableEntry;

/// Name of the one catalogue.
const CATALOG: &str = "carnac";

/// One release, with its tables and all views over them.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) release: Arc<Release>,
    pub(crate) views: Arc<Views>,
    /// Where answers and tables are kept; none are when it is none.
    pub(crate) kept: Option<Arc<Kept>>,
    entries: Arc<Entries>,
}

impl Catalog {
    /// Opens a release under a set of definitions: the functions are made, and what its tables and
    /// views will need when they are asked for is put together.
    ///
    /// # Errors
    /// When the runtime cannot be made, or [`Error::SqlFile`] for a function.
    pub(crate) async fn open(
        lake: &Lake,
        views: Arc<Views>,
        release: Release,
        memory: Arc<dyn MemoryPool>,
    ) -> Result<Self> {
        let mut state = session(lake, memory)?;
        for file in views.layer(Layer::Function) {
            add_function(&mut state, file).await?;
        }
        let release = Arc::new(release);
        let mut entries =
            Entries::new(lake.clone(), Arc::clone(&release), Arc::clone(&views), state);
        for dataset in DATASETS {
            entries.add_table("lake", dataset.name, dataset.schema());
        }
        entries.add_table("ops", QUARANTINE, quarantine_schema());
        entries.add("lake", "release", in_memory(books::release_row(&release))?);
        entries.add("ops", "sources", in_memory(books::sources(&release))?);
        entries.add("ops", "checks", in_memory(books::checks(&release))?);
        entries.add("ops", "rules", in_memory(books::rules())?);
        for (name, table) in recorded::Recorded::all(lake, &release).map_err(Error::planning)? {
            entries.add("ops", name, Arc::new(table));
        }
        entries.add("catalog", "indicators", in_memory(definitions::indicators(&views))?);
        entries.add("catalog", "functions", in_memory(definitions::functions(&views))?);
        Ok(Self { release, views, kept: None, entries: Arc::new(entries) })
    }

    /// Plans and optimises every view, to find now what would fail when it is asked for.
    ///
    /// # Errors
    /// When a table cannot be opened, or [`Error::SqlFile`] for the first view that does not plan.
    pub(crate) async fn check(&self) -> Result<()> {
        let state = self.session(Principal::Operator);
        for file in self.views.files().iter().filter(|file| file.layer != Layer::Function) {
            let plan = self.plan(file).await?;
            let optimised = state.optimize(&plan).map_err(|error| located(file, error))?;
            if file.layer == Layer::Cube {
                cube::Definition::of(&self.views, file, &optimised)?;
            }
        }
        Ok(())
    }

    /// Returns a session in which only what `principal` may see exists.
    pub(crate) fn session(&self, principal: Principal) -> SessionState {
        self.entries.session(principal)
    }

    /// Returns how a cube is built, unless no run builds it.
    ///
    /// # Errors
    /// [`Error::SqlFile`].
    pub(crate) async fn cube(&self, file: &SqlFile) -> Result<Option<cube::Definition>> {
        let plan = self.plan(file).await?;
        let optimise = self.session(Principal::Operator).optimize(&plan);
        cube::Definition::of(&self.views, file, &optimise.map_err(|error| located(file, error))?)
    }

    /// Returns whether a table or view has that column.
    pub(crate) async fn has_column(&self, schema: &str, name: &str, column: &str) -> bool {
        let table = self.entries.table(schema, name).await.ok().flatten();
        table.is_some_and(|table| table.schema().column_with_name(column).is_some())
    }

    /// Returns the plan of a view of this catalogue.
    async fn plan(&self, file: &SqlFile) -> Result<LogicalPlan> {
        let view = self.entries.table(file.layer.name(), &file.name).await?;
        let plan = view.as_ref().and_then(|view| view.get_logical_plan());
        let plan = plan.map(std::borrow::Cow::into_owned);
        plan.ok_or_else(|| file.error(1, "it is no view of this release".to_owned()))
    }
}

async fn add_function(state: &mut SessionState, file: &SqlFile) -> Result<()> {
    let plan = state.create_logical_plan(&file.sql).await.map_err(|error| located(file, error))?;
    let LogicalPlan::Ddl(DdlStatement::CreateFunction(statement)) = plan else {
        return Err(file.error(1, "expected one CREATE FUNCTION statement".to_owned()));
    };
    let function = function::from_statement(*statement).map_err(|error| located(file, error))?;
    if function.name() != file.name {
        return Err(file.error(
            1,
            format!("the function is called {}, the file {}", function.name(), file.name),
        ));
    }
    state.register_udf(Arc::new(function)).map_err(|error| located(file, error))?;
    Ok(())
}

/// Plans the text of a view in a session that has all schemas.
async fn plan_view(state: &SessionState, file: &SqlFile) -> Result<LogicalPlan> {
    let dialect = state.config().options().sql_parser.dialect;
    let statement =
        state.sql_to_statement(&file.sql, &dialect).map_err(|error| located(file, error))?;
    let tables =
        state.resolve_table_references(&statement).map_err(|error| located(file, error))?;
    for table in tables {
        refuse_upward(file, &table)?;
    }
    let plan = state.statement_to_plan(statement).await.map_err(|error| located(file, error))?;
    refuse_changing(file, &plan)?;
    check_columns(file, plan.schema().as_arrow())?;
    Ok(plan)
}

/// A view answers the same from the same release: it asks neither for the time nor for chance.
fn refuse_changing(file: &SqlFile, plan: &LogicalPlan) -> Result<()> {
    let found = lasting::changing(plan).map_err(|error| located(file, error))?;
    let Some(name) = found else { return Ok(()) };
    let line = file.sql.lines().position(|line| line.contains(&name)).map_or(1, |place| place + 1);
    Err(file.error(line, format!("{name}() tells another thing each time: a view may not use it")))
}

fn session(lake: &Lake, memory: Arc<dyn MemoryPool>) -> Result<SessionState> {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOG, Layer::Published.name())
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true)
        // A long answer is read and sent in fewer pieces (benches/wire.rs).
        .with_batch_size(16 * 1024)
        // What a sort keeps for the day that it spills: views of views have two dozen sorts, and one query
        // half of the memory.
        .with_sort_spill_reservation_bytes(2 * 1024 * 1024)
        // Moments with a zone are moments of UTC, as the sessions of PostgreSQL's door are told.
        .set_str("datafusion.execution.time_zone", "UTC")
        .set_bool("datafusion.execution.parquet.pushdown_filters", true)
        // With them a join over a join that both run on several cores can wait for ever (seen in
        // DataFusion 55.2: tests/it/landing.rs, `figures_of_two_indicators_join`).
        .set_bool("datafusion.optimizer.enable_join_dynamic_filter_pushdown", false)
        // It fails on unions and cases that may be null in one of two plans and not in the other.
        .set_bool("datafusion.execution.skip_physical_aggregate_schema_check", true)
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false)
        .set_bool("datafusion.sql_parser.collect_spans", true);
    let bound = udf::bounded::Bound::new(&memory);
    config.options_mut().sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
    let brought = SessionStateBuilder::new().with_default_features();
    let mut state = functions::only(functions::LIST, brought)
        .with_config(config)
        .with_runtime_env(lake.runtime(memory)?)
        .with_catalog_list(catalog_list([], None))
        .with_analyzer_rule(Arc::new(civil::Civil))
        .with_analyzer_rule(Arc::new(soundness::Hold))
        .with_analyzer_rule(Arc::new(bound))
        .with_physical_optimizer_rules(soundness::physical_rules())
        .build();
    // Functions that tell of moments are made for the settings of the engine, not for these.
    let functions: Vec<_> = state.scalar_functions().values().cloned().collect();
    for function in functions {
        if let Some(set) = function.inner().with_updated_config(state.config_options()) {
            state.register_udf(Arc::new(set)).map_err(Error::planning)?;
        }
    }
    for function in udf::scalar().into_iter().chain(postgres::functions()) {
        state.register_udf(Arc::new(function)).map_err(Error::planning)?;
    }
    for function in udf::aggregate() {
        state.register_udaf(Arc::new(function)).map_err(Error::planning)?;
    }
    for function in udf::window() {
        state.register_udwf(Arc::new(function)).map_err(Error::planning)?;
    }
    state.register_udtf(scenario::NAME, Arc::new(scenario::Function));
    Ok(state)
}

/// A view reads only from lower layers: so no cycle can be written and no graph needs sorting.
fn refuse_upward(file: &SqlFile, table: &TableReference) -> Result<()> {
    let schema = table.schema().unwrap_or_default();
    let is_scenario = schema.is_empty() && table.table() == scenario::NAME;
    let named = |line: &str| line.contains(table.table());
    let line = || file.sql.lines().position(named).map_or(1, |place| place + 1);
    let is_recorded = schema == "ops" && recorded::NAMES.contains(&table.table());
    if is_recorded && file.layer == Layer::Staging {
        let reason = format!("{table} tells of more than the release: only an audit may read it");
        return Err(file.error(line(), reason));
    }
    if file.layer.may_read(if is_scenario { Layer::Cube.name() } else { schema }) {
        return Ok(());
    }
    let layer = file.layer;
    Err(file.error(
        line(),
        format!("{layer} may not read {table}: name a view of a lower layer, with its schema"),
    ))
}

/// The columns that the file's header promises, and for an indicator the fixed ones.
fn check_columns(file: &SqlFile, schema: &Schema) -> Result<()> {
    let grain = &file.header.grain;
    if let Some(absent) = grain.iter().find(|column| schema.column_with_name(column).is_none()) {
        return Err(file.error(
            file.line_of("grain"),
            format!("the grain names `{absent}`, which is not a column"),
        ));
    }
    check_owner(file, schema)?;
    if file.layer == Layer::Audit {
        return check_audit(file, schema);
    }
    if file.layer != Layer::Indicator {
        return Ok(());
    }
    let found: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| (field.name().as_str(), field.data_type().clone()))
        .collect();
    let split = grain.iter().any(|column| column == indicator::SPLIT.0);
    let shapes = [indicator::COLUMNS, indicator::RANGE_COLUMNS].map(|columns| {
        let mut columns = columns.to_vec();
        if split {
            columns.insert(2, indicator::SPLIT);
        }
        columns
    });
    if shapes.contains(&found) {
        return Ok(());
    }
    let told = |columns: &[(&str, DataType)]| {
        columns.iter().map(|(name, of)| format!("{name} {of}")).collect::<Vec<_>>().join(", ")
    };
    let [counts, range] = shapes.map(|shape| told(&shape));
    let found = told(&found);
    let reason = format!("an indicator has the columns {counts}, or {range}; this one has {found}");
    Err(file.error(1, reason))
}

/// The column that says whose row it is, is one of text.
fn check_owner(file: &SqlFile, schema: &Schema) -> Result<()> {
    let Some(owner) = &file.header.owner else { return Ok(()) };
    let field = schema.column_with_name(owner);
    if field.is_some_and(|(_, field)| *field.data_type() == DataType::Utf8) {
        return Ok(());
    }
    let reason = format!("the owner `{owner}` is not a column of text");
    Err(file.error(file.line_of("owner"), reason))
}

fn check_audit(file: &SqlFile, schema: &Schema) -> Result<()> {
    let is_text = |place: usize, name: &str| {
        let field = schema.fields().get(place);
        field.is_some_and(|f| f.name() == name && *f.data_type() == DataType::Utf8)
    };
    let fits = COLUMNS.iter().enumerate().all(|(place, name)| is_text(place, name));
    if fits && schema.fields().len() == COLUMNS.len() {
        return Ok(());
    }
    let reason = format!("an audit has the columns {}, all of them text", COLUMNS.join(", "));
    Err(file.error(1, reason))
}

/// Puts a planning error at its line of the file; that of a view below it stays where it is.
fn located(file: &SqlFile, error: DataFusionError) -> Error {
    let error = match Error::taken_back(error) {
        Ok(ours) => return ours,
        Err(error) => error,
    };
    let text = error.to_string();
    let by_span =
        error.diagnostic().and_then(|diagnostic| diagnostic.span).map(|span| span.start.line);
    let by_text = || {
        text.split_once("Line: ").and_then(|(_, rest)| rest.split(',').next()?.trim().parse().ok())
    };
    let line = by_span
        .and_then(|line| usize::try_from(line).ok())
        .filter(|line| *line > 0)
        .or_else(by_text);
    let first_sql =
        || file.sql.lines().position(|line| !line.starts_with("--")).map_or(1, |place| place + 1);
    file.error(line.unwrap_or_else(first_sql), error.strip_backtrace())
}

fn in_memory(
    batch: Result<RecordBatch, arrow::error::ArrowError>,
) -> Result<Arc<dyn TableProvider>> {
    let table = |batch: RecordBatch| MemTable::try_new(batch.schema(), vec![vec![batch]]);
    let table = batch.map_err(DataFusionError::from).and_then(table).map_err(Error::planning)?;
    Ok(Arc::new(table))
}
