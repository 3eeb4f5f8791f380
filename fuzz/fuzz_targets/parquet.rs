//! Parquet files of others.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    carnac_fuzz::trial_of_lies("panels.parquet", Some("panels"), bytes);
});
