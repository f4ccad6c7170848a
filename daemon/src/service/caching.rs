//! What clients that cache ask for: the page by which they see that a verdict still stands, and a place to tell
//! of uses that the daemon has not seen.

use super::Service;
use super::error::ServiceError;
use super::permit::{Permit, right};
use crate::revocation::{Home, Page, PageFile};
use apikeyd_keystore::{Pace, StoreError};
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::{KeyUse, PageReady, ReportUses};
use apikeyd_protocol::term::KeyState;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

impl Service {
    /// The revocation page, with a descriptor that is open for reading only.
    ///
    /// # Errors
    /// `NotFound` when this daemon has no page to hand over, `Busy` when the system gives no descriptor for it.
    pub fn revocation_page(
        &self,
        _permit: &Permit<'_, right::Validate>,
    ) -> Result<(PageReady, OwnedFd), ServiceError> {
        const NONE: &str = "this daemon has no revocation page: ask for each validation";
        const LATER: &str = "the revocation page cannot be handed over for the moment; ask again later";
        match self.memory.generations.hand_over() {
            Ok(Some(page)) => {
                let (monotonic_ns, bytes) = (page.monotonic_ns, page.bytes);
                Ok((PageReady { monotonic_ns, bytes, policy_rules: apikeyd_policy::RULES }, page.file))
            }
            Ok(None) => Err(ServiceError::new(Status::NotFound, NONE)),
            // For want of a descriptor or a thread, which may be there again in a moment.
            Err(error) => Err(ServiceError::caused(Status::Busy, LATER, error)),
        }
    }

    /// Notes uses that clients counted, as if the daemon had been asked: those of keys that this uid was answered to
    /// be valid since the start, at a time between the start and now. The others are passed over. Writes nothing by
    /// itself, but may read the database for each such key. Gives up when `gone` says that nobody waits any more.
    ///
    /// # Errors
    /// `StorageUnavailable`, `ShuttingDown`; some uses may have been noted then.
    pub fn report_uses(
        &self,
        permit: &Permit<'_, right::Validate>,
        report: &ReportUses,
        gone: &dyn Fn() -> bool,
    ) -> Result<(), ServiceError> {
        let now = self.clock.now();
        // After a step of the clock back, the start is to come.
        let earliest = self.started_at.min(now);
        let pace = Pace::of(gone);
        for KeyUse { key_id, at } in &report.uses {
            pace.row()?;
            if !self.answered.holds(permit.uid(), *key_id) {
                continue;
            }
            // Only of keys that are active still.
            let state = match self.store.read(|view| view.record(*key_id)) {
                Ok(record) => record.map(|record| record.state),
                Err(StoreError::Damaged(_)) => None,
                Err(error) => return Err(error.into()),
            };
            if let Some(KeyState::Active) = state {
                self.last_used.note(*key_id, (*at).clamp(earliest, now));
            }
        }
        Ok(())
    }

    /// Has every remembered verdict asked for anew, because other callers than before may validate. To be
    /// called once the new rights are in force, and before that is answered.
    pub async fn rights_changed(&self) {
        self.memory.bump_epoch();
        self.settled().await;
    }

    /// Whether no client trusts the page of an earlier start.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.memory.generations.wait_out().is_zero()
    }

    /// Waits until no client trusts the page of an earlier start: what is answered afterwards, no cache contradicts.
    /// At once, but for the first seconds of a daemon that found no page to go on with; then it needs a runtime with
    /// timers. The page says so as soon as the wait is over, so that a daemon that is killed then need not wait again.
    pub async fn settled(&self) {
        let pause = self.memory.generations.wait_out();
        if !pause.is_zero() {
            tracing::debug!(?pause, "an answer waits until no client trusts the page of an earlier start");
            tokio::time::sleep(pause).await;
            self.memory.generations.settle();
        }
    }
}

/// Opens the page at the first place where that can be done, under a name with the store's id in it. Without one the
/// daemon serves as well, only slower: clients ask each time.
pub(super) fn open_page(places: &[PathBuf], home: Option<&Home>) -> Page {
    let Some(home) = home.filter(|_| !places.is_empty()) else { return Page::Never };
    let mut places = places.iter().map(|place| home.name(place));
    let mut opened = None;
    for place in places.by_ref() {
        match PageFile::open(&place, home) {
            Ok(file) => {
                opened = Some(file);
                break;
            }
            Err(error) => tracing::warn!(%error, "another place is tried for the revocation page"),
        }
    }
    let Some(file) = opened else {
        tracing::warn!(
            "there is no place for the revocation page: clients cannot cache; set `page` to a file in memory"
        );
        return Page::Hidden;
    };
    // An earlier start may have had to go further down the list.
    for place in places {
        if let Err(error) = PageFile::retire(&place, home) {
            tracing::warn!(page = %place.display(), %error, "the page of an earlier start cannot be removed");
        }
    }
    Page::File(file)
}
