//! Exports of the example survey.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    carnac_fuzz::trial("export.csv", Some("answers"), bytes);
});
