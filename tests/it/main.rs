//! The integration tests, in one binary: they start the built program and talk to it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod archives;
mod audits;
mod catalogue;
mod cli;
mod collector;
mod corpus;
mod crash;
mod cubes;
mod damage;
mod defects;
mod editions;
mod explain;
mod faults;
mod finance;
mod flight;
mod hostile;
mod http;
mod identity;
mod inspect;
mod journal;
mod kept;
mod landing;
mod legality;
mod pg_catalog;
mod policy;
mod postgres;
mod profiles;
mod provider;
mod quarantine;
mod readme;
mod refresh;
mod reload;
mod sample;
mod scenario;
mod schedule;
mod soundness;
mod support;
mod survey;
mod tickets;
mod tidy;
mod time_travel;
mod tls;
mod upkeep;
mod verify;
