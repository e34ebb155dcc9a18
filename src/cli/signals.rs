//! Ctrl-C and its kin: gone within moments, and nothing left lying about.

use overlap::remove_temporaries;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::exit;
use std::sync::Once;

/// Ends the program on SIGINT (exit code 130) and SIGTERM (143), whatever it is doing, without the
/// temporary files that it made. A terminal that hangs up stops nothing: what is being written may
/// be the work of an hour.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(start);
}

fn start() {
    // Where they can't be watched, they end the program as they always do.
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        return;
    };
    let _ = std::thread::Builder::new()
        .name("overlap-signals".into())
        .spawn(move || {
            let end = signals.forever().find(|signal| *signal != SIGHUP);
            if let Some(signal) = end {
                remove_temporaries();
                // As shells count: 128 and the signal's number.
                exit(128 + signal);
            }
        });
}
