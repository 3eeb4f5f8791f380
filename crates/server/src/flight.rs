//! Arrow Flight SQL over the gateway.

mod action;
mod asking;
mod compression;
mod endpoints;
mod keys;
mod metadata;
mod reply;
mod running;
mod seal;
mod session;
mod ticket;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_flight::flight_service_server::FlightServiceServer;
use arrow_flight::sql::metadata::GetCatalogsBuilder;
use arrow_flight::sql::server::{FlightSqlService, PeekableFlightDataStream};
use arrow_flight::sql::{
    ActionCancelQueryRequest, ActionCancelQueryResult, ActionClosePreparedStatementRequest,
    ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult, CommandGetCatalogs,
    CommandGetCrossReference, CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys,
    CommandGetPrimaryKeys, CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables,
    CommandGetXdbcTypeInfo, CommandPreparedStatementQuery, CommandStatementQuery,
    DoPutPreparedStatementResult, SqlInfo, TicketStatementQuery,
};
use arrow_flight::{
    Action, ActionType, FlightData, FlightDescriptor, FlightInfo, HandshakeRequest,
    HandshakeResponse,
};
use axum::Router;
use axum::middleware::from_fn;
use carnac_query::{Access, Caller, Door, Error, Gateway};
use futures::stream::{self, BoxStream, StreamExt};
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

use crate::identify::{identify, token};
use crate::{STOPPING, wire};
use reply::{info, message, one_batch};
use running::Running;
use seal::Seal;
use ticket::Ticket;

type Reply<T> = Result<Response<T>, Status>;
type DoGet = BoxStream<'static, Result<FlightData, Status>>;

/// Returns the route of the service for those whom `access` knows; new calls are refused while
/// `stopping`.
pub(crate) fn router(
    gateway: Arc<Gateway>,
    access: &Arc<Access>,
    stopping: &Arc<AtomicBool>,
) -> Router {
    let stopping = Arc::clone(stopping);
    let refuse = move |call: Request<()>| match stopping.load(Ordering::SeqCst) {
        true => Err(Status::unavailable(STOPPING)),
        false => Ok(call),
    };
    let refusal = |error: Error| wire::status(&error).into_http::<axum::body::Body>();
    let (seal, running) = (Seal::of(access), Running::default());
    let access = Arc::clone(access);
    let identified = move |request, next| {
        let door = (Door::Flight, refusal as fn(_) -> _);
        identify(Arc::clone(&access), door, request, next)
    };
    let service = FlightServiceServer::with_interceptor(Service { gateway, seal, running }, refuse);
    let router = Routes::new(service).into_axum_router().reset_fallback();
    router.route_layer(from_fn(identified))
}

/// Who asks; a call of which it is not known is not answered.
fn caller<T>(call: &Request<T>) -> Result<Caller, Status> {
    let known = call.extensions().get().cloned();
    known.ok_or_else(|| Status::unauthenticated("it is not known who asks"))
}

/// The Flight SQL service.
struct Service {
    gateway: Arc<Gateway>,
    seal: Seal,
    running: Running,
}

#[tonic::async_trait]
impl FlightSqlService for Service {
    type FlightService = Self;

