//! A bar on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use overlap::Progress;

/// A progress bar on stderr; hidden where stderr is no terminal.
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar that shows nothing until the scan starts.
    pub fn new() -> Self {
        let bar = match super::look::is_quiet() {
            true => ProgressBar::hidden(),
            false => ProgressBar::no_length(),
        };
        // The template is a constant: if it were wrong, the default style would do.
        if let Ok(style) =
            ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left")
        {
            bar.set_style(style);
        }
        Self(bar)
    }
}

impl Progress for Bar {
    fn start(&self, total_bytes: u64) {
        self.0.set_length(total_bytes);
        self.0.reset();
    }

    fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    fn finish(&self) {
        self.0.finish_and_clear();
    }
}
