//! Profiles, and a table of that layout: what stands before a line `---`, and after it.
#![no_main]

use std::path::Path;

use carnac_ingest::Profile;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (profile, table) = text.split_once("\n---\n").unwrap_or((text, ""));
    if let Ok(profile) = Profile::parse(profile, Path::new("profile.toml")) {
        let dataset = profile.dataset().name;
        carnac_fuzz::trial_with(profile, "table.csv", Some(dataset), table.as_bytes());
    }
});
