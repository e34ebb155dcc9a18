//! What a file may ask for before anything is allocated for it, and how much of it was checked.

use crate::error::{Error, ErrorKind, Result, Setting};
use crate::id::{NullCounts, PageChecks, Place};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// What files may ask for. Whatever is beyond is refused before room is made for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of a page, stored or decompressed. Writers make pages of about a megabyte.
    pub page_bytes_max: u64,
    /// Bytes that come of one stored byte, of pages over [`Self::RATIO_BYTES_MIN`].
    pub ratio_max: u64,
    /// Bytes of an ID.
    pub value_bytes_max: usize,
    /// Whether pages without a checksum are refused.
    pub require_checksums: bool,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            page_bytes_max: 256 << 20,
            ratio_max: 10_000,
            value_bytes_max: 16 << 20,
            require_checksums: false,
        }
    }
}

impl ReadLimits {
    /// Smaller pages may be compressed as well as they like: constants compress to nothing.
    pub const RATIO_BYTES_MIN: u64 = 16 << 20;

    /// # Errors
    /// [`ErrorKind::Limit`] for a page that is too large, or comes of too little;
    /// [`ErrorKind::Refused`] if it carries no checksum but must.
    pub(crate) fn check_page(
        &self,
        stored: u64,
        decompressed: u64,
        has_checksum: bool,
    ) -> Result<()> {
        let limit = |text, limit: Setting| {
            let hint = [
                "if the file is to be trusted, raise the limit with ".into(),
                limit.into(),
            ];
            Err(Error::new(ErrorKind::Limit, text).hint(hint))
        };
        let bytes = stored.max(decompressed);
        if bytes > self.page_bytes_max {
            let most = self.page_bytes_max;
            return limit(
                format!("a page of {bytes} bytes; at most {most} are taken"),
                Setting::MaxPage,
            );
        }
        let ratio = decompressed / stored.max(1);
        if decompressed > Self::RATIO_BYTES_MIN && ratio > self.ratio_max {
            let most = self.ratio_max;
            return limit(
                format!(
                    "a page that grows {ratio} times when it is decompressed; at most {most} times are taken"
                ),
                Setting::MaxRatio,
            );
        }
        if self.require_checksums && !has_checksum {
            return Err(Error::new(
                ErrorKind::Refused,
                "a page without a checksum, and they are required",
            )
            .hint([
                "have it written with checksums, or leave out ".into(),
                Setting::RequireChecksums.into(),
            ]));
        }
        Ok(())
    }

    /// Asks whether a file of a format without checksums may be read.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if checksums are required.
    pub(crate) fn ensure_no_checksums(&self, format: &str) -> Result<()> {
        if !self.require_checksums {
            return Ok(());
        }
        let text = format!("{format}, a format without checksums, and they are required");
        Err(Error::input(text).hint([
            "have it written as Parquet with checksums, or leave out ".into(),
            Setting::RequireChecksums.into(),
        ]))
    }

    /// # Errors
    /// [`ErrorKind::Limit`] for an ID that is too long.
    #[inline(always)]
    pub(crate) fn check_value(&self, bytes: usize) -> Result<()> {
        match bytes <= self.value_bytes_max {
            true => Ok(()),
            false => Err(self.value_too_long(bytes)),
        }
    }

    #[cold]
    fn value_too_long(&self, bytes: usize) -> Error {
        let most = self.value_bytes_max;
        let text = format!("an id of {bytes} bytes; at most {most} are taken");
        Error::new(ErrorKind::Limit, text).hint([
            "is it the right column? ".into(),
            Setting::MaxValue.into(),
            " raises the limit".into(),
        ])
    }
}

/// [`PageChecks`] in the making, by several threads.
#[derive(Debug, Default)]
pub(crate) struct PageCounter {
    pages: AtomicU64,
    checked: AtomicU64,
    named_nulls: AtomicU64,
    unreadable: Arc<AtomicU64>,
    /// The first ID that a rule can't read, of those that were found: the number of its file, and of its
    /// part of the file.
    first_unreadable: Mutex<Option<((usize, u64), Place)>>,
    path_differs: AtomicU64,
    taken: AtomicU64,
    left_out: AtomicU64,
    files_left_out: AtomicU64,
    nulls_differ: OnceLock<NullCounts>,
}

