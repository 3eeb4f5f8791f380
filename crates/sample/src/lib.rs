//! The generator: synthetic files for the real authorities, the same bytes for the same seed.
