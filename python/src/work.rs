//! Long work, with an ear for Ctrl-C.

use crate::errors::{OverlapError, raise};
use overlap::Progress;
use pyo3::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Python runs its signal handlers only when the main thread asks for them.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Set when the thread that waits for the work has gone.
#[derive(Clone, Default)]
pub(crate) struct Abandoned(Arc<AtomicBool>);

impl Progress for Abandoned {
    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs `work` on a thread of its own without the interpreter. After Ctrl-C it is asked to stop and
/// left alone.
pub(crate) fn wait<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(&Abandoned) -> overlap::Result<T> + Send + 'static,
) -> PyResult<T> {
    let abandoned = Abandoned::default();
    let flag = abandoned.clone();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        // Nobody may be there any more to hear of it.
        let _ = sender.send(work(&abandoned));
    });
    let receiver = std::sync::Mutex::new(receiver);
    loop {
        let next = py.detach(|| match receiver.lock() {
            Ok(receiver) => receiver.recv_timeout(ASK_EVERY),
            Err(_) => Err(RecvTimeoutError::Disconnected),
        });
        match next {
            Ok(done) => return done.map_err(|e| raise(&e)),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(OverlapError::new_err(
                    "a bug: the work ended without an answer",
                ));
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Err(interrupt) = py.check_signals() {
                    flag.0.store(true, Ordering::Relaxed);
                    return Err(interrupt);
                }
            }
        }
    }
}
