//! The conversation with one client: its messages, and what each changes.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use carnac_query::{Access, At, Caller, Door, Gateway, PostgresType};
use pgwire::messages::PgWireBackendMessage as Reply;
use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{BindComplete, CloseComplete, ParseComplete};
use pgwire::messages::response::{EmptyQueryResponse, ReadyForQuery, TransactionStatus};
use pgwire::messages::startup::ParameterStatus;
use tokio::sync::{Notify, watch};

use super::connection::{Connection, Patience};
use super::encode::{Format, Formats};
use super::message::{Bind, Message, What};
use super::portal::{Life, Portal, Prepared};
use super::problem::{Fault, Problem};
use super::settings::Settings;
use super::statement::Statement;
use super::token::statements;
use super::types;
use super::{MOST, parameter, stopped};
use crate::STOPPING;

/// The SQLSTATE of a token that does not hold.
const DENIED: &str = "28P01";

/// A client that is in, and all that is kept for it.
pub(super) struct Client {
    pub(super) gateway: Arc<Gateway>,
    pub(super) access: Arc<Access>,
    /// What it presented, if it did.
    pub(super) token: Option<String>,
    pub(super) caller: Caller,
    pub(super) connection: Connection,
    pub(super) cancel: Arc<Notify>,
    pub(super) settings: Settings,
    /// The release or edition that the session names, now and when it connected.
    pub(super) at: Option<At>,
    pub(super) initial_at: Option<At>,
    /// The release that all of a transaction reads, once it has read one.
    pub(super) pinned: Option<u64>,
    pub(super) transaction: TransactionStatus,
    pub(super) prepared: BTreeMap<String, Prepared>,
    pub(super) portals: BTreeMap<String, Portal>,
    /// Whether messages are passed over up to the next Sync: one before has failed.
    pub(super) skips: bool,
    /// Whether a Sync is still to come.
    pub(super) is_amid: bool,
}

impl Client {
    /// Answers until the client leaves or the server stops.
    pub(super) async fn converse(mut self, mut stopping: watch::Receiver<bool>) {
        loop {
            let received = tokio::select! {
                biased;
                () = stopped(&mut stopping), if !self.is_amid => {
                    Err(Problem::fatal("57P01", STOPPING).into())
                }
                received = self.connection.receive() => received,
            };
            let heard = match received {
                Ok(Message::Terminate) => return self.connection.close().await,
                Ok(message) => self.hear(message).await,
                Err(fault) => Err(fault),
            };
            match heard {
                Ok(()) => {}
                Err(Fault::Told(problem)) if !problem.is_fatal() => {
                    if self.fail(&problem).is_err() {
                        return;
                    }
                }
                Err(Fault::Told(problem)) => {
                    // A client that is gone already need not hear it.
                    self.tell(&Reply::ErrorResponse(problem.response())).unwrap_or_default();
                    return self.connection.close().await;
                }
                Err(Fault::Gone) => return,
            }
        }
    }

    pub(super) fn tell(&mut self, reply: &Reply) -> io::Result<()> {
        self.connection.put(reply)
    }

    /// Tells that a statement failed, and so the transaction it is in.
    fn fail(&mut self, problem: &Problem) -> io::Result<()> {
        self.tell(&Reply::ErrorResponse(problem.response()))?;
        if self.transaction == TransactionStatus::Transaction {
            self.transaction = TransactionStatus::Error;
        }
        self.skips = self.is_amid;
        if self.is_amid { Ok(()) } else { self.ready() }
    }

    /// Ends a request: outside a transaction, with all that lives as long.
    pub(super) fn ready(&mut self) -> io::Result<()> {
        self.is_amid = false;
        self.skips = false;
        if self.transaction == TransactionStatus::Idle {
            self.end_transaction();
        }
        self.tell(&Reply::ReadyForQuery(ReadyForQuery::new(self.transaction)))
    }

    pub(super) fn end_transaction(&mut self) {
        self.transaction = TransactionStatus::Idle;
        self.pinned = None;
        self.portals.retain(|_, portal| portal.life == Life::Session);
    }

