//! The integration tests, in one binary: they start the built program and talk to it.

mod cli;
mod crash;
mod flight;
mod landing;
mod readme;
mod support;
mod tidy;
