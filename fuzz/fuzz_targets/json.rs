//! Contracts, authorities and outlines in JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for (name, dataset) in [
        ("contracts.json", "contracts"),
        ("communes-2018.json", "authorities"),
        ("communes-2018.geojson", "outlines"),
    ] {
        carnac_fuzz::trial(name, Some(dataset), bytes);
    }
});
