//! Inspecting keys, the audit and the store.

use super::dispatch::serve::Hold;
use super::dispatch::serve::{Body, Call, Serve, Served};
use super::dispatch::turns::Work;
use super::error::{ErrorKind, ServiceError};
use super::permit::Permit;
use super::service::Service;
use apikeyd_keystore::Pace;
use apikeyd_keystore::domain::KeyRecord;
use apikeyd_protocol::limit::{MAX_COUNTERS, MAX_PAGE_ITEMS};
use apikeyd_protocol::message::{
    AuditList, AuditPage, AuditReport, AuditVerify, DaemonStatus, KeyPage, List, Statistics, StoreState,
};
use apikeyd_protocol::operation;
use apikeyd_protocol::right::types;
use apikeyd_protocol::term::AuditHead;

/// The service's part of the status answer; the server adds process, connections and the caller's rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Whether changes can be made.
    pub store: StoreState,
    /// Random name of the store, made with it.
    pub store_id: [u8; 16],
    /// The start count on this store.
    pub instance: u64,
    /// The number of the last change.
    pub revision: u64,
    /// Active keys, including those that have expired since the last maintenance step.
    pub active_keys: u64,
    /// Records of revoked keys.
    pub revoked_keys: u64,
    /// Drafts waiting to be saved.
    pub drafts: u64,
    /// Rows of the policy table in force.
    pub policy_rows: u32,
}

impl Serve for operation::Status {
    const HOLD: Hold = Hold::Before;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let Call { daemon, permit, reply, .. } = call;
        let condition = daemon.service.condition(&permit);
        Ok(reply.answer::<Self>(&DaemonStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started_at: daemon.started_at,
            instance: condition.instance,
            rights: permit.rights(),
            store: condition.store,
            store_id: condition.store_id,
            revision: condition.revision,
            active_keys: condition.active_keys,
            revoked_keys: condition.revoked_keys,
            drafts: condition.drafts,
            connections: daemon.traffic.connections(),
            policy_rows: condition.policy_rows,
        }))
    }
}

impl Serve for operation::Statistics {
    const HOLD: Hold = Hold::Before;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let mut counters = call.daemon.service.counters(&call.permit);
        counters.extend(call.daemon.traffic.counters());
        counters.truncate(usize::from(MAX_COUNTERS));
        Ok(call.reply.answer::<Self>(&Statistics { counters }))
    }
}

impl Serve for operation::List {
    const HOLD: Hold = Hold::Before;
    const IS_COSTLY: bool = true;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let Call { daemon, caller, permit, request, .. } = call;
        Ok(Served::costly(daemon, caller, permit, Work::Page, move |daemon, permit, gone| {
            Body::of::<Self>(&daemon.service.list(permit, request, gone)?)
        }))
    }
}

impl Serve for operation::AuditList {
    const HOLD: Hold = Hold::Before;
    const IS_COSTLY: bool = true;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let Call { daemon, caller, permit, request, .. } = call;
        Ok(Served::costly(daemon, caller, permit, Work::Page, move |daemon, permit, gone| {
            Body::of::<Self>(&daemon.service.audit_list(permit, request, gone)?)
        }))
    }
}

impl Serve for operation::AuditVerify {
    const HOLD: Hold = Hold::Before;
    const IS_COSTLY: bool = true;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let Call { daemon, caller, permit, request, .. } = call;
        Ok(Served::costly(daemon, caller, permit, Work::Whole, move |daemon, permit, gone| {
            Body::of::<Self>(&daemon.service.audit_verify(permit, request, gone)?)
        }))
    }
}

impl Service {
    /// The service's part of the status.
    #[must_use]
    pub fn condition(&self, _permit: &Permit<types::Validate>) -> Condition {
        let head = self.store.head();
        let drafts = {
            let mut drafts = self.memory.drafts();
            drafts.expire(self.clock.now());
            drafts.len()
        };
        Condition {
            store: if self.store.is_failed() { StoreState::ReadOnly } else { StoreState::Ready },
            store_id: *self.store.store_id(),
            instance: self.instance(),
            revision: head.revision,
            active_keys: head.active,
            revoked_keys: head.revoked,
            drafts: u64::try_from(drafts).unwrap_or(u64::MAX),
            policy_rows: self.policy_rows(),
        }
    }

    /// The start count on this store; for the welcome.
    #[must_use]
    pub fn instance(&self) -> u64 {
        self.store.instance()
    }

    /// Counters since the start, by name; the server adds its own.
    #[must_use]
    pub fn counters(&self, _permit: &Permit<types::Inspect>) -> Vec<(String, u64)> {
        self.counters.all()
    }

    /// Some records, ordered by id. Stops when `gone` says that nobody waits for them any more.
    ///
    /// # Errors
    /// `InvalidArgument` for an impossible page.
    pub fn list(
        &self,
        _permit: &Permit<types::Inspect>,
        request: List,
        gone: &dyn Fn() -> bool,
    ) -> Result<KeyPage, ServiceError> {
        let limit = page_size(request.limit)?;
        let now = self.clock.now();
        let (records, next) = self.store.read(|view| {
            let wanted = |record: &KeyRecord| request.include_revoked || record.is_active_at(now);
            view.records(request.after, limit, &Pace::of(gone), wanted)
        })?;
        let keys = records.into_iter().map(|(record, used)| self.show(record, used, now)).collect();
        Ok(KeyPage { keys, next })
    }

    /// Some audit rows, ordered by revision. Stops when `gone` says that nobody waits for them any more.
    ///
    /// # Errors
    /// `InvalidArgument` for an impossible page.
    pub fn audit_list(
        &self,
        _permit: &Permit<types::Inspect>,
        request: AuditList,
        gone: &dyn Fn() -> bool,
    ) -> Result<AuditPage, ServiceError> {
        let limit = page_size(request.limit)?;
        let rows = self.store.read(|view| view.audit_rows(request.after, limit, &Pace::of(gone)))?;
        let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.revision);
        Ok(AuditPage { rows, next })
    }

    /// Verifies the whole audit chain. Takes as long as reading all of it; stops when `gone`, which is called
    /// from time to time, says that nobody waits for the report any more.
    ///
    /// # Errors
    /// Those of the store. A fault in the chain is an answer.
    pub fn audit_verify(
        &self,
        _permit: &Permit<types::Inspect>,
        request: AuditVerify,
        gone: &dyn Fn() -> bool,
    ) -> Result<AuditReport, ServiceError> {
        let store_id = *self.store.store_id();
        let pace = Pace::of(gone);
        let report = self.store.read(|view| view.verify(&store_id, request.known_head, &pace))?;
        Ok(AuditReport { rows: report.rows, head: report.head, fault: report.fault })
    }

    /// The end of the audit chain, for the log.
    #[must_use]
    pub fn audit_head(&self) -> AuditHead {
        let head = self.store.head();
        AuditHead { revision: head.revision, mac: head.link }
    }
}

fn page_size(limit: u16) -> Result<usize, ServiceError> {
    if (1..=MAX_PAGE_ITEMS).contains(&limit) {
        return Ok(usize::from(limit));
    }
    let message = format!("a page has 1 to {MAX_PAGE_ITEMS} items, and {limit} were asked for");
    Err(ServiceError::new(ErrorKind::InvalidArgument, message))
}
