//! Which of the functions that DataFusion brings a statement may call: those that someone looked at.

use std::collections::HashSet;

use datafusion::execution::SessionStateBuilder;

/// A kind and a name a line; a line with a minus is of one that is left out, and says why.
pub(super) static LIST: &str = include_str!("functions.txt");

/// Leaves, of the functions that `state` has so far, those that `list` names; an alias goes with its
/// function.
///
/// What SQL has its own words for (`extract`, `position`) is planned without a look at any of these.
pub(super) fn only(list: &str, mut state: SessionStateBuilder) -> SessionStateBuilder {
    let listed: HashSet<_> = list.lines().filter_map(|line| line.split_once(' ')).collect();
    let has = |kind: &str, name: &str| listed.contains(&(kind, name));
    let scalar = state.scalar_functions().get_or_insert_default();
    scalar.retain(|function| has("scalar", function.name()));
    let higher_order = state.higher_order_functions().get_or_insert_default();
    higher_order.retain(|function| has("higher_order", function.name()));
    let aggregate = state.aggregate_functions().get_or_insert_default();
    aggregate.retain(|function| has("aggregate", function.name()));
    let window = state.window_functions().get_or_insert_default();
    window.retain(|function| has("window", function.name()));
    state.table_functions().get_or_insert_default().retain(|name, _| has("table", name));
    state
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use carnac_lake::Lake;
    use datafusion::execution::SessionState;
    use datafusion::execution::memory_pool::UnboundedMemoryPool;
    use tempfile::TempDir;

    use super::*;
    use crate::{Error, Kind};

    fn brought() -> SessionStateBuilder {
        SessionStateBuilder::new().with_default_features()
    }

    /// The lines of those that are left out, without the minus: kind and name, and why.
    fn left_out() -> impl Iterator<Item = (&'static str, &'static str)> {
        LIST.lines().filter_map(|line| line.strip_prefix("- ")?.split_once(": "))
    }

    /// The kind and name of all functions that a session is made with.
    fn names(mut state: SessionStateBuilder) -> Vec<String> {
        let mut names = Vec::new();
        let all = state.scalar_functions().iter().flatten();
        names.extend(all.map(|of| format!("scalar {}", of.name())));
        let all = state.higher_order_functions().iter().flatten();
        names.extend(all.map(|of| format!("higher_order {}", of.name())));
        let all = state.aggregate_functions().iter().flatten();
        names.extend(all.map(|of| format!("aggregate {}", of.name())));
        let all = state.window_functions().iter().flatten();
        names.extend(all.map(|of| format!("window {}", of.name())));
        let all = state.table_functions().iter().flatten();
        names.extend(all.map(|(name, _)| format!("table {name}")));
        names.sort();
        names
    }

    async fn refusal(state: &SessionState, sql: &str) -> Option<(Kind, &'static str)> {
        let error = Error::planning(state.create_logical_plan(sql).await.err()?);
        Some((error.kind(), error.sqlstate()))
    }

    #[test]
    fn someone_looked_at_every_function_that_datafusion_brings() {
        let listed: Vec<_> = LIST.lines().filter(|line| !line.starts_with(['#', '-'])).collect();
        assert!(listed.is_sorted_by(|before, after| before < after));
        let mut decided: Vec<_> = listed.iter().copied().chain(left_out().map(|of| of.0)).collect();
        decided.sort_unstable();
        let brought = names(brought());
        let unseen: Vec<_> =
            brought.iter().filter(|name| !decided.contains(&name.as_str())).collect();
        assert!(unseen.is_empty(), "list or leave out in functions.txt: {unseen:#?}");
        assert_eq!(decided, brought, "functions.txt names what is not there, or twice");
        assert!(left_out().all(|(_, why)| !why.is_empty()));
    }

    #[test]
    fn what_is_listed_is_left() {
        let listed = LIST.lines().filter(|line| !line.starts_with(['#', '-']));
        assert_eq!(names(only(LIST, brought())), listed.collect::<Vec<_>>());
        assert!(names(only("", brought())).is_empty());
    }

    #[tokio::test]
    async fn what_is_not_listed_is_unknown() {
        let state = only("scalar abs\nscalar sum\nwindow rank\n", brought()).build();
        assert_eq!(refusal(&state, "select abs(-1), rank() over ()").await, None);
        for call in ["upper('a')", "sum(1)", "row_number() over ()", "array_transform([1])"] {
            let unknown = refusal(&state, &format!("select {call}")).await;
            assert_eq!(unknown, Some((Kind::Invalid, "42883")), "{call}");
        }
        let unknown = refusal(&state, "select * from range(1)").await;
        assert_eq!(unknown, Some((Kind::Invalid, "42P01")));
    }

    #[tokio::test]
    async fn what_is_left_out_is_unknown_in_the_sessions_of_queries() {
        let folder = TempDir::new().unwrap();
        let lake = Lake::open(folder.path().to_str().unwrap(), &[]).unwrap();
        let memory = Arc::new(UnboundedMemoryPool::default());
        let state = super::super::session(&lake, memory).unwrap();
        for (function, _) in left_out() {
            let name = function.strip_prefix("scalar ").unwrap();
            let unknown = refusal(&state, &format!("select {name}()")).await;
            // The name of this one is taken by one of ours.
            let expected = (name != "version").then_some((Kind::Invalid, "42883"));
            assert_eq!(unknown, expected, "{name}");
        }
    }
}
