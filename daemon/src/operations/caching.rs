//! What clients that cache ask for: the page by which they see that a verdict still stands, and a place to tell
//! of uses that the daemon has not seen.

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
        // Before the work: what cannot be handed over is not made.
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
    /// `NotFound` when this daemon has no page to hand over, `Busy` when the system gives no descriptor for it.
    pub fn revocation_page(
        &self,
        _permit: &Permit<types::Validate>,
    ) -> Result<(PageReady, OwnedFd), ServiceError> {
        const NONE: &str = "this daemon has no revocation page: ask for each validation";
        const LATER: &str = "the revocation page cannot be handed over for the moment; ask again later";
        match self.memory.generations.hand_over() {
            Ok(Some(page)) => {
                let (monotonic_ns, bytes) = (page.monotonic_ns, page.bytes);
                Ok((PageReady { monotonic_ns, bytes, policy_rules: apikeyd_policy::RULES }, page.file))
            }
            Ok(None) => Err(ServiceError::new(ErrorKind::NotFound, NONE)),
            // For want of a descriptor or a thread, which may be there again in a moment.
            Err(error) => Err(ServiceError::caused(ErrorKind::Busy, LATER, error)),
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
        permit: &Permit<types::Validate>,
        report: &ReportUses,
        gone: &dyn Fn() -> bool,
    ) -> Result<(), ServiceError> {
        let now = self.clock.now();
        // After a step of the clock back, the start is to come.
        let earliest = self.started_at.min(now);
        let pace = Pace::of(gone);
        for KeyUse { key_id, at, .. } in &report.uses {
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
