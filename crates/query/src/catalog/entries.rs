//! The tables and views of one release by schema and name, each made when it is first asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use carnac_lake::Lake;
use carnac_model::Release;
use carnac_model::identifier::Siren;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList,
    SchemaProvider, TableProvider,
};
use datafusion::datasource::ViewTable;
use datafusion::datasource::empty::EmptyTable;
use datafusion::error::DataFusionError;
use datafusion::execution::registry::FunctionRegistry;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{LogicalPlan, TableType};
use tokio::sync::OnceCell;

use super::barrier::Barrier;
use super::postgres::{self, PgCatalog, Relation};
use super::{CATALOG, located, plan_view};
use crate::{Layer, Principal, Result, SqlFile, Views, cube};

/// What a release has, and all that it takes to make it.
#[derive(Debug)]
pub(super) struct Entries {
    lake: Lake,
    release: Arc<Release>,
    views: Arc<Views>,
    /// Functions, settings and memory, without any table.
    state: SessionState,
    schemas: BTreeMap<&'static str, BTreeMap<String, Entry>>,
    /// All of them, as PostgreSQL's catalogue numbers them.
    relations: OnceLock<Vec<Relation>>,
}

#[derive(Debug)]
struct Entry {
    from: Origin,
    /// The column that says whose row it is.
    owner: Option<String>,
    made: OnceCell<Arc<dyn TableProvider>>,
    /// The paths of a view and of those that it reads.
    below: OnceLock<Vec<String>>,
}

/// What an entry is made from.
#[derive(Debug)]
enum Origin {
    /// Nothing: it is there.
    Memory,
    /// A Delta table; a release that has none has no rows of these columns.
    Table(SchemaRef),
    /// The file at this place of all.
    View(usize),
}

impl Entries {
    pub(super) fn new(
        lake: Lake,
        release: Arc<Release>,
        views: Arc<Views>,
        state: SessionState,
    ) -> Self {
        let names = Principal::Operator.schemas();
        let schemas = names.iter().map(|name| (*name, BTreeMap::new())).collect();
        let relations = OnceLock::new();
        let mut entries = Self { lake, release, views, state, schemas, relations };
        let views = Arc::clone(&entries.views);
        for (place, file) in views.files().iter().enumerate() {
            if file.layer != Layer::Function {
                let owner = file.owner().map(str::to_owned);
                let entry = Entry::new(Origin::View(place), owner, OnceCell::new());
                entries.put(file.layer.name(), &file.name, entry);
            }
        }
        entries
    }

    /// Adds what is there already.
    pub(super) fn add(&mut self, schema: &str, name: &str, table: Arc<dyn TableProvider>) {
        let made = OnceCell::new_with(Some(table));
        self.put(schema, name, Entry::new(Origin::Memory, None, made));
    }

    /// Adds a table of the lake, which is opened when it is asked for.
    pub(super) fn add_table(&mut self, schema: &str, name: &str, columns: SchemaRef) {
        self.put(schema, name, Entry::new(Origin::Table(columns), None, OnceCell::new()));
    }

    fn put(&mut self, schema: &str, name: &str, entry: Entry) {
        let schema = self.schemas.get_mut(schema).expect("an operator sees every schema");
        schema.insert(name.to_owned(), entry);
    }

    /// Returns a table or view, made now unless it was before; none when there is none.
    ///
    /// # Errors
    /// When a table cannot be opened, or a view is wrong.
    pub(super) async fn table(
        self: &Arc<Self>,
        schema: &str,
        name: &str,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        let entry = self.schemas.get(schema).and_then(|schema| schema.get(name));
        let Some(entry) = entry else { return Ok(None) };
        let made = entry.made.get_or_try_init(|| self.make(name, &entry.from)).await?;
        Ok(Some(Arc::clone(made)))
    }

    async fn make(self: &Arc<Self>, name: &str, from: &Origin) -> Result<Arc<dyn TableProvider>> {
        Ok(match from {
            Origin::Memory => unreachable!("what is in memory was made when it was added"),
            Origin::Table(columns) => match self.lake.table(&self.release, name).await? {
                Some(table) => Arc::new(table),
                None => Arc::new(EmptyTable::new(Arc::clone(columns))),
            },
            Origin::View(place) => {
                let file = &self.views.files()[*place];
                Arc::new(ViewTable::new(self.plan(file).await?, Some(file.sql.clone())))
            }
        })
    }

    /// Plans a view, and so those below it; what was built of a cube is read in its place.
    async fn plan(self: &Arc<Self>, file: &SqlFile) -> Result<LogicalPlan> {
        let state = self.session(Principal::Operator);
        let plan = plan_view(&state, file).await?;
        if file.layer != Layer::Cube || !self.release.cubes.contains_key(&file.name) {
            return Ok(plan);
        }
        let optimised = state.optimize(&plan).map_err(|error| located(file, error))?;
        let Some(definition) = cube::Definition::of(&self.views, file, &optimised)? else {
            return Ok(plan);
        };
        let built = cube::read(&self.lake, &self.release, &file.name, &definition, &plan).await;
        Ok(built.unwrap_or(plan))
    }

