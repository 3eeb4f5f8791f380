//! What tickets are about, asked of the gateway: what their queries answer, and the rows of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow_flight::sql::TicketStatementQuery;
use arrow_flight::{FlightDescriptor, FlightInfo};
use bytes::Bytes;
use carnac_query::{Answer, At, Caller, Description, Error, Gateway, TableEntry};
use futures::stream::{self, StreamExt, TryStreamExt};
use tonic::{Request, Response, Status};

use super::reply::{ask, batches, encode, endpoint, info_of};
use super::ticket::Ticket;
use super::{DoGet, Reply, Service, caller, compression, endpoints, seal, session};
use crate::wire;

impl Service {
    pub(super) async fn tables<T>(&self, call: &Request<T>) -> Result<Vec<TableEntry>, Status> {
        let at = session::asked(call.metadata())?.at;
        let tables = self.gateway.tables(caller(call)?, at.as_ref()).await;
        tables.map_err(|error| wire::status(&error))
    }

    /// Plans the query of a ticket and says what it answers.
    pub(super) async fn describe(
        &self,
        ticket: &Ticket,
        who: &Caller,
    ) -> Result<Description, Status> {
        let (row, at) = (ticket.row().await?, ticket.at()?);
        let describe = self.gateway.describe(who.clone(), &ticket.sql, row.as_ref(), at.as_ref());
        Box::pin(describe).await.map_err(|error| wire::status(&error))
    }

    /// Plans the query of a ticket and pins the release it was planned on.
    pub(super) async fn info(
        &self,
        ticket: Ticket,
        request: Request<FlightDescriptor>,
    ) -> Reply<FlightInfo> {
        let session = session::asked(request.metadata())?;
        let mut ticket = ticket.or(session.at.clone());
        let who = caller(&request)?;
        let described = session.during(self.describe(&ticket, &who)).await?;
        ticket.pin(described.release);
        let parts = endpoints::parts(&self.gateway, &mut ticket, &who, request.metadata());
        let parts = session.during(parts).await?;
        let place = |part| {
            let sealed = self.seal.seal(ticket.for_part(part), &who, seal::OF_ANSWER);
            let query = TicketStatementQuery { statement_handle: sealed.handle };
            endpoint(&query, Some(sealed.until))
        };
        info_of((0..parts).map(place), &described.schema, request.into_inner())
    }

    /// Ends what is sent by the tickets of an answer, and says whether anything was.
    pub(super) fn cancel<T>(&self, call: &Request<T>, handles: &[Bytes]) -> Result<bool, Status> {
        let who = caller(call)?;
        let mut is_cancelled = false;
        for handle in handles {
            is_cancelled |= self.running.cancel(self.seal.open(handle, &who)?.number);
        }
        Ok(is_cancelled)
    }

    /// Runs the query of a ticket, once for each row of its parameters: all on one release, and in the
    /// time that one query may take.
    pub(super) async fn run<T>(&self, handle: &[u8], call: &Request<T>) -> Reply<DoGet> {
        let session = session::asked(call.metadata())?;
        let who = caller(call)?.within(session.patience());
        let options = compression::asked(call.metadata())?;
        let ticket = self.seal.open(handle, &who)?.or(session.at);
        let sending = self.running.begin(ticket.number);
        let (rows, at, part) = (ticket.rows().await?, ticket.at()?, ticket.part());
        if rows.as_ref().is_some_and(|rows| rows.num_rows() == 0) {
            // Not run at all: there are the columns of its answer, and no row.
            let described = sending.during(Box::pin(self.describe(&ticket, &who))).await?;
            return Ok(Response::new(encode(described.schema, stream::empty(), options)));
        }
        let sql = ticket.sql;
        let one = rows.as_ref().map(|rows| rows.slice(0, 1));
        let first = ask(&self.gateway, who.clone(), &sql, one, (at.as_ref(), part));
        let first = sending.during(Box::pin(first)).await?;
        let end = End::of(&who, &self.gateway);
        let at = at.or(Some(At::Release(first.release.id)));
        let rows = rows.unwrap_or_else(|| RecordBatch::new_empty(Arc::new(Schema::empty())));
        let gateway = Arc::clone(&self.gateway);
        let others = stream::iter(1..rows.num_rows()).then(move |row| {
            let (gateway, who) = (Arc::clone(&gateway), who.clone());
            let (sql, at) = (sql.clone(), at.clone());
            let one = rows.slice(row, 1);
            async move {
                let answer = end.ask(&gateway, who, &sql, one, at.as_ref()).await;
                answer.map(|answer| batches(answer.stream))
            }
        });
        let answer = sending.rows(batches(first.stream).chain(others.try_flatten()));
        Ok(Response::new(encode(first.schema, answer, options)))
    }
}

/// When a call is over, however many rows of parameters are left; none when it may go on.
#[derive(Debug, Clone, Copy)]
struct End(Option<Instant>);

impl End {
    /// Returns that of a call whose first row has its place now: it may take as long as one query.
    fn of(who: &Caller, gateway: &Gateway) -> Self {
        let limit = [who.patience, gateway.patience()].into_iter().flatten().min();
        Self(limit.and_then(|limit| Instant::now().checked_add(limit)))
    }

    /// Returns what is left of the time.
    fn left(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Asks for another row of parameters, in the time that is left.
    async fn ask(
        self,
        gateway: &Gateway,
        who: Caller,
        sql: &str,
        row: RecordBatch,
        at: Option<&At>,
    ) -> Result<Answer, Status> {
        let left = self.left();
        if left == Some(Duration::ZERO) {
            return Err(late());
        }
        let answer = ask(gateway, who.within(left), sql, Some(row), (at, None)).await;
        // Who waited for a place up to the end is not told to ask again in a moment.
        answer.map_err(|status| if self.left() == Some(Duration::ZERO) { late() } else { status })
    }
}

fn late() -> Status {
    wire::status(&Error::timed_out())
}
