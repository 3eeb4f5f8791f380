//! Statements as they are carried out: rows, cursors and files.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use carnac_query::{At, Description, PostgresType};
use pgwire::messages::PgWireBackendMessage as Reply;
use pgwire::messages::copy::CopyDone;
use pgwire::messages::extendedquery::PortalSuspended;
use pgwire::messages::response::{CommandComplete, EmptyQueryResponse, TransactionStatus};

use super::client::{Client, no_portal};
use super::connection::{ENOUGH, Patience};
use super::copy::Options;
use super::encode::{self, Format, Formats};
use super::portal::{Life, Portal, Rows, texts};
use super::problem::{Fault, Problem};
use super::session::{EDITION, RELEASE};
use super::statement::Statement;

/// `SHOW ALL`, and its columns.
const ALL: &str = "all";
const OF_ALL: [&str; 2] = ["name", "setting"];

impl Client {
    /// Answers one statement of a text: what it has, and that it is done.
    pub(super) async fn answer(
        &mut self,
        statement: &Statement,
        patience: &mut Patience,
    ) -> Result<(), Fault> {
        let formats = Formats::all(Format::Text);
        match statement {
            Statement::Query(_) | Statement::Show(_) => {
                let mut rows = self.open(statement, None, patience).await?;
                self.tell_columns(Some(&Arc::clone(&rows.schema)), &formats)?;
                let (sent, _) = self.send(&mut rows, &formats, None, patience).await?;
                self.done(&tag_of(statement, sent))
            }
            Statement::Fetch { name, moves: false, .. } => {
                let portal = self.portals.get(name).ok_or_else(|| no_portal(name))?;
                let (schema, formats) = (portal.schema.clone(), portal.formats.clone());
                self.tell_columns(schema.as_deref(), &formats)?;
                self.fetch(statement, &formats, patience).await
            }
            other => self.carry_out(other, None, &formats, patience).await,
        }
    }

    /// Answers what is left of a portal, at most `limit` rows of it.
    pub(super) async fn execute(&mut self, name: &str, limit: Option<u64>) -> Result<(), Fault> {
        let mut patience = self.patience();
        // It is not put back when it fails: it is over then.
        let mut portal = self.portals.remove(name).ok_or_else(|| no_portal(name))?;
        let (statement, formats) = (portal.statement.clone(), portal.formats.clone());
        if !matches!(statement, Statement::Query(_) | Statement::Show(_)) {
            let parameters = portal.parameters.clone();
            self.carry_out(&statement, parameters.as_ref(), &formats, &mut patience).await?;
            // The portal may have been what the statement ended.
            self.portals.entry(name.to_owned()).or_insert(portal);
            return Ok(());
        }
        if portal.rows.is_none() {
            let rows = self.open(&statement, portal.parameters.as_ref(), &mut patience).await?;
            refuse_change(portal.schema.as_ref(), &rows.schema)?;
            portal.rows = Some(rows);
        }
        let Some(rows) = &mut portal.rows else { return Err(no_portal(name).into()) };
        let (sent, is_end) = self.send(rows, &formats, limit, &mut patience).await?;
        self.portals.insert(name.to_owned(), portal);
        if is_end {
            return self.done(&tag_of(&statement, sent));
        }
        Ok(self.tell(&Reply::PortalSuspended(PortalSuspended::new()))?)
    }