    /// Returns a session in which only what `principal` may see exists.
    pub(super) fn session(self: &Arc<Self>, principal: Principal) -> SessionState {
        let schema = |name: &&'static str| {
            let only = principal.only(name);
            (*name, Schema { name, entries: Arc::clone(self), principal, only })
        };
        let postgres = PgCatalog::new(self, principal);
        let functions = postgres.functions();
        let schemas = principal.schemas().iter().map(schema);
        let mut state = SessionStateBuilder::new_from_existing(self.state.clone())
            .with_catalog_list(catalog_list(schemas, Some(postgres)))
            .build();
        for function in functions {
            let added = state.register_udf(Arc::new(function));
            added.expect("registering in memory cannot fail");
        }
        state
    }

    /// Returns an entry that exists for a principal: one that does not say whose its rows are does
    /// not, when only those of one authority are seen.
    fn seen(&self, principal: Principal, schema: &str, name: &str) -> Option<&Entry> {
        let entry = self.schemas.get(schema)?.get(name)?;
        let is_whole = principal.only(schema).is_none();
        (principal.schemas().contains(&schema) && (is_whole || entry.owner.is_some()))
            .then_some(entry)
    }

    /// Returns whether a principal reads an entry behind a barrier: a view that withholds something
    /// from it, or reads one that does.
    ///
    /// # Errors
    /// [`crate::Error::SqlFile`] for a view that does not parse.
    fn is_denied_some(&self, principal: Principal, entry: &Entry) -> Result<bool> {
        let Origin::View(place) = entry.from else { return Ok(false) };
        if entry.below.get().is_none() {
            let below = self.views.below(&self.views.files()[place])?;
            entry.below.get_or_init(|| below.texts.into_keys().collect());
        }
        Ok(principal.is_denied_some(entry.below.get().into_iter().flatten()))
    }

    /// Returns the tables and views that exist for a principal, by schema and name; their numbers
    /// are the same for all.
    pub(super) fn relations(&self, principal: Principal) -> Vec<Relation> {
        let all = self.relations.get_or_init(|| {
            let of_schema = |(schema, entries): (&&'static str, &'_ BTreeMap<String, Entry>)| {
                let of =
                    |(name, entry): (&String, &Entry)| (*schema, name.clone(), entry.is_view());
                entries.iter().map(of).collect::<Vec<_>>()
            };
            Relation::numbered(self.schemas.iter().flat_map(of_schema))
        });
        let seen = |of: &&Relation| self.seen(principal, of.schema, &of.name).is_some();
        all.iter().filter(seen).cloned().collect()
    }
}

impl Entry {
    fn new(from: Origin, owner: Option<String>, made: OnceCell<Arc<dyn TableProvider>>) -> Self {
        Self { from, owner, made, below: OnceLock::new() }
    }

    fn is_view(&self) -> bool {
        matches!(self.from, Origin::View(_))
    }
}

/// The one catalogue, with these schemas.
pub(super) fn catalog_list(
    schemas: impl IntoIterator<Item = (&'static str, Schema)>,
    postgres: Option<PgCatalog>,
) -> Arc<dyn CatalogProviderList> {
    let listed = MemoryCatalogProvider::new();
    for (name, schema) in schemas {
        let added = listed.register_schema(name, Arc::new(schema));
        added.expect("registering in memory cannot fail");
    }
    let list = MemoryCatalogProviderList::new();
    let catalog = OneCatalog { listed, postgres: postgres.map(Arc::new) };
    list.register_catalog(CATALOG.to_owned(), Arc::new(catalog));
    Arc::new(list)
}

/// The schemas of a principal, which are listed, and PostgreSQL's, which is not.
#[derive(Debug)]
struct OneCatalog {
    listed: MemoryCatalogProvider,
    postgres: Option<Arc<PgCatalog>>,
}

impl CatalogProvider for OneCatalog {
    fn schema_names(&self) -> Vec<String> {
        self.listed.schema_names()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        match &self.postgres {
            Some(postgres) if name == postgres::SCHEMA => {
                let postgres: Arc<dyn SchemaProvider> = Arc::<PgCatalog>::clone(postgres);
                Some(postgres)
            }
            _ => self.listed.schema(name),
        }
    }
}

/// One schema, as DataFusion asks for it in the name of a principal.
#[derive(Debug)]
pub(super) struct Schema {
    name: &'static str,
    entries: Arc<Entries>,
    principal: Principal,
    /// The authority whose rows alone are seen; all are when there is none.
    only: Option<Siren>,
}

impl Schema {
    fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.seen(self.principal, self.name, name)
    }
}

#[async_trait]
impl SchemaProvider for Schema {
    fn table_names(&self) -> Vec<String> {
        let names = self.entries.schemas[self.name].keys();
        names.filter(|name| self.table_exist(name)).cloned().collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        let Some(entry) = self.entry(name) else { return Ok(None) };
        let external = |error| DataFusionError::External(Box::new(error));
        let table = self.entries.table(self.name, name).await.map_err(external)?;
        if let Some(siren) = self.only {
            let owned = table.zip(entry.owner.clone());
            let own = |(table, owner)| Arc::new(Barrier::around_own(table, owner, siren)) as _;
            return Ok(owned.map(own));
        }
        match self.entries.is_denied_some(self.principal, entry).map_err(external)? {
            true => Ok(table.map(|table| Arc::new(Barrier::around(table)) as _)),
            false => Ok(table),
        }
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>, DataFusionError> {
        let of = |entry: &Entry| if entry.is_view() { TableType::View } else { TableType::Base };
        Ok(self.entry(name).map(of))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }
}
