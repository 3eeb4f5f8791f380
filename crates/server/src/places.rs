//! Places for connections: so many at once at all doors together, four fifths of them of one address.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use carnac_query::network;

/// Connections at once.
pub(crate) const MOST: usize = 500;

/// Those of one address: as many as 128 clients have who come by all three doors (`tests/load`), and not all.
const MOST_OF_ONE: usize = MOST / 5 * 4;

/// How many are taken, by address.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<BTreeMap<IpAddr, usize>>);

impl Places {
    /// Takes a place for a connection from `address`; none when all are taken, or its share.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = network(address);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = taken.values().sum();
        let own = taken.get(&address).copied().unwrap_or_default();
        if all >= MOST || own >= MOST_OF_ONE {
            return None;
        }
        taken.insert(address, own + 1);
        Some(Place { address, places: Arc::clone(self) })
    }
}

/// The place of a connection, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    address: IpAddr,
    places: Arc<Places>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut own) = taken.entry(self.address) {
            *own.get_mut() -= 1;
            if *own.get() == 0 {
                own.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[test]
    fn one_address_leaves_places_to_others() {
        let places = Arc::new(Places::default());
        let take = |last| -> Vec<Place> {
            std::iter::from_fn(|| places.take(address(last))).take(MOST + 1).collect()
        };
        let first = take(1);
        assert_eq!(first.len(), MOST_OF_ONE);
        // The same one, written as one of IPv6.
        let mapped = Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped().into();
        assert!(places.take(mapped).is_none());
        let mut second = take(2);
        assert_eq!((second.len(), take(3).len()), (MOST - MOST_OF_ONE, 0));

        drop(second.pop());
        assert!(places.take(address(1)).is_none());
        assert_eq!(take(3).len(), 1);
        drop((first, second));
        assert!(places.0.lock().is_ok_and(|taken| taken.is_empty()));
    }
}