    pub(super) fn tell_setting(&mut self, name: &str, value: &str) -> io::Result<()> {
        self.tell(&Reply::ParameterStatus(ParameterStatus::new(name.to_owned(), value.to_owned())))
    }

    pub(super) fn patience(&self) -> Patience {
        Patience::new(&self.cancel, self.settings.timeout())
    }

    async fn hear(&mut self, message: Message) -> Result<(), Fault> {
        match message {
            Message::Query(sql) => {
                self.is_amid = false;
                self.identify().await?;
                self.query(&sql).await?;
                return Ok(self.ready()?);
            }
            Message::Sync => return Ok(self.ready()?),
            Message::Terminate | Message::Copy => return Ok(()),
            _ => self.is_amid = true,
        }
        if self.skips {
            return Ok(());
        }
        if matches!(message, Message::Parse { .. } | Message::Execute { .. }) {
            self.identify().await?;
        }
        match message {
            Message::Parse { statement, sql, types } => self.parse(statement, &sql, &types).await,
            Message::Bind(bind) => self.bind(&bind),
            Message::Describe { what: What::Statement, name } => self.describe_statement(&name),
            Message::Describe { what: What::Portal, name } => self.describe_portal(&name),
            Message::Execute { portal, limit } => {
                self.execute(&portal, (limit > 0).then_some(u64::from(limit))).await
            }
            Message::Close { what, name } => {
                match what {
                    What::Statement => drop(self.prepared.remove(&name)),
                    What::Portal => drop(self.portals.remove(&name)),
                }
                Ok(self.tell(&Reply::CloseComplete(CloseComplete::new()))?)
            }
            Message::Flush => Ok(self.connection.flush().await?),
            Message::Query(_) | Message::Sync | Message::Terminate | Message::Copy => Ok(()),
        }
    }

    /// Looks at the token again: one that was revoked, or has expired, ends the session.
    async fn identify(&mut self) -> Result<(), Fault> {
        let found = self.access.caller(self.token.as_deref(), self.connection.sender).await;
        let found = found.map_err(|error| match Problem::from(error) {
            problem if problem.code == DENIED => Problem::fatal(problem.code, problem.message),
            problem => problem,
        })?;
        self.caller = found.by(Door::Postgres);
        Ok(())
    }

    /// Answers a text of statements one after the other, up to the first that fails.
    async fn query(&mut self, sql: &str) -> Result<(), Fault> {
        let statements = statements(sql);
        if statements.is_empty() {
            self.tell(&Reply::EmptyQueryResponse(EmptyQueryResponse::new()))?;
        }
        let mut patience = self.patience();
        for text in statements {
            let statement = Statement::parse(text)?;
            self.refuse_in_failure(&statement)?;
            self.answer(&statement, &mut patience).await?;
            patience.renew(self.settings.timeout());
        }
        Ok(())
    }

    fn refuse_in_failure(&self, statement: &Statement) -> Result<(), Problem> {
        if self.transaction == TransactionStatus::Error && !statement.ends_failure() {
            let reason = "the transaction has failed: end it by ROLLBACK";
            return Err(Problem::error("25P02", reason));
        }
        Ok(())
    }

    async fn parse(&mut self, name: String, sql: &str, oids: &[u32]) -> Result<(), Fault> {
        let statement = Statement::one(sql)?;
        self.refuse_in_failure(&statement)?;
        if self.prepared.len() >= MOST && !self.prepared.contains_key(&name) {
            let reason = format!("a session has at most {MOST} prepared statements");
            return Err(Problem::error("53400", reason).into());
        }
        if !name.is_empty() && self.prepared.contains_key(&name) {
            let reason = format!("there is a prepared statement {name} already");
            return Err(Problem::error("42P05", reason).into());
        }
        let prepared = self.prepare(statement, oids).await?;
        self.prepared.insert(name, prepared);
        Ok(self.tell(&Reply::ParseComplete(ParseComplete::new()))?)
    }

