//! What clients that cache request: the page that shows whether a verdict is still true, and a way to report
//! uses that the daemon has not seen.

use super::dispatch::descriptors::{Enclosed, Kind};
use super::dispatch::serve::Hold;
use super::dispatch::serve::{Body, Call, Serve, Served};
use super::dispatch::turns::Work;
use super::error::{ErrorKind, ServiceError};
use super::permit::Permit;
use super::service::Service;
use apikeyd_keystore::{Pace, StoreError};
use apikeyd_protocol::message::{Empty, KeyUse, PageReady, ReportUses};
use apikeyd_protocol::operation;
use apikeyd_protocol::right::types;
use apikeyd_protocol::term::KeyState;
use std::os::fd::OwnedFd;
use std::sync::Arc;

impl Serve for operation::RevocationPage {
    const HOLD: Hold = Hold::Never;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let Call { daemon, permit, .. } = call;
        // Before the work: nothing is made that cannot be handed over.
        let reservation = daemon.unread.reserve(permit.uid(), Kind::Page)?;
        let daemon = Arc::clone(daemon);
        Ok(Served::later(async move {
            let (ready, descriptor) = daemon.service.revocation_page(&permit)?;
            let enclosed = Enclosed { descriptor, reservation, is_recorded: false };
            Ok(Body::of::<Self>(&ready)?.enclosing(enclosed))
        }))
    }
}

impl Serve for operation::ReportUses {
    const HOLD: Hold = Hold::Never;
    const IS_COSTLY: bool = true;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let Call { daemon, caller, permit, request, .. } = call;
        Ok(Served::costly(daemon, caller, permit, Work::Page, move |daemon, permit, gone| {
            daemon.service.report_uses(permit, &request, gone)?;
            Body::of::<Self>(&Empty {})
        }))
    }
}

impl Service {
    /// The revocation page, with a descriptor that is open for reading only.
    ///
    /// # Errors
    /// `NotFound` if this daemon has no page to hand over, `Busy` if the system provides no descriptor for it.
    pub fn revocation_page(
        &self,
        _permit: &Permit<types::Validate>,
    ) -> Result<(PageReady, OwnedFd), ServiceError> {
        const NONE: &str = "this daemon has no revocation page: ask for each validation";
        const LATER: &str = "the revocation page cannot be handed over at the moment; ask again later";
        match self.memory.generations.hand_over() {
            Ok(Some(page)) => {
                let (monotonic_ns, bytes) = (page.monotonic_ns, page.bytes);
                Ok((PageReady { monotonic_ns, bytes, policy_rules: apikeyd_policy::RULES }, page.file))
            }
            Ok(None) => Err(ServiceError::new(ErrorKind::NotFound, NONE)),
            // For lack of a descriptor or a thread, which may be available again in a moment.
            Err(error) => Err(ServiceError::caused(ErrorKind::Busy, LATER, error)),
        }
    }

    /// Records uses that clients counted, as if the daemon had been asked: only those of keys that were
    /// answered valid to this uid since the start, at a time between the start and now. The others are skipped.
    /// Writes nothing itself, but may read the database for each such key. Stops when `gone` says that nobody
    /// waits any more.
    ///
    /// # Errors
    /// `StorageUnavailable`, `ShuttingDown`; some uses may have been recorded by then.
    pub fn report_uses(
        &self,
        permit: &Permit<types::Validate>,
        report: &ReportUses,
        gone: &dyn Fn() -> bool,
    ) -> Result<(), ServiceError> {
        let now = self.clock.now();
        // After the clock was set back, the start is in the future.
        let earliest = self.started_at.min(now);
        let pace = Pace::of(gone);
        for KeyUse { key_id, at, .. } in &report.uses {
            pace.row()?;
            if !self.answered.holds(permit.uid(), *key_id) {
                continue;
            }
            // Only of keys that are still active.
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

    /// Invalidates all cached verdicts after a change of rights. Call it after the new rights take effect and
    /// before replying.
    pub async fn rights_changed(&self) {
        self.memory.bump_epoch();
        self.settled().await;
    }

    /// Whether no client trusts the page of an earlier start.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.memory.generations.wait_out().is_zero()
    }

    /// Waits until no client trusts the page of an earlier start: no cache contradicts what is answered
    /// afterwards. Returns at once, except in the first seconds of a daemon that found no page to continue
    /// with; then it needs a runtime with timers. The page records the end of the wait at once, so that a
    /// daemon that is killed afterwards need not wait again.
    pub async fn settled(&self) {
        let pause = self.memory.generations.wait_out();
        if !pause.is_zero() {
            tracing::debug!(?pause, "an answer waits until no client trusts the page of an earlier start");
            tokio::time::sleep(pause).await;
            self.memory.generations.settle();
        }
    }
}