    /// Carries out what has no rows of its own.
    async fn carry_out(
        &mut self,
        statement: &Statement,
        parameters: Option<&RecordBatch>,
        formats: &Formats,
        patience: &mut Patience,
    ) -> Result<(), Fault> {
        match statement {
            Statement::Empty => {
                Ok(self.tell(&Reply::EmptyQueryResponse(EmptyQueryResponse::new()))?)
            }
            Statement::Copy { query, options } => {
                self.copy(query, parameters, options, patience).await
            }
            Statement::Fetch { .. } => self.fetch(statement, formats, patience).await,
            Statement::Declare { name, query, binary, hold } => {
                let format = if *binary { Format::Binary } else { Format::Text };
                let life = match self.transaction {
                    TransactionStatus::Transaction if !hold => Life::Transaction,
                    _ => Life::Session,
                };
                if self.portals.contains_key(name) {
                    let reason = format!("there is a cursor {name} already");
                    return Err(Problem::error("42P03", reason).into());
                }
                let rows = self.run(query, parameters, patience).await?;
                let portal = Portal {
                    statement: Statement::Query(query.clone()),
                    parameters: None,
                    formats: Formats::all(format),
                    schema: Some(Arc::clone(&rows.schema)),
                    rows: Some(rows),
                    life,
                };
                self.portals.insert(name.clone(), portal);
                self.done("DECLARE CURSOR")
            }
            Statement::Set { name, value } => self.set(name, value.as_deref(), patience).await,
            other => {
                let tag = self.change(other)?;
                self.done(tag)
            }
        }
    }

    pub(super) fn done(&mut self, tag: &str) -> Result<(), Fault> {
        Ok(self.tell(&Reply::CommandComplete(CommandComplete::new(tag.to_owned())))?)
    }

    /// The rows of a query or of SHOW.
    async fn open(
        &mut self,
        statement: &Statement,
        parameters: Option<&RecordBatch>,
        patience: &mut Patience,
    ) -> Result<Rows, Fault> {
        match statement {
            Statement::Query(sql) => self.run(sql, parameters, patience).await,
            Statement::Show(name) if name == RELEASE || name == EDITION => {
                let value = self.shown(name, patience).await?;
                Ok(Rows::one(name, &value))
            }
            Statement::Show(name) if name == ALL => {
                let (names, values) = self.settings.all().unzip();
                Ok(Rows::texts(texts(&OF_ALL), &[names, values]))
            }
            Statement::Show(name) => {
                let (name, value) = self.settings.show(name)?;
                Ok(Rows::one(name, value))
            }
            _ => Err(Problem::error("XX000", "the statement has no rows").into()),
        }
    }

    /// The columns of a statement that is no query, if it has any.
    pub(super) fn schema_of(&self, statement: &Statement) -> Option<SchemaRef> {
        match statement {
            Statement::Show(name) if name == ALL => Some(texts(&OF_ALL)),
            Statement::Show(name) => Some(texts(&[name])),
            Statement::Fetch { name, moves: false, .. } => self.portals.get(name)?.schema.clone(),
            _ => None,
        }
    }

    /// What the session reads: what it names, else the release of the transaction, else the newest.
    pub(super) fn reading(&self) -> Option<At> {
        self.at.clone().or(self.pinned.map(At::Release))
    }

    async fn run(
        &mut self,
        sql: &str,
        parameters: Option<&RecordBatch>,
        patience: &mut Patience,
    ) -> Result<Rows, Fault> {
        let (gateway, at) = (Arc::clone(&self.gateway), self.reading());
        let run = Box::pin(gateway.run(self.caller.clone(), sql, parameters, at.as_ref()));
        let answer = self.connection.during(patience, run).await??;
        self.pinned = Some(answer.release.id);
        Ok(Rows::new(answer))
    }

    pub(super) async fn describe(
        &mut self,
        sql: &str,
        parameters: Option<&RecordBatch>,
        patience: &mut Patience,
    ) -> Result<Description, Fault> {
        let (gateway, at) = (Arc::clone(&self.gateway), self.reading());
        let describe =
            Box::pin(gateway.describe(self.caller.clone(), sql, parameters, at.as_ref()));
        let description = self.connection.during(patience, describe).await??;
        self.pinned = Some(description.release);
        Ok(description)
    }

