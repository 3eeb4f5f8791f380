//! Hostile and damaged archives.
