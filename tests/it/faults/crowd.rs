//! Refreshers and readers beside one another: no reader sees half of a run, and what a run said
//! that it published is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arrow::array::AsArray;
use carnac_lake::{Error, Lake};
use carnac_query::{Gateway, Principal};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::night::{Ends, RENNES, gateway, refresh};
use super::{all, tell};
use crate::support::acts;

const REFRESHERS: usize = 4;
const READERS: usize = 8;
const YEARS: [&str; 2] = ["2024", "2025"];

/// What all of them share.
#[derive(Debug, Default)]
struct Crowd {
    /// The last delivery that each refresher was told is published.
    published: [AtomicUsize; REFRESHERS],
    conflicts: AtomicUsize,
    reads: AtomicUsize,
    done: AtomicBool,
}

/// Writes a delivery: two rows in each of two tables, all of which say its number.
fn deliver(folder: &Path, refresher: usize, delivery: usize) -> Vec<PathBuf> {
    let id = |year: &str| format!("{delivery} of {refresher} in {year}");
    let dates = YEARS.map(|year| (id(year), format!("{year}-02-03")));
    let rows: Vec<_> =
        dates.iter().map(|(id, date)| (id.as_str(), RENNES, date.as_str())).collect();
    let bid = |(id, date): &(String, String)| format!("{id};c;{RENNES};e;{date};non\n");
    let header = "id_pli;id_consultation;siren;mode;date_depot;hors_delai\n".to_owned();
    let bids = header + &dates.iter().map(bid).collect::<String>();
    [("acts", acts(&rows)), ("bids", bids)]
        .map(|(dataset, text)| {
            let file = folder.join(format!("{dataset}/refresher-{refresher}.csv"));
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, text).unwrap();
            file
        })
        .into()
}

/// Publishes deliveries, each again until no other run was in its way.
async fn publish(crowd: Arc<Crowd>, lake: Lake, folder: PathBuf, number: usize, deliveries: usize) {
    for delivery in 1..=deliveries {
        let files = deliver(&folder, number, delivery);
        while let Err(error) = refresh(&lake, &files).await {
            let is_conflict = matches!(error.downcast_ref(), Some(Error::Conflict { .. }));
            assert!(is_conflict, "refresher {number}: {error}");
            crowd.conflicts.fetch_add(1, Ordering::SeqCst);
        }
        crowd.published[number].store(delivery, Ordering::SeqCst);
    }
}

/// Reads until all is published.
async fn read(crowd: Arc<Crowd>, lake: Lake) {
    let gateway = gateway(&lake);
    while !crowd.done.load(Ordering::SeqCst) {
        let published: Vec<_> =
            crowd.published.iter().map(|last| last.load(Ordering::SeqCst)).collect();
        if published.contains(&0) {
            // Both tables are there once everyone has published.
            tokio::task::yield_now().await;
            continue;
        }
        let seen = deliveries_seen(&gateway).await.unwrap();
        for (number, published) in published.iter().enumerate() {
            assert!(
                seen[&number] >= *published,
                "refresher {number}: {published} is lost: {seen:?}"
            );
        }
        crowd.reads.fetch_add(1, Ordering::SeqCst);
    }
}

/// The delivery of each refresher that is seen: the same one in every row, and no row missing.
async fn deliveries_seen(gateway: &Gateway) -> Ends<BTreeMap<usize, usize>> {
    let sql = "select act_id from lake.acts union all select bid_id from lake.bids";
    let answer = gateway.run(Principal::Operator, sql, None, None).await?;
    let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for batch in answer.collect().await? {
        for id in batch.column(0).as_string::<i32>().iter().flatten() {
            let mut words = id.split(' ');
            let delivery = words.next().unwrap().parse()?;
            rows.entry(words.nth(1).unwrap().parse()?).or_default().push(delivery);
        }
    }
    let mut seen = BTreeMap::new();
    for (refresher, deliveries) in rows {
        let (first, count) = (deliveries[0], deliveries.len());
        let is_one = deliveries.iter().all(|delivery| *delivery == first) && count == 4;
        assert!(is_one, "refresher {refresher}: {deliveries:?} are seen together");
        seen.insert(refresher, first);
    }
    Ok(seen)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn four_refreshers_and_eight_readers_never_see_half_of_a_run() {
    let deliveries = if all() { 25 } else { 2 };
    let place = TempDir::new().unwrap();
    let lake = Lake::create(&place.path().join("lake").display().to_string(), &[]).unwrap();
    let crowd = Arc::new(Crowd::default());
    let (mut refreshers, mut readers) = (JoinSet::new(), JoinSet::new());
    for number in 0..REFRESHERS {
        let folder = place.path().join(format!("files-{number}"));
        refreshers.spawn(publish(Arc::clone(&crowd), lake.clone(), folder, number, deliveries));
    }
    for _ in 0..READERS {
        readers.spawn(read(Arc::clone(&crowd), lake.clone()));
    }
    let ended = refreshers.join_all();
    ended.await;
    crowd.done.store(true, Ordering::SeqCst);
    readers.join_all().await;

    let last = deliveries_seen(&gateway(&lake)).await.unwrap();
    assert!(last.len() == REFRESHERS && last.values().all(|seen| *seen == deliveries), "{last:?}");
    let releases = lake.release_ids().await.unwrap().len();
    assert_eq!(releases, REFRESHERS * deliveries);
    let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
    let (conflicts, reads) = (count(&crowd.conflicts), count(&crowd.reads));
    tell(&format!("{releases} releases, {conflicts} conflicts tried again, {reads} reads"));
}
