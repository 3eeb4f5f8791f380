//! The integration tests, in one binary: they start the built program and talk to it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cli;
mod crash;
mod flight;
mod landing;
mod readme;
mod support;
mod survey;
mod tidy;
