//! The worked examples: every `sql/**/*.slt` is a named test over a lake of its own.
//!
//! An example lands its rows as a file would, then asks the views. `statement ok` followed by
//! `ingest <dataset>` and lines of CSV lands those lines; everything else is SQL:
//!
//! ```text
//! statement ok
//! ingest memberships
//! siren;date_debut;date_fin
//! 213502388;2024-01-01;
//! ```
//!
//! `ingest <dataset> from` and a query lands what the query answers, for examples of many rows.
//!
//! Lines for `answers` have the columns of the example survey in `data-samples/profiles`, or of one in
//! `tests/data/enquete-*-exemple.toml`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use carnac_ingest::{Outcome, Profile, PseudonymKey, Source, find, land};
use carnac_lake::{DEFAULT_MEMORY, Lake};
use carnac_query::{Gateway, Principal, Views};
use chrono::NaiveDate;
use libtest_mimic::{Arguments, Failed, Trial};
use sqllogictest::{DB, DBOutput, DefaultColumnType, Runner};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The layouts of lines for `answers`.
const SURVEYS: [&str; 3] = [
    include_str!("../data-samples/profiles/enquete-exemple-2024.toml"),
    include_str!("data/enquete-avis-exemple.toml"),
    include_str!("data/enquete-equipement-exemple.toml"),
];

fn main() {
    let trials = examples(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/sql")));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// One test a file, named after it.
fn examples(sql: &Path) -> Vec<Trial> {
    let mut files: Vec<PathBuf> = Vec::new();
    for layer in sql.read_dir().expect("the folder sql is beside this one") {
        let folder = layer.expect("a readable folder").path();
        files.extend(
            folder
                .read_dir()
                .expect("a folder of files")
                .map(|file| file.expect("a readable file").path()),
        );
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "slt"));
    files.sort();
    let name = |file: &Path| file.strip_prefix(sql).expect("found below it").display().to_string();
    files.into_iter().map(|file| Trial::test(name(&file), move || run(&file))).collect()
}

fn run(file: &Path) -> Result<(), Failed> {
    let mut runner = Runner::new(|| async { Example::new() });
    Ok(runner.run_file(file)?)
}

/// A lake for one example.
struct Example {
    folder: TempDir,
    lake: Lake,
    gateway: Gateway,
    files: usize,
    runtime: Arc<Runtime>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct ExampleError(String);

impl ExampleError {
    fn from(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl Example {
    fn new() -> Result<Self, ExampleError> {
        let folder = TempDir::new().map_err(ExampleError::from)?;
        let root = folder.path().join("lake").display().to_string();
        let lake = Lake::create(&root, &[]).map_err(ExampleError::from)?;
        let views = Views::embedded().map_err(ExampleError::from)?;
        let gateway = Gateway::new(lake.clone(), views, DEFAULT_MEMORY);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = Arc::new(runtime.map_err(ExampleError::from)?);
        Ok(Self { folder, lake, gateway, files: 0, runtime })
    }

    /// Lands lines of CSV as one file of a dataset, and publishes them.
    async fn ingest(&mut self, dataset: &str, csv: &str) -> Result<(), ExampleError> {
        self.files += 1;
        let path = self.folder.path().join(dataset.trim()).join(format!("{}.csv", self.files));
        std::fs::create_dir_all(path.parent().expect("a path of two parts"))
            .map_err(ExampleError::from)?;
        std::fs::write(&path, csv).map_err(ExampleError::from)?;
        let found = find(&path).map_err(ExampleError::from)?.files.remove(0);
        let profile = |text| Profile::parse(text, Path::new("profile.toml")).map(Arc::new);
        let profiles: Result<Vec<_>, _> = SURVEYS.into_iter().map(profile).collect();
        let profiles = profiles.map_err(ExampleError::from)?;
        let source = Source::open(found, None, &profiles).map_err(ExampleError::from)?;
        let key = PseudonymKey::parse("the pseudonyms of worked examples");
        let key = key.map_err(ExampleError::from)?;

        let run_date = NaiveDate::from_ymd_opt(2025, 12, 31).expect("a day of the calendar");
        let mut draft = self.lake.draft(run_date).await.map_err(ExampleError::from)?;
        let reports =
            land(&self.lake, &mut draft, &[source], Some(&key), DEFAULT_MEMORY, &|_| ()).await;
        for report in reports.map_err(ExampleError::from)? {
            match report.outcome {
                Outcome::Landed { input, .. } if input.rejected.is_empty() => {}
                other => {
                    return Err(ExampleError(format!(
                        "the example's own rows are not all good: {other:?}"
                    )));
                }
            }
        }
        self.lake
            .publish(draft, run_date.and_hms_opt(0, 0, 0).expect("midnight").and_utc())
            .await
            .map_err(ExampleError::from)?;
        Ok(())
    }

    /// Writes the answer of a query as the lines of a file.
    async fn lines(&self, sql: &str) -> Result<String, ExampleError> {
        let answer = self.gateway.run(Principal::Operator, sql, None, None).await;
        let batches = answer.map_err(ExampleError::from)?.collect().await;
        let mut csv = arrow::csv::WriterBuilder::new().with_delimiter(b';').build(Vec::new());
        for batch in batches.map_err(ExampleError::from)? {
            csv.write(&batch).map_err(ExampleError::from)?;
        }
        String::from_utf8(csv.into_inner()).map_err(ExampleError::from)
    }

    async fn query(&self, sql: &str) -> Result<DBOutput<DefaultColumnType>, ExampleError> {
        let answer = self
            .gateway
            .run(Principal::Operator, sql, None, None)
            .await
            .map_err(ExampleError::from)?;
        let schema = Arc::clone(&answer.schema);
        let options = FormatOptions::default().with_null("NULL");
        let mut rows = Vec::new();
        for batch in answer.collect().await.map_err(ExampleError::from)? {
            let columns: Result<Vec<_>, _> = batch
                .columns()
                .iter()
                .map(|column| ArrayFormatter::try_new(column, &options))
                .collect();
            let columns = columns.map_err(ExampleError::from)?;
            for row in 0..batch.num_rows() {
                rows.push(columns.iter().map(|column| column.value(row).to_string()).collect());
            }
        }
        let types = schema.fields().iter().map(|field| column_type(field.data_type())).collect();
        Ok(DBOutput::Rows { types, rows })
    }
}

fn column_type(data_type: &DataType) -> DefaultColumnType {
    match data_type {
        DataType::Int64 => DefaultColumnType::Integer,
        DataType::Float64 | DataType::Decimal128(..) => DefaultColumnType::FloatingPoint,
        _ => DefaultColumnType::Text,
    }
}

impl DB for Example {
    type Error = ExampleError;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, text: &str) -> Result<DBOutput<Self::ColumnType>, Self::Error> {
        match text.strip_prefix("ingest ").and_then(|rest| rest.split_once('\n')) {
            Some((dataset, csv)) => {
                let runtime = Arc::clone(&self.runtime);
                match dataset.trim().strip_suffix(" from") {
                    Some(dataset) => {
                        let csv = runtime.block_on(self.lines(csv))?;
                        runtime.block_on(self.ingest(dataset, &csv))?;
                    }
                    None => runtime.block_on(self.ingest(dataset, csv))?,
                }
                Ok(DBOutput::StatementComplete(0))
            }
            None => self.runtime.block_on(self.query(text)),
        }
    }

    fn engine_name(&self) -> &str {
        "carnac"
    }
}