impl PageCounter {
    #[allow(clippy::needless_pass_by_value)] // callers make them on the spot
    pub(crate) fn add(&self, checks: PageChecks) {
        self.pages.fetch_add(checks.pages, Ordering::Relaxed);
        self.checked.fetch_add(checks.checked, Ordering::Relaxed);
        self.named_nulls
            .fetch_add(checks.named_nulls, Ordering::Relaxed);
        self.path_differs
            .fetch_add(checks.path_differs, Ordering::Relaxed);
        self.taken.fetch_add(checks.taken, Ordering::Relaxed);
        self.left_out.fetch_add(checks.left_out, Ordering::Relaxed);
        self.files_left_out
            .fetch_add(checks.files_left_out, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> PageChecks {
        PageChecks {
            pages: self.pages.load(Ordering::Relaxed),
            checked: self.checked.load(Ordering::Relaxed),
            nulls_differ: self.nulls_differ.get().copied(),
            named_nulls: self.named_nulls.load(Ordering::Relaxed),
            unreadable: self.unreadable.load(Ordering::Relaxed),
            first_unreadable: self.first_unreadable(),
            path_differs: self.path_differs.load(Ordering::Relaxed),
            taken: self.taken.load(Ordering::Relaxed),
            left_out: self.left_out.load(Ordering::Relaxed),
            files_left_out: self.files_left_out.load(Ordering::Relaxed),
        }
    }

    /// Runs what is not to be counted, while nobody else counts.
    pub(crate) fn uncounted<T>(&self, run: impl FnOnce() -> T) -> T {
        let before = self.get();
        let done = run();
        self.set_back(&before);
        done
    }

    /// Forgets what was counted since.
    pub(crate) fn set_back(&self, before: &PageChecks) {
        let counts = [
            (&self.pages, before.pages),
            (&self.checked, before.checked),
            (&self.named_nulls, before.named_nulls),
            (&*self.unreadable, before.unreadable),
            (&self.path_differs, before.path_differs),
            (&self.taken, before.taken),
            (&self.left_out, before.left_out),
            (&self.files_left_out, before.files_left_out),
        ];
        for (count, before) in counts {
            count.store(before, Ordering::Relaxed);
        }
    }

    /// How many IDs a rule couldn't read so far; the sink that meets one counts it here.
    pub(crate) const fn unreadable(&self) -> &Arc<AtomicU64> {
        &self.unreadable
    }

    fn first_unreadable(&self) -> Option<Place> {
        let first = self.first_unreadable.lock().ok()?;
        first.as_ref().map(|(_, place)| place.clone())
    }

    /// Whether no ID that can't be read was found before this part of a file.
    pub(crate) fn is_first_unreadable(&self, part: (usize, u64)) -> bool {
        let first = self.first_unreadable.lock();
        first.is_ok_and(|first| first.as_ref().is_none_or(|(first, _)| part < *first))
    }

    /// Notes where an ID stands that can't be read.
    pub(crate) fn note_unreadable(&self, part: (usize, u64), place: Place) {
        if let Ok(mut first) = self.first_unreadable.lock()
            && first.as_ref().is_none_or(|(first, _)| part < *first)
        {
            *first = Some((part, place));
        }
    }

    /// Notes that the nulls that were read aren't those of the footers.
    pub(crate) fn note(&self, nulls: NullCounts) {
        self.nulls_differ.get_or_init(|| nulls);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_refused_by_size_ratio_and_missing_checksum() {
        let limits = ReadLimits::default();
        let kind = |stored, decompressed| {
            let checked = limits.check_page(stored, decompressed, false);
            checked.map_err(|e| e.kind())
        };
        assert_eq!(kind(1 << 20, 256 << 20), Ok(()));
        assert_eq!(kind(1 << 20, (256 << 20) + 1), Err(ErrorKind::Limit));
        assert_eq!(kind((256 << 20) + 1, 1), Err(ErrorKind::Limit));
        assert_eq!(kind(100, 16 << 20), Ok(()));
        assert_eq!(kind(100, (16 << 20) + 1), Err(ErrorKind::Limit));
        let strict = ReadLimits {
            require_checksums: true,
            ..limits
        };
        assert_eq!(strict.check_page(1, 1, true), Ok(()));
        let refused = strict.check_page(1, 1, false).expect_err("no checksum");
        assert_eq!(refused.kind(), ErrorKind::Refused);
    }
}
