//! What is asked of a query, or of the catalogue, that is no running of it.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::Gateway;
use crate::catalog::{Catalog, TableEntry};
use crate::{At, Caller, Result, run};

/// What a query will answer, before it runs.
#[derive(Debug, Clone)]
pub struct Description {
    /// Columns of the answer.
    pub schema: SchemaRef,
    /// Parameters, by position; a type that cannot be told is text.
    pub parameters: SchemaRef,
    /// The release it was planned on.
    pub release: u64,
}

impl Gateway {
    /// Plans one query and says what it would answer, with `parameters` when they are known.
    ///
    /// # Errors
    /// As [`Gateway::run`], without running; a refusal is written down as one of [`Gateway::run`].
    pub async fn describe(
        &self,
        caller: impl Into<Caller>,
        sql: &str,
        parameters: Option<&RecordBatch>,
        at: Option<&At>,
    ) -> Result<Description> {
        let (caller, began) = (caller.into(), Instant::now());
        let described = self.guess(caller.clone(), sql, parameters, at).await;
        self.meter.planned(&caller, sql, (began, described)).await
    }

    /// As [`Gateway::describe`], of which the caller is told nothing when it fails: nothing is written down.
    ///
    /// # Errors
    /// As [`Gateway::describe`].
    pub async fn guess(
        &self,
        caller: Caller,
        sql: &str,
        parameters: Option<&RecordBatch>,
        at: Option<&At>,
    ) -> Result<Description> {
        let (text, parameters, principal) = (sql.to_owned(), parameters.cloned(), caller.principal);
        let work = move |catalog: Arc<Catalog>| async move {
            run::describe(&catalog, principal, &text, parameters.as_ref()).await
        };
        self.plan(&caller, at, work).await
    }

    /// Plans one query and says in how many parts it is answered when `asked` are asked for
    /// ([`crate::MOST_PARTS`] at most): the same number each time, on one release.
    ///
    /// # Errors
    /// As [`Gateway::describe`].
    pub async fn parts(
        &self,
        caller: impl Into<Caller>,
        sql: &str,
        parameters: Option<&RecordBatch>,
        (at, asked): (Option<&At>, usize),
    ) -> Result<usize> {
        let (caller, began) = (caller.into(), Instant::now());
        let (text, parameters, principal) = (sql.to_owned(), parameters.cloned(), caller.principal);
        let work = move |catalog: Arc<Catalog>| async move {
            run::parts(&catalog, principal, &text, parameters.as_ref(), asked).await
        };
        let parts = self.plan(&caller, at, work).await;
        self.meter.planned(&caller, sql, (began, parts)).await
    }

    /// Lists the tables and views that exist for `caller`, by schema and name.
    ///
    /// # Errors
    /// When what `at` names, or else the newest release, cannot be opened; when it takes too long.
    pub async fn tables(
        &self,
        caller: impl Into<Caller>,
        at: Option<&At>,
    ) -> Result<Vec<TableEntry>> {
        let caller = caller.into();
        let principal = caller.principal;
        let work = move |catalog: Arc<Catalog>| async move { catalog.tables(principal).await };
        self.plan(&caller, at, work).await
    }

    /// Does what is no running of a query, within the limits of those if there are any.
    async fn plan<T: Send + 'static, F>(
        &self,
        caller: &Caller,
        at: Option<&At>,
        work: impl FnOnce(Arc<Catalog>) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let work = work(self.catalog(at).await?);
        match self.admission() {
            Some(admission) => admission.plan(caller, work).await,
            None => work.await,
        }
    }
}
