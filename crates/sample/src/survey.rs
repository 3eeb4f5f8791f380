//! What authorities say: yearly totals, paper included, and a survey that some of them answer.

mod export;
mod profile;
mod question;
mod reported;
mod response;

pub(crate) use export::{WAVES, export_path, write_wave};
pub(crate) use reported::REPORTED;
