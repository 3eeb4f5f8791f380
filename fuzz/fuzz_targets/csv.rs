//! Tables: acts, whose columns are all checked, and whatever a header makes of them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    carnac_fuzz::trial("table.csv", Some("acts"), bytes);
    carnac_fuzz::trial("table.csv", None, bytes);
});
