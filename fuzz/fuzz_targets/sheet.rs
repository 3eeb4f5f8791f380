//! Workbooks, old and new: the first bytes tell which.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    carnac_fuzz::trial_of_lies("workbook.xlsx", Some("grouping_members"), bytes);
    carnac_fuzz::trial_of_lies("workbook.xls", None, bytes);
});
