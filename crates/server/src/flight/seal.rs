//! What makes a handle one of this server, of whom it is, and until when: handles go through hands
//! that may change them.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use carnac_query::{Access, Caller};
use chrono::{DateTime, TimeDelta, Utc};
use prost::Message;
use tonic::Status;

use super::ticket::Ticket;

/// How long the ticket of an answer holds.
pub(super) const OF_ANSWER: TimeDelta = TimeDelta::hours(1);

/// How long a prepared statement holds.
pub(super) const OF_STATEMENT: TimeDelta = TimeDelta::hours(24);

/// Bytes of the proof before a handle.
const PROOF: usize = blake3::OUT_LEN;

/// The key under which handles are sealed, drawn when the server starts: they hold as long as it.
pub(super) struct Seal {
    key: [u8; blake3::KEY_LEN],
    clock: fn() -> DateTime<Utc>,
    last: AtomicU64,
}

/// A handle as it travels, and until when it holds.
pub(super) struct Sealed {
    pub(super) handle: Bytes,
    pub(super) until: DateTime<Utc>,
}

impl Seal {
    pub(super) fn of(access: &Access) -> Self {
        Self { key: access.session_key(), clock: access.clock(), last: AtomicU64::new(0) }
    }

    /// Seals a ticket for `who`, with a number of its own.
    pub(super) fn seal(&self, mut ticket: Ticket, who: &Caller, life: TimeDelta) -> Sealed {
        let until = (self.clock)() + life;
        ticket.number = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        ticket.caller = who.to_string();
        ticket.until = until.timestamp();
        let body = ticket.encode_to_vec();
        let proof = blake3::keyed_hash(&self.key, &body);
        Sealed { handle: [&proof.as_bytes()[..], &body].concat().into(), until }
    }

    /// Returns the ticket that `who` presents.
    ///
    /// # Errors
    /// `Unauthenticated` when it was not sealed by this server, is another one's, or has expired.
    pub(super) fn open(&self, handle: &[u8], who: &Caller) -> Result<Ticket, Status> {
        let refused =
            || Status::unauthenticated("the ticket is not one of this server: ask for another");
        let (proof, body) = handle.split_at_checked(PROOF).ok_or_else(refused)?;
        // The comparison takes as long wherever they differ.
        if blake3::keyed_hash(&self.key, body) != *proof {
            return Err(refused());
        }
        let ticket = Ticket::decode(body).map_err(|_| refused())?;
        if ticket.caller != who.to_string() {
            return Err(Status::unauthenticated("the ticket was given to somebody else"));
        }
        if (self.clock)().timestamp() >= ticket.until {
            return Err(Status::unauthenticated("the ticket has expired: ask for another"));
        }
        Ok(ticket)
    }
}

#[cfg(test)]
mod tests {
    use carnac_query::Principal;

    use super::*;

    /// A seal whose clock has been standing since 1970, and so many hours later.
    fn seals() -> [Seal; 2] {
        let clocks: [fn() -> DateTime<Utc>; 2] =
            [|| DateTime::UNIX_EPOCH, || DateTime::UNIX_EPOCH + OF_ANSWER];
        clocks.map(|clock| Seal { key: [7; blake3::KEY_LEN], clock, last: AtomicU64::new(0) })
    }

    #[test]
    fn a_handle_holds_for_one_up_to_its_time() {
        let [seal, later] = seals();
        let sealed =
            seal.seal(Ticket::of("select 1".to_owned()), &Principal::Analyst.into(), OF_ANSWER);
        assert_eq!(sealed.until, DateTime::UNIX_EPOCH + OF_ANSWER);
        let opened = seal.open(&sealed.handle, &Principal::Analyst.into()).unwrap();
        assert_eq!((opened.sql.as_str(), opened.number), ("select 1", 1));
        let again = seal.seal(opened, &Principal::Analyst.into(), OF_STATEMENT);
        assert_eq!(later.open(&again.handle, &Principal::Analyst.into()).unwrap().number, 2);
        for refused in [
            later.open(&sealed.handle, &Principal::Analyst.into()),
            seal.open(&sealed.handle, &Principal::Public.into()),
            seal.open(&sealed.handle[1..], &Principal::Analyst.into()),
            seal.open(&[], &Principal::Analyst.into()),
            Seal { key: [8; blake3::KEY_LEN], ..seal }
                .open(&sealed.handle, &Principal::Analyst.into()),
        ] {
            assert_eq!(refused.unwrap_err().code(), tonic::Code::Unauthenticated);
        }
    }

    #[test]
    fn a_handle_with_another_byte_is_none() {
        let [seal, _] = seals();
        let sealed =
            seal.seal(Ticket::of("select 1".to_owned()), &Principal::Analyst.into(), OF_ANSWER);
        for at in 0..sealed.handle.len() {
            let mut forged = sealed.handle.to_vec();
            forged[at] ^= 1;
            assert!(seal.open(&forged, &Principal::Analyst.into()).is_err(), "byte {at}");
        }
    }
}
