//! The XML of contracts, acts, flows and budgets; the reader that fits the root reads most of it.
#![no_main]

const MESSAGE: &str = "022-212201131-20240115-2024_001-DE-1-1_0.xml";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for dataset in ["contracts", "act_messages", "classifications", "flows", "budget_lines"] {
        carnac_fuzz::trial(MESSAGE, Some(dataset), bytes);
    }
});
