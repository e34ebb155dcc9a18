//! What the machine has: cores, memory and how much of it was used, a clock.

use std::num::NonZero;

/// A thread for each core that this process may use.
pub(super) fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Microseconds since 1970 in UTC; 0 where the clock says less.
pub(super) fn now_micros() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    })
}

/// Three quarters of the machine's memory, or of the container's: the rest is for the page cache
/// and everybody else.
#[must_use]
pub fn default_memory_limit() -> u64 {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let machine = system.total_memory();
    let container = system
        .cgroup_limits()
        .map_or(machine, |limits| limits.total_memory);
    machine.min(container) / 4 * 3
}

/// The largest resident set since [`reset_peak_memory`], where the system tells (Linux).
pub(super) fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Forgets the peak so far; where that isn't possible the next peak includes it.
pub(super) fn reset_peak_memory() {
    // 5 resets VmHWM: proc(5), /proc/pid/clear_refs.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