    /// Finds out what a statement takes and answers; a type that the client names goes before.
    async fn prepare(&mut self, statement: Statement, oids: &[u32]) -> Result<Prepared, Fault> {
        let sql = match &statement {
            Statement::Query(sql) => sql,
            Statement::Declare { query, .. } | Statement::Copy { query, .. } => query,
            other => {
                let schema = self.schema_of(other);
                return Ok(Prepared { statement, parameters: vec![], oids: vec![], schema });
            }
        };
        let mut patience = self.patience();
        let described = self.describe(sql, None, &mut patience).await?;
        let inferred = described.parameters.fields().iter().map(|field| field.data_type());
        let given = |place: usize| oids.get(place).copied().filter(|oid| *oid != 0);
        let known = |place: usize, data_type: &DataType| {
            let named = given(place).and_then(|oid| types::of_parameter(oid).map(|of| (oid, of)));
            named.unwrap_or_else(|| {
                let data_type = PostgresType::plain(data_type);
                (PostgresType::of(&data_type).oid, data_type)
            })
        };
        let (oids, parameters): (Vec<_>, Vec<_>) =
            inferred.enumerate().map(|(place, of)| known(place, of)).unzip();
        let mut schema = described.schema;
        if (0..parameters.len()).any(|place| given(place).is_some()) {
            let nulls = parameter::nulls(&parameters)?;
            if let Ok(described) = self.guess(sql, nulls.as_ref(), &mut patience).await {
                schema = described.schema;
            }
        }
        let schema = matches!(statement, Statement::Query(_)).then_some(schema);
        Ok(Prepared { statement, parameters, oids, schema })
    }

    fn bind(&mut self, bind: &Bind) -> Result<(), Fault> {
        let Some(prepared) = self.prepared.get(&bind.statement) else {
            return Err(no_statement(&bind.statement).into());
        };
        self.refuse_in_failure(&prepared.statement)?;
        if self.portals.len() >= MOST {
            let reason = format!("a session has at most {MOST} open portals");
            return Err(Problem::error("53400", reason).into());
        }
        let formats = Formats::parse(&bind.parameter_formats)?;
        let parameters = parameter::row(&prepared.parameters, &formats, &bind.parameters)?;
        let portal = Portal {
            statement: prepared.statement.clone(),
            parameters,
            formats: Formats::parse(&bind.result_formats)?,
            schema: prepared.schema.clone(),
            rows: None,
            life: Life::Transaction,
        };
        self.portals.insert(bind.portal.clone(), portal);
        Ok(self.tell(&Reply::BindComplete(BindComplete::new()))?)
    }

    fn describe_statement(&mut self, name: &str) -> Result<(), Fault> {
        let prepared = self.prepared.get(name).ok_or_else(|| no_statement(name))?;
        let (oids, schema) = (prepared.oids.clone(), prepared.schema.clone());
        self.tell(&Reply::ParameterDescription(ParameterDescription::new(oids)))?;
        self.tell_columns(schema.as_deref(), &Formats::all(Format::Text))
    }

    fn describe_portal(&mut self, name: &str) -> Result<(), Fault> {
        let portal = self.portals.get(name).ok_or_else(|| no_portal(name))?;
        let (formats, schema) = (portal.formats.clone(), portal.schema.clone());
        self.tell_columns(schema.as_deref(), &formats)
    }

    pub(super) fn tell_columns(
        &mut self,
        schema: Option<&Schema>,
        formats: &Formats,
    ) -> Result<(), Fault> {
        Ok(match schema {
            Some(schema) => {
                self.tell(&Reply::RowDescription(types::row_description(schema, formats)))
            }
            None => self.tell(&Reply::NoData(NoData::new())),
        }?)
    }
}

fn no_statement(name: &str) -> Problem {
    Problem::error("26000", format!("there is no prepared statement {name}"))
}

pub(super) fn no_portal(name: &str) -> Problem {
    Problem::error("34000", format!("there is no cursor or portal {name}"))
}
