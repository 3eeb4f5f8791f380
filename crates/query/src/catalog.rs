//! What one principal sees at one release: every view is planned once, when the release opens.

mod books;
mod definitions;
mod runs;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema};
use carnac_lake::{Lake, QUARANTINE, quarantine_schema};
use carnac_model::{DATASETS, Release, indicator};
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::common::TableReference;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::{MemTable, ViewTable};
use datafusion::error::DataFusionError;
use datafusion::execution::registry::FunctionRegistry;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{DdlStatement, LogicalPlan};
use datafusion::prelude::SessionConfig;

use crate::audit::COLUMNS;
use crate::{Error, Layer, Principal, Result, SqlFile, Views, cube, function, scenario, udf};

/// Name of the one catalogue.
pub(crate) const CATALOG: &str = "carnac";

/// One release, with its tables and all views over them.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) release: Arc<Release>,
    pub(crate) views: Arc<Views>,
    /// The cubes that a run may build, by name.
    pub(crate) cubes: BTreeMap<String, cube::Definition>,
    state: SessionState,
    schemas: BTreeMap<&'static str, Arc<MemorySchemaProvider>>,
}

impl Catalog {
    /// Opens every table of a release and plans the views of the layers that are `wanted`.
    ///
    /// # Errors
    /// When a table cannot be opened, or [`Error::SqlFile`] for the first view that does not plan.
    pub(crate) async fn open(
        lake: &Lake,
        views: Arc<Views>,
        release: Release,
        memory: usize,
        wanted: fn(Layer) -> bool,
    ) -> Result<Self> {
        let names = Principal::Operator.schemas();
        let schemas: BTreeMap<_, _> =
            names.iter().map(|name| (*name, Arc::new(MemorySchemaProvider::new()))).collect();
        let state = session(lake, memory, all_of(&schemas, names))?;
        let release = Arc::new(release);
        let cubes = BTreeMap::new();
        let mut catalog = Self { release, views: Arc::clone(&views), cubes, state, schemas };
        catalog.add_tables(lake).await?;
        catalog.add("catalog", "indicators", in_memory(definitions::indicators(&views))?)?;
        catalog.add("catalog", "functions", in_memory(definitions::functions(&views))?)?;
        for file in views.layer(Layer::Function) {
            catalog.add_function(file).await?;
        }
        let is_wanted = |file: &&SqlFile| file.layer != Layer::Function && wanted(file.layer);
        for file in views.files().iter().filter(is_wanted) {
            catalog.add_view(lake, file).await?;
        }
        Ok(catalog)
    }

    /// Returns a session in which only what `principal` may see exists.
    pub(crate) fn session(&self, principal: Principal) -> SessionState {
        let catalogs = all_of(&self.schemas, principal.schemas());
        SessionStateBuilder::new_from_existing(self.state.clone())
            .with_catalog_list(catalogs)
            .build()
    }

    /// Returns whether a table or view has that column.
    pub(crate) async fn has_column(&self, schema: &str, name: &str, column: &str) -> bool {
        let Some(schema) = self.schemas.get(schema) else { return false };
        let table = schema.table(name).await.ok().flatten();
        table.is_some_and(|table| table.schema().column_with_name(column).is_some())
    }

    fn add(&self, schema: &'static str, name: &str, table: Arc<dyn TableProvider>) -> Result<()> {
        self.schemas[schema].register_table(name.to_owned(), table).map_err(Error::planning)?;
        Ok(())
    }

    async fn add_tables(&self, lake: &Lake) -> Result<()> {
        for dataset in DATASETS {
            let table: Arc<dyn TableProvider> =
                match lake.table(&self.release, dataset.name).await? {
                    Some(table) => Arc::new(table),
                    None => Arc::new(EmptyTable::new(dataset.schema())),
                };
            self.add("lake", dataset.name, table)?;
        }
        let quarantine: Arc<dyn TableProvider> = match lake.table(&self.release, QUARANTINE).await?
        {
            Some(table) => Arc::new(table),
            None => Arc::new(EmptyTable::new(quarantine_schema())),
        };
        self.add("ops", QUARANTINE, quarantine)?;
        self.add("ops", "sources", in_memory(books::sources(&self.release))?)?;
        self.add("ops", "checks", in_memory(books::checks(&self.release))?)?;
        self.add("ops", "rules", in_memory(books::rules())?)?;
        for (name, table) in runs::RunTable::all(lake, &self.release).map_err(Error::planning)? {
            self.add("ops", name, Arc::new(table))?;
        }
        self.add("lake", "release", in_memory(books::release_row(&self.release))?)
    }

