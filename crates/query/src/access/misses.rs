//! Who sent what did not hold: counted by the address it came from, so that nobody shuts out another.
//!
//! The id of a token is no secret. Were wrong secrets counted by the id alone, whoever knows it could
//! keep its owner out.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// Wrong secrets of one token from one sender after which no unknown one is looked at.
const SECRETS: usize = 5;

/// Signed tokens of one sender that do not hold, after which none is looked at: more, since several
/// people may send from one address, and one that has just expired is sent in good faith.
const SIGNED: usize = 100;

/// How long they are held against it.
const HELD: TimeDelta = TimeDelta::minutes(1);

/// Most that are held at once; the oldest is forgotten for one more.
const MOST: usize = 10_000;

/// What a sender is held to have tried: a token of the lake, by its id, or those of the provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Tried {
    id: Option<String>,
    sender: IpAddr,
}

impl Tried {
    /// The secret of a token of the lake.
    pub(super) fn token(id: &str, sender: IpAddr) -> Self {
        Self { id: Some(id.to_owned()), sender: network(sender) }
    }

    /// A token that the provider should have signed.
    pub(super) fn signed(sender: IpAddr) -> Self {
        Self { id: None, sender: network(sender) }
    }

    fn most(&self) -> usize {
        if self.id.is_some() { SECRETS } else { SIGNED }
    }
}

/// Returns the part of an address that a sender does not choose: of IPv6 its network, for one machine may
/// have all addresses of it.
#[must_use]
pub fn network(sender: IpAddr) -> IpAddr {
    match sender.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// What was tried in vain lately.
#[derive(Debug, Default)]
pub(super) struct Misses(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    /// The oldest first.
    misses: VecDeque<(Tried, DateTime<Utc>)>,
    counts: HashMap<Tried, usize>,
}

impl Misses {
    pub(super) fn add(&self, tried: Tried, now: DateTime<Utc>) {
        let mut held = self.held();
        if held.misses.len() == MOST {
            held.forget_oldest();
        }
        *held.counts.entry(tried.clone()).or_default() += 1;
        held.misses.push_back((tried, now));
    }

    /// Forgets what was tried, for it was right in the end.
    pub(super) fn forgive(&self, tried: &Tried) {
        let mut held = self.held();
        if held.counts.remove(tried).is_some() {
            held.misses.retain(|(missed, _)| missed != tried);
        }
    }

    /// Returns whether it was tried in vain too often lately.
    pub(super) fn are_too_many(&self, tried: &Tried, now: DateTime<Utc>) -> bool {
        let mut held = self.held();
        while held.misses.front().is_some_and(|(_, at)| now.signed_duration_since(*at) >= HELD) {
            held.forget_oldest();
        }
        held.counts.get(tried).is_some_and(|count| *count >= tried.most())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn forget_oldest(&mut self) {
        let Some((tried, _)) = self.misses.pop_front() else { return };
        match self.counts.get_mut(&tried) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.counts.remove(&tried)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn token(sender: &str) -> Tried {
        Tried::token("000000000000", sender.parse().unwrap())
    }

    #[test]
    fn only_who_guesses_is_held_to_it() {
        let misses = Misses::default();
        let [guesser, owner] = ["192.0.2.1", "192.0.2.2"].map(token);
        for _ in 0..SECRETS {
            assert!(!misses.are_too_many(&guesser, NOW));
            misses.add(guesser.clone(), NOW);
        }
        assert!(misses.are_too_many(&guesser, NOW) && !misses.are_too_many(&owner, NOW));
        let other = Tried::token("111111111111", guesser.sender);
        assert!(!misses.are_too_many(&other, NOW));
        assert!(!misses.are_too_many(&guesser, NOW + HELD));
        assert!(misses.held().counts.is_empty() && misses.held().misses.is_empty());
    }

    #[test]
    fn what_was_right_in_the_end_is_forgiven() {
        let misses = Misses::default();
        let guesser = token("192.0.2.1");
        (0..SECRETS).for_each(|_| misses.add(guesser.clone(), NOW));
        misses.forgive(&guesser);
        misses.add(guesser.clone(), NOW);
        assert!(!misses.are_too_many(&guesser, NOW));
        assert_eq!(misses.held().misses.len(), 1);
    }

    #[test]
    fn of_many_senders_the_oldest_is_forgotten() {
        let misses = Misses::default();
        let sender = |place: usize| {
            let bits = u32::try_from(place).unwrap();
            Tried::signed(std::net::Ipv4Addr::from_bits(bits).into())
        };
        for place in 0..2 * MOST {
            misses.add(sender(place), NOW);
        }
        let held = misses.held();
        assert_eq!((held.misses.len(), held.counts.len()), (MOST, MOST));
        assert!(!held.counts.contains_key(&sender(MOST - 1)));
        assert!(held.counts.contains_key(&sender(MOST)));
    }

    #[test]
    fn the_addresses_of_one_network_are_one_sender() {
        assert_eq!(token("2001:db8::1"), token("2001:db8::ffff:0:0:1"));
        assert_ne!(token("2001:db8::1"), token("2001:db8:0:1::1"));
        assert_eq!(token("::ffff:192.0.2.1"), token("192.0.2.1"));
        assert_ne!(token("192.0.2.1"), token("192.0.2.2"));
    }
}
