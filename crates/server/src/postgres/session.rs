//! Statements that change the session and nothing else: settings, transactions, what it reads.

use std::sync::Arc;

use carnac_query::At;
use pgwire::messages::response::TransactionStatus;

use super::client::{Client, no_portal};
use super::connection::Patience;
use super::problem::{Fault, Problem};
use super::statement::Statement;

pub(super) const RELEASE: &str = "carnac.release";
pub(super) const EDITION: &str = "carnac.edition";
const NEWEST: &str = "newest";

impl Client {
    /// Carries out a statement that changes the session only; returns its word.
    pub(super) fn change(&mut self, statement: &Statement) -> Result<&'static str, Fault> {
        Ok(match statement {
            Statement::Begin => {
                self.transaction = TransactionStatus::Transaction;
                "BEGIN"
            }
            Statement::Commit | Statement::Rollback => {
                let is_commit = *statement == Statement::Commit;
                let has_failed = self.transaction == TransactionStatus::Error;
                self.end_transaction();
                if is_commit && !has_failed { "COMMIT" } else { "ROLLBACK" }
            }
            Statement::Savepoint { tag, mends } => {
                if *mends && self.transaction == TransactionStatus::Error {
                    self.transaction = TransactionStatus::Transaction;
                }
                tag
            }
            Statement::Reset(Some(name)) => {
                self.reset(name)?;
                "RESET"
            }
            Statement::Reset(None) => {
                self.reset_all()?;
                "RESET"
            }
            Statement::Discard => {
                self.prepared.clear();
                self.portals.clear();
                self.reset_all()?;
                "DISCARD ALL"
            }
            Statement::Deallocate(None) => {
                self.prepared.clear();
                "DEALLOCATE ALL"
            }
            Statement::Deallocate(Some(name)) => {
                self.prepared.remove(name);
                "DEALLOCATE"
            }
            Statement::CloseCursor(None) => {
                self.portals.clear();
                "CLOSE CURSOR ALL"
            }
            Statement::CloseCursor(Some(name)) => {
                self.portals.remove(name).ok_or_else(|| no_portal(name))?;
                "CLOSE CURSOR"
            }
            Statement::Nothing(tag) => tag,
            _ => return Err(Problem::error("0A000", "the statement is not served").into()),
        })
    }

    pub(super) async fn set(
        &mut self,
        name: &str,
        value: Option<&str>,
        patience: &mut Patience,
    ) -> Result<(), Fault> {
        if name == RELEASE || name == EDITION {
            self.read_at(name, value, patience).await?;
        } else if let Some((name, value)) = self.settings.set(name, value)? {
            self.tell_setting(name, &value)?;
        }
        self.done("SET")
    }

    /// Names what the session reads from now on, which must be there.
    pub(super) async fn read_at(
        &mut self,
        name: &str,
        value: Option<&str>,
        patience: &mut Patience,
    ) -> Result<(), Fault> {
        let value = value.map(str::trim).filter(|value| !value.is_empty() && *value != NEWEST);
        let wrong = |reason: String| Problem::error("22023", reason);
        let at = match (name, value) {
            (RELEASE | EDITION, None) => self.initial_at.clone(),
            (RELEASE, Some(number)) => {
                let id = number.parse().map(At::Release);
                Some(id.map_err(|_| wrong("a release is named by its number".to_owned()))?)
            }
            (EDITION, Some(name)) => {
                let edition = name.parse().map(At::Edition);
                Some(edition.map_err(|error| wrong(format!("{error}")))?)
            }
            _ => return Err(Problem::error("42704", format!("there is no setting {name}")).into()),
        };
        if let Some(at) = &at {
            let gateway = Arc::clone(&self.gateway);
            self.connection.during(patience, Box::pin(gateway.check(at))).await??;
        }
        (self.at, self.pinned) = (at, None);
        Ok(())
    }

    pub(super) async fn shown(
        &mut self,
        name: &str,
        patience: &mut Patience,
    ) -> Result<String, Fault> {
        if name == EDITION {
            let Some(At::Edition(name)) = &self.at else { return Ok(String::new()) };
            return Ok(name.to_string());
        }
        let (gateway, at) = (Arc::clone(&self.gateway), self.reading());
        let state = self.connection.during(patience, Box::pin(gateway.state(at.as_ref()))).await?;
        Ok(state?.0.to_string())
    }

    fn reset(&mut self, name: &str) -> Result<(), Fault> {
        if name == RELEASE || name == EDITION {
            self.at.clone_from(&self.initial_at);
        } else if let Some((name, value)) = self.settings.set(name, None)? {
            self.tell_setting(name, &value)?;
        }
        Ok(())
    }

    fn reset_all(&mut self) -> Result<(), Fault> {
        self.settings.reset();
        self.at.clone_from(&self.initial_at);
        self.tell_settings()
    }

    pub(super) fn tell_settings(&mut self) -> Result<(), Fault> {
        let told: Vec<_> =
            self.settings.told().map(|(name, value)| (name, value.to_owned())).collect();
        for (name, value) in told {
            self.tell_setting(name, &value)?;
        }
        Ok(())
    }
}