    async fn add_function(&mut self, file: &SqlFile) -> Result<()> {
        let plan = self
            .state
            .create_logical_plan(&file.sql)
            .await
            .map_err(|error| located(file, &error))?;
        let LogicalPlan::Ddl(DdlStatement::CreateFunction(statement)) = plan else {
            return Err(file.error(1, "expected one CREATE FUNCTION statement".to_owned()));
        };
        let function =
            function::from_statement(*statement).map_err(|error| located(file, &error))?;
        if function.name() != file.name {
            return Err(file.error(
                1,
                format!("the function is called {}, the file {}", function.name(), file.name),
            ));
        }
        self.state.register_udf(Arc::new(function)).map_err(|error| located(file, &error))?;
        Ok(())
    }

    async fn add_view(&mut self, lake: &Lake, file: &SqlFile) -> Result<()> {
        let dialect = self.state.config().options().sql_parser.dialect;
        let statement = self
            .state
            .sql_to_statement(&file.sql, &dialect)
            .map_err(|error| located(file, &error))?;
        let tables = self
            .state
            .resolve_table_references(&statement)
            .map_err(|error| located(file, &error))?;
        for table in tables {
            refuse_upward(file, &table)?;
        }
        let mut plan =
            self.state.statement_to_plan(statement).await.map_err(|error| located(file, &error))?;
        check_columns(file, plan.schema().as_arrow())?;
        // Optimising once finds at start what would otherwise fail at the first query. That of all
        // embedded views takes most of the time in which a release opens, and a test does it.
        if file.layer == Layer::Cube || !self.views.is_embedded() {
            let optimised = self.state.optimize(&plan).map_err(|error| located(file, &error))?;
            if file.layer == Layer::Cube
                && let Some(definition) = cube::Definition::of(&self.views, file, &optimised)?
            {
                let built = cube::read(lake, &self.release, &file.name, &definition, &plan).await;
                plan = built.unwrap_or(plan);
                self.cubes.insert(file.name.clone(), definition);
            }
        }
        self.add(
            file.layer.name(),
            &file.name,
            Arc::new(ViewTable::new(plan, Some(file.sql.clone()))),
        )
    }
}

fn session(
    lake: &Lake,
    memory: usize,
    catalogs: Arc<dyn CatalogProviderList>,
) -> Result<SessionState> {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOG, Layer::Published.name())
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true)
        .set_bool("datafusion.execution.parquet.pushdown_filters", true)
        // With them a join over a join that both run on several cores can wait for ever (seen in
        // DataFusion 55.2: tests/it/landing.rs, `figures_of_two_indicators_join`).
        .set_bool("datafusion.optimizer.enable_join_dynamic_filter_pushdown", false)
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false)
        .set_bool("datafusion.sql_parser.collect_spans", true);
    config.options_mut().sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
    let mut state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_runtime_env(lake.runtime(memory)?)
        .with_catalog_list(catalogs)
        .build();
    for function in udf::scalar() {
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

fn all_of(
    schemas: &BTreeMap<&'static str, Arc<MemorySchemaProvider>>,
    names: &[&'static str],
) -> Arc<dyn CatalogProviderList> {
    let catalog = MemoryCatalogProvider::new();
    for name in names {
        let schema: Arc<dyn SchemaProvider> = Arc::clone(&schemas[name]) as _;
        catalog.register_schema(name, schema).expect("registering in memory cannot fail");
    }
    let list = MemoryCatalogProviderList::new();
    list.register_catalog(CATALOG.to_owned(), Arc::new(catalog));
    Arc::new(list)
}

/// A view reads only from lower layers: so no cycle can be written and no graph needs sorting.
fn refuse_upward(file: &SqlFile, table: &TableReference) -> Result<()> {
    let schema = table.schema().unwrap_or_default();
    if file.layer.may_read(schema) {
        return Ok(());
    }
    let named = |line: &str| line.contains(table.table());
    let line = file.sql.lines().position(named).map_or(1, |place| place + 1);
    let layer = file.layer;
    Err(file.error(
        line,
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

/// Puts a planning error at its line of the file.
fn located(file: &SqlFile, error: &DataFusionError) -> Error {
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
