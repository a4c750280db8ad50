#![no_main]

use gatectl_test_support::targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::workflow(bytes));