    /// As `describe`, for types that the client may have wrong: it is not told when that fails.
    pub(super) async fn guess(
        &mut self,
        sql: &str,
        parameters: Option<&RecordBatch>,
        patience: &mut Patience,
    ) -> Result<Description, Fault> {
        let (gateway, at) = (Arc::clone(&self.gateway), self.reading());
        let guess = Box::pin(gateway.guess(self.caller.clone(), sql, parameters, at.as_ref()));
        Ok(self.connection.during(patience, guess).await??)
    }

    /// Sends rows, at most `limit`; returns how many, and whether there are no more.
    async fn send(
        &mut self,
        rows: &mut Rows,
        formats: &Formats,
        limit: Option<u64>,
        patience: &mut Patience,
    ) -> Result<(u64, bool), Fault> {
        let mut sent = 0;
        while limit.is_none_or(|limit| sent < limit) {
            if !self.connection.during(patience, rows.fill()).await?? {
                return Ok((sent, true));
            }
            let write = &mut self.connection.write;
            let left = limit.map_or(u64::MAX, |limit| limit - sent);
            sent += rows.take(left, |columns, range| {
                encode::data_rows(columns, range, formats, ENOUGH, write)
            });
            self.connection.relieve(patience).await?;
        }
        Ok((sent, false))
    }

    /// Sends rows of a cursor, or passes over them.
    async fn fetch(
        &mut self,
        statement: &Statement,
        formats: &Formats,
        patience: &mut Patience,
    ) -> Result<(), Fault> {
        let Statement::Fetch { name, count, moves } = statement else { return Ok(()) };
        let mut portal = self.portals.remove(name).ok_or_else(|| no_portal(name))?;
        let rows = portal.rows.as_mut().ok_or_else(|| no_portal(name))?;
        let mut passed = 0;
        if *moves {
            while count.is_none_or(|count| passed < count) {
                if !self.connection.during(patience, rows.fill()).await?? {
                    break;
                }
                let left = count.map_or(u64::MAX, |count| count - passed);
                passed += rows.take(left, |_, (_, end)| end);
            }
        } else {
            (passed, _) = self.send(rows, formats, *count, patience).await?;
        }
        self.portals.insert(name.clone(), portal);
        self.done(&tag_of(statement, passed))
    }

    async fn copy(
        &mut self,
        query: &str,
        parameters: Option<&RecordBatch>,
        options: &Options,
        patience: &mut Patience,
    ) -> Result<(), Fault> {
        let mut rows = self.run(query, parameters, patience).await?;
        self.tell(&Reply::CopyOutResponse(options.response(rows.schema.fields().len())))?;
        let mut head = options.begin(&rows.schema, &mut self.connection.write);
        let mut sent = 0;
        while self.connection.during(patience, rows.fill()).await?? {
            let write = &mut self.connection.write;
            sent += rows
                .take(u64::MAX, |columns, range| options.rows(columns, range, &mut head, write));
            self.connection.relieve(patience).await?;
        }
        options.end(head, &mut self.connection.write);
        self.tell(&Reply::CopyDone(CopyDone::new()))?;
        self.done(&format!("COPY {sent}"))
    }
}

/// The word of what is done, with the count of its rows.
fn tag_of(statement: &Statement, rows: u64) -> String {
    match statement {
        Statement::Show(_) => "SHOW".to_owned(),
        Statement::Fetch { moves: true, .. } => format!("MOVE {rows}"),
        Statement::Fetch { .. } => format!("FETCH {rows}"),
        _ => format!("SELECT {rows}"),
    }
}

/// Refuses rows of other types than those that the client was told of.
fn refuse_change(told: Option<&SchemaRef>, found: &SchemaRef) -> Result<(), Problem> {
    let types = |schema: &SchemaRef| -> Vec<u32> {
        schema.fields().iter().map(|field| PostgresType::of(field.data_type()).oid).collect()
    };
    if told.is_some_and(|told| types(told) != types(found)) {
        let reason = "the columns are no longer those that were told: prepare the statement again";
        return Err(Problem::error("0A000", reason));
    }
    Ok(())
}
