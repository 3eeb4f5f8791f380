//! Archives and compressed files; the first byte chooses the name.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let names = ["a.zip", "a.tar", "a.tgz", "a.csv.gz", "a.csv"];
    if let Some((name, bytes)) = carnac_fuzz::named(&names, bytes) {
        carnac_fuzz::trial(name, Some("acts"), bytes);
    }
});