    /// Gives back the token that was checked: each call then sends it as its bearer.
    async fn do_handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Reply<BoxStream<'static, Result<HandshakeResponse, Status>>> {
        let sent = token(request.metadata().as_ref());
        let sent = sent.ok_or_else(|| Status::unauthenticated("send a token as the password"))?;
        let bearer = format!("Bearer {sent}").parse();
        let bearer = bearer.map_err(|_| Status::internal("the token cannot be sent back"))?;
        let reply = HandshakeResponse { protocol_version: 0, payload: sent.into() };
        let mut response = Response::new(stream::once(async { Ok(reply) }).boxed());
        response.metadata_mut().insert("authorization", bearer);
        Ok(response)
    }

    async fn get_flight_info_statement(
        &self,
        query: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Reply<FlightInfo> {
        Box::pin(self.info(Ticket::of(query.query), request)).await
    }

    async fn get_flight_info_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Reply<FlightInfo> {
        let ticket = self.seal.open(&query.prepared_statement_handle, &caller(&request)?)?;
        Box::pin(self.info(ticket, request)).await
    }

    async fn do_get_statement(
        &self,
        query: TicketStatementQuery,
        request: Request<arrow_flight::Ticket>,
    ) -> Reply<DoGet> {
        Box::pin(self.run(&query.statement_handle, &request)).await
    }

    async fn do_get_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<arrow_flight::Ticket>,
    ) -> Reply<DoGet> {
        Box::pin(self.run(&query.prepared_statement_handle, &request)).await
    }

    async fn do_action_create_prepared_statement(
        &self,
        query: ActionCreatePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        let session = session::asked(request.metadata())?;
        let who = caller(&request)?;
        // Unless the call names a release, the handle names none: each execution reads the newest.
        let ticket = Ticket::of(query.query).or(session.at.clone());
        let described = session.during(self.describe(&ticket, &who)).await?;
        Ok(ActionCreatePreparedStatementResult {
            prepared_statement_handle: self.seal.seal(ticket, &who, seal::OF_STATEMENT).handle,
            dataset_schema: message(&described.schema)?,
            parameter_schema: message(&described.parameters)?,
        })
    }

    async fn do_put_prepared_statement_query(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<DoPutPreparedStatementResult, Status> {
        let who = caller(&request)?;
        let ticket = self.seal.open(&query.prepared_statement_handle, &who)?;
        let ticket = ticket.bind(request.into_inner()).await?;
        let handle = self.seal.seal(ticket, &who, seal::OF_STATEMENT).handle;
        Ok(DoPutPreparedStatementResult { prepared_statement_handle: Some(handle) })
    }

    async fn do_action_close_prepared_statement(
        &self,
        _: ActionClosePreparedStatementRequest,
        _: Request<Action>,
    ) -> Result<(), Status> {
        Ok(())
    }

    async fn get_flight_info_catalogs(
        &self,
        query: CommandGetCatalogs,
        request: Request<FlightDescriptor>,
    ) -> Reply<FlightInfo> {
        info(&query, &query.into_builder().schema(), request.into_inner())
    }

    async fn do_get_catalogs(
        &self,
        _: CommandGetCatalogs,
        request: Request<arrow_flight::Ticket>,
    ) -> Reply<DoGet> {
        let mut builder = GetCatalogsBuilder::new();
        let catalogs: BTreeSet<_> =
            self.tables(&request).await?.into_iter().map(|table| table.catalog).collect();
        catalogs.into_iter().for_each(|catalog| builder.append(catalog));
        one_batch(builder.build())
    }

    async fn get_flight_info_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<FlightDescriptor>,
    ) -> Reply<FlightInfo> {
        info(&query, &query.clone().into_builder().schema(), request.into_inner())
    }

    async fn do_get_schemas(
        &self,
        query: CommandGetDbSchemas,
        request: Request<arrow_flight::Ticket>,
    ) -> Reply<DoGet> {
        let mut builder = query.into_builder();
        let mut last = None;
        for table in self.tables(&request).await? {
            let schema = (table.catalog, table.schema);
            if last.as_ref() != Some(&schema) {
                builder.append(&schema.0, &schema.1);
            }
            last = Some(schema);
        }
        one_batch(builder.build())
    }

    async fn get_flight_info_tables(
        &self,
        query: CommandGetTables,
        request: Request<FlightDescriptor>,
    ) -> Reply<FlightInfo> {
        info(&query, &query.clone().into_builder().schema(), request.into_inner())
    }

    async fn do_get_tables(
        &self,
        query: CommandGetTables,
        request: Request<arrow_flight::Ticket>,
    ) -> Reply<DoGet> {
        let mut builder = query.into_builder();
        let session = session::asked(request.metadata())?;
        for table in self.tables(&request).await? {
            let columns = metadata::titled(&table, &session);
            let appended =
                builder.append(&table.catalog, &table.schema, &table.name, table.kind, &columns);
            appended.map_err(|_| Status::internal("the list cannot be made"))?;
        }
        one_batch(builder.build())
    }

    async fn get_flight_info_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<FlightDescriptor>,
    ) -> Reply<FlightInfo> {
        info(&query, &query.into_builder().schema(), request.into_inner())
    }

    async fn do_get_table_types(
        &self,
        query: CommandGetTableTypes,
        _: Request<arrow_flight::Ticket>,
    ) -> Reply<DoGet> {
        let mut builder = query.into_builder();
        builder.append("TABLE");
        builder.append("VIEW");
        one_batch(builder.build())
    }

    async fn get_flight_info_sql_info(
        &self,
        query: CommandGetSqlInfo,
        request: Request<FlightDescriptor>,
    ) -> Reply<FlightInfo> {
        info(
            &query,
            &query.clone().into_builder(&metadata::SQL_INFO).schema(),
            request.into_inner(),
        )
    }

    async fn do_get_sql_info(
        &self,
        query: CommandGetSqlInfo,
        _: Request<arrow_flight::Ticket>,
    ) -> Reply<DoGet> {
        one_batch(query.into_builder(&metadata::SQL_INFO).build())
    }

    async fn get_flight_info_xdbc_type_info(
        &self,
        query: CommandGetXdbcTypeInfo,
        request: Request<FlightDescriptor>,
    ) -> Reply<FlightInfo> {
        info(&query, &query.into_builder(&metadata::TYPES).schema(), request.into_inner())
    }

    async fn do_get_xdbc_type_info(
        &self,
        query: CommandGetXdbcTypeInfo,
        _: Request<arrow_flight::Ticket>,
    ) -> Reply<DoGet> {
        one_batch(query.into_builder(&metadata::TYPES).build())
    }

    async fn get_flight_info_primary_keys(
        &self,
        query: CommandGetPrimaryKeys,
        request: Request<FlightDescriptor>,
    ) -> Reply<FlightInfo> {
        caller(&request)?;
        info(&query, &keys::PRIMARY, request.into_inner())
    }

    async fn do_get_primary_keys(
        &self,
        _: CommandGetPrimaryKeys,
        request: Request<arrow_flight::Ticket>,
    ) -> Reply<DoGet> {
        caller(&request)?;
        keys::none(&keys::PRIMARY)
    }

    async fn get_flight_info_exported_keys(
        &self,
        query: CommandGetExportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Reply<FlightInfo> {
        caller(&request)?;
        info(&query, &keys::FOREIGN, request.into_inner())
    }

    async fn do_get_exported_keys(
        &self,
        _: CommandGetExportedKeys,
        request: Request<arrow_flight::Ticket>,
    ) -> Reply<DoGet> {
        caller(&request)?;
        keys::none(&keys::FOREIGN)
    }

    async fn get_flight_info_imported_keys(
        &self,
        query: CommandGetImportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Reply<FlightInfo> {
        caller(&request)?;
        info(&query, &keys::FOREIGN, request.into_inner())
    }

    async fn do_get_imported_keys(
        &self,
        _: CommandGetImportedKeys,
        request: Request<arrow_flight::Ticket>,
    ) -> Reply<DoGet> {
        caller(&request)?;
        keys::none(&keys::FOREIGN)
    }

    async fn get_flight_info_cross_reference(
        &self,
        query: CommandGetCrossReference,
        request: Request<FlightDescriptor>,
    ) -> Reply<FlightInfo> {
        caller(&request)?;
        info(&query, &keys::FOREIGN, request.into_inner())
    }

    async fn do_get_cross_reference(
        &self,
        _: CommandGetCrossReference,
        request: Request<arrow_flight::Ticket>,
    ) -> Reply<DoGet> {
        caller(&request)?;
        keys::none(&keys::FOREIGN)
    }

    async fn do_action_cancel_query(
        &self,
        query: ActionCancelQueryRequest,
        request: Request<Action>,
    ) -> Result<ActionCancelQueryResult, Status> {
        let is_cancelled = self.cancel(&request, &action::handles_of_query(&query.info)?)?;
        Ok(ActionCancelQueryResult { result: action::result_of_query(is_cancelled) })
    }

    async fn list_custom_actions(&self) -> Option<Vec<Result<ActionType, Status>>> {
        Some(action::known())
    }

    async fn do_action_fallback(&self, request: Request<Action>) -> Reply<action::Results> {
        match request.get_ref().r#type.as_str() {
            action::CANCEL => {
                let handles = action::handles(&request.get_ref().body)?;
                action::cancelled(self.cancel(&request, &handles)?)
            }
            _ => action::run(&self.gateway, &request).await,
        }
    }

    async fn register_sql_info(&self, _: i32, _: &SqlInfo) {}
}
