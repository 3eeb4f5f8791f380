//! Places, and waits for one, of which one caller has half: the others are left to others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::Caller;

/// Places of all.
#[derive(Debug)]
pub(super) struct Places {
    running: usize,
    waiting: usize,
    all: Room,
    of_callers: Mutex<HashMap<String, Arc<Room>>>,
}

/// So many places and waits.
#[derive(Debug)]
struct Room {
    places: Arc<Semaphore>,
    waits: Semaphore,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_caller: OwnedSemaphorePermit,
    /// Known as long as it is not empty.
    _room: Arc<Room>,
}

impl Room {
    fn new(places: usize, waits: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), waits: Semaphore::new(waits) }
    }

    fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }
}

impl Places {
    pub(super) fn new(running: usize, waiting: usize) -> Self {
        let all = Room::new(running, waiting);
        Self { running, waiting, all, of_callers: Mutex::default() }
    }

    /// Takes a place, or waits for one, unless there are as many that wait as may; none when there is none in
    /// time.
    pub(super) async fn take(&self, caller: &Caller, time: Duration) -> Option<Place> {
        let own = self.of(caller);
        let at_once = own.place().and_then(|of_caller| Some((of_caller, self.all.place()?)));
        let (_of_caller, _of_all) = match at_once {
            Some(permits) => permits,
            None => {
                let _waits = (own.waits.try_acquire().ok()?, self.all.waits.try_acquire().ok()?);
                let both = async { Some((own.wait().await?, self.all.wait().await?)) };
                timeout(time, both).await.ok().flatten()?
            }
        };
        Some(Place { _of_all, _of_caller, _room: own })
    }

    /// Returns how many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.saturating_sub(self.all.waits.available_permits())
    }

    fn of(&self, caller: &Caller) -> Arc<Room> {
        let mut all = self.of_callers.lock().unwrap_or_else(PoisonError::into_inner);
        // Of those who do nothing now, nothing needs to be known.
        all.retain(|_, room| Arc::strong_count(room) > 1);
        let new = || Arc::new(Room::new(self.running.div_ceil(2), self.waiting.div_ceil(2)));
        Arc::clone(all.entry(caller.to_string()).or_insert_with(new))
    }

    #[cfg(test)]
    pub(super) fn callers(&self) -> usize {
        self.of_callers.lock().unwrap().len()
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;

    use super::*;
    use crate::Principal;

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn who_waits_much_leaves_waits_to_others() {
        let places = Places::new(2, 4);
        let (analyst, public) = (Principal::Analyst.into(), Principal::Public.into());
        let first = places.take(&analyst, LONG).await.unwrap();
        let mut waits =
            [Box::pin(places.take(&analyst, LONG)), Box::pin(places.take(&analyst, LONG))];
        for wait in &mut waits {
            assert!(poll!(wait).is_pending());
        }
        assert_eq!(places.waiting(), 2);
        assert!(places.take(&analyst, LONG).await.is_none());
        // Another has a place at once, and then waits too.
        let second = places.take(&public, LONG).await.unwrap();
        assert!(poll!(Box::pin(places.take(&public, LONG))).is_pending());
        drop((first, second));
        let [third, fourth] = waits;
        drop(third.await.unwrap());
        assert!(fourth.await.is_some());
        assert_eq!(places.waiting(), 0);
        drop(places.take(&public, LONG).await);
        assert_eq!(places.callers(), 1);
    }
}
