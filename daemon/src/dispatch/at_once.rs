//! Requests that are answered at once.

use super::reply::Reply;
use super::{Caller, Dispatched, Operations, decode, undecodable};
use crate::service::{ServiceError, authorise, right};
use apikeyd_protocol::limit::MAX_COUNTERS;
use apikeyd_protocol::message::{
    Empty, Generate, Operation, PolicyRows, RetrieveKey, RetrieveUser, Statistics, Status, Validate,
};

type Answer = Result<Dispatched, ServiceError>;

impl Operations {
    pub(super) fn validate(&self, caller: &Caller, body: &[u8], reply: &mut Reply<'_>) -> Answer {
        let permit = authorise::<right::Validate>(caller.standing, &caller.peer)?;
        let request = Validate::decode(body).map_err(|error| undecodable(&error))?;
        self.service.validate(&permit, &request, |verdict| reply.verdict(verdict))?;
        Ok(Dispatched::Answered)
    }

    pub(super) fn status(&self, caller: &Caller, body: &[u8], reply: &mut Reply<'_>) -> Answer {
        let permit = authorise::<right::Validate>(caller.standing, &caller.peer)?;
        let Empty {} = decode(body)?;
        let condition = self.service.condition(&permit);
        reply.ok(&Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            started_at: self.started_at,
            instance: condition.instance,
            rights: caller.standing.rights(),
            store: condition.store,
            store_id: condition.store_id,
            revision: condition.revision,
            active_keys: condition.active_keys,
            revoked_keys: condition.revoked_keys,
            drafts: condition.drafts,
            connections: self.traffic.connections(),
            policy_rows: condition.policy_rows,
        });
        Ok(Dispatched::Answered)
    }

    pub(super) fn policy_rows(&self, caller: &Caller, body: &[u8], reply: &mut Reply<'_>) -> Answer {
        let permit = authorise::<right::Validate>(caller.standing, &caller.peer)?;
        let request: PolicyRows = decode(body)?;
        reply.ok(&self.service.policy_page(&permit, request));
        Ok(Dispatched::Answered)
    }

    pub(super) fn policy_summary(&self, caller: &Caller, body: &[u8], reply: &mut Reply<'_>) -> Answer {
        let permit = authorise::<right::Validate>(caller.standing, &caller.peer)?;
        let Empty {} = decode(body)?;
        reply.ok(&self.service.policy_summary(&permit)?);
        Ok(Dispatched::Answered)
    }

    pub(super) fn policy_test(&self, caller: &Caller, body: &[u8], reply: &mut Reply<'_>) -> Answer {
        let permit = authorise::<right::Validate>(caller.standing, &caller.peer)?;
        let request: Operation<'_> = decode(body)?;
        self.service.policy_test(&permit, &request, |answer| reply.ok(answer));
        Ok(Dispatched::Answered)
    }

    pub(super) fn generate(&self, caller: &Caller, body: &[u8], reply: &mut Reply<'_>) -> Answer {
        let permit = authorise::<right::Issue>(caller.standing, &caller.peer)?;
        let request: Generate = decode(body)?;
        reply.ok(&self.service.generate(&permit, request)?);
        Ok(Dispatched::Answered)
    }

    pub(super) fn retrieve_user(&self, caller: &Caller, body: &[u8], reply: &mut Reply<'_>) -> Answer {
        let permit = authorise::<right::Issue>(caller.standing, &caller.peer)?;
        let request: RetrieveUser = decode(body)?;
        reply.ok(&self.service.retrieve_user(&permit, &request)?);
        Ok(Dispatched::Answered)
    }

    pub(super) fn retrieve_key(&self, caller: &Caller, body: &[u8], reply: &mut Reply<'_>) -> Answer {
        let permit = authorise::<right::Issue>(caller.standing, &caller.peer)?;
        let request: RetrieveKey = decode(body)?;
        reply.ok(&self.service.retrieve_key(&permit, request)?);
        Ok(Dispatched::Answered)
    }

    pub(super) fn statistics(&self, caller: &Caller, body: &[u8], reply: &mut Reply<'_>) -> Answer {
        let permit = authorise::<right::Inspect>(caller.standing, &caller.peer)?;
        let Empty {} = decode(body)?;
        let mut counters = self.service.counters(&permit);
        counters.extend(self.traffic.counters());
        counters.truncate(usize::from(MAX_COUNTERS));
        reply.ok(&Statistics { counters });
        Ok(Dispatched::Answered)
    }

    pub(super) fn files_in_force(&self, caller: &Caller, body: &[u8], reply: &mut Reply<'_>) -> Answer {
        let permit = authorise::<right::Inspect>(caller.standing, &caller.peer)?;
        let Empty {} = decode(body)?;
        reply.ok(&self.service.files_in_force(&permit));
        Ok(Dispatched::Answered)
    }
}
