#![no_main]

#[path = "../src/targets.rs"]
mod targets;

use std::sync::Once;

static QUIET: Once = Once::new();

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // A decoder's panic over a corrupt file is caught and becomes an error; libFuzzer's hook would end
    // the run before that.
    QUIET.call_once(|| {
        let abort = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !overlap::is_decoding() {
                abort(info);
            }
        }));
    });
    targets::parquet_scan(bytes);
});
