//! The only write to a table: one Delta version, exactly the one after what was read.

use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add};
use deltalake_core::logstore::LogStoreRef;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaResult, DeltaTable};

use crate::delta;
use crate::proof::Proof;

/// Times that a commit or a record is sent to a store that fails: stores ask again by themselves
/// only where doing a thing twice is doing it once.
pub(crate) const ATTEMPTS: usize = 3;

/// Replaces whole partitions: those in which the column is one of `values` hold `added` after.
pub(crate) async fn replace(
    delta: &DeltaTable,
    partition: &str,
    values: &[String],
    added: Vec<Add>,
) -> DeltaResult<u64> {
    let is_replaced = |value: Option<&Option<String>>| {
        value.and_then(Option::as_ref).is_some_and(|value| values.contains(value))
    };
    let mut actions = Vec::new();
    for file in delta.snapshot()?.snapshot().log_data() {
        if is_replaced(file.partition_values_map().get(partition)) {
            actions.push(Action::Remove(file.remove_action(true)));
        }
    }
    actions.extend(added.into_iter().map(Action::Add));
    let list = values.iter().map(|value| crate::quoted(value)).collect::<Vec<_>>().join(", ");
    let operation = DeltaOperation::Write {
        mode: SaveMode::Overwrite,
        partition_by: Some(vec![partition.to_owned()]),
        predicate: Some(format!("{partition} IN ({list})")),
    };
    commit(delta, actions, operation).await
}

/// Makes a table hold again what it held at an earlier version, `wanted`.
pub(crate) async fn undo(delta: &DeltaTable, wanted: &DeltaTable) -> DeltaResult<u64> {
    let (now, then) = (files(delta)?, files(wanted)?);
    let mut actions = Vec::new();
    for file in delta.snapshot()?.snapshot().log_data() {
        if !then.iter().any(|kept| kept.path == file.path()) {
            actions.push(Action::Remove(file.remove_action(true)));
        }
    }
    let back = then.into_iter().filter(|file| !now.iter().any(|held| held.path == file.path));
    actions.extend(back.map(Action::Add));
    let version = wanted.version();
    commit(delta, actions, DeltaOperation::Restore { version, datetime: None }).await
}

/// Writes files again: those of the partitions in which the column is one of `values`, of which
/// `added` hold the same rows. Without any, the version is the one before under another number.
pub(crate) async fn rewrite(
    delta: &DeltaTable,
    partition: &str,
    values: &[String],
    added: Vec<Add>,
    target_bytes: u64,
) -> DeltaResult<u64> {
    let mut actions = Vec::new();
    for file in delta.snapshot()?.snapshot().log_data() {
        let value = file.partition_values_map().remove(partition).flatten();
        if value.is_some_and(|value| values.contains(&value)) {
            actions.push(Action::Remove(file.remove_action(false)));
        }
    }
    actions.extend(added.into_iter().map(|file| Action::Add(Add { data_change: false, ..file })));
    let target_size = i64::try_from(target_bytes).unwrap_or(i64::MAX);
    commit(delta, actions, DeltaOperation::Optimize { predicate: None, target_size }).await
}

/// The files of a table, with all that its log says of them.
#[expect(deprecated, reason = "nothing else has the tags of a file, of which one is its checksum")]
pub(crate) fn files(table: &DeltaTable) -> DeltaResult<Vec<Add>> {
    Ok(table.snapshot()?.snapshot().log_data().iter().map(|file| file.add_action()).collect())
}

/// What every commit carries: the proof that it is whole; and it takes no other place than the one
/// after what was read, for what stands there may be another run's that is not published.
///
/// No commit is ever removed: an edition may name a version that is older than any checkpoint.
pub(crate) fn properties(proof: &Proof) -> DeltaResult<CommitProperties> {
    let properties = CommitProperties::default().with_cleanup_expired_logs(Some(false));
    Ok(properties.with_max_retries(0).with_metadata([proof.field()?]))
}

/// Commits; an error does not mean that nothing was written, so the log is asked then, and the
/// commit is sent again when it is not there and no other run took its place.
async fn commit(
    delta: &DeltaTable,
    actions: Vec<Action>,
    operation: DeltaOperation,
) -> DeltaResult<u64> {
    let snapshot = delta.snapshot()?.snapshot();
    let proof = Proof::of(&actions)?;
    let version = snapshot.version() + 1;
    let mut attempt = 1;
    loop {
        let committed = CommitBuilder::from(properties(&proof)?)
            .with_actions(actions.clone())
            .build(Some(snapshot), delta.log_store(), operation.clone())
            .await;
        let Err(error) = committed else { return Ok(version) };
        if is_written(&delta.log_store(), version, &proof).await {
            tracing::warn!(version, %error, "the commit is written, although its reply was lost");
            return Ok(version);
        }
        if attempt == ATTEMPTS || delta::is_conflict(&error) {
            return Err(error);
        }
        tracing::warn!(version, %error, "sending the commit again");
        attempt += 1;
    }
}

/// Whether the log has that very commit: the names of its files are like no other's.
async fn is_written(log: &LogStoreRef, version: u64, proof: &Proof) -> bool {
    let entry = log.read_commit_entry(version).await.ok().flatten();
    entry.is_some_and(|entry| Proof::read(&entry).is_ok_and(|written| written == *proof))
}
