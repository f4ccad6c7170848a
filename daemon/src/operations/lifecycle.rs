//! Generate, save, retrieve, and everything that revokes a key.

use super::dispatch::serve::Hold;
use super::dispatch::serve::{Body, Call, Serve, Served};
use super::error::{ErrorKind, ServiceError};
use super::permit::Permit;
use super::service::Service;
use super::service::{self};
use super::state::memory::no_room;
use apikeyd_keystore::domain::{
    self, Context, Decision, DeleteFacts, DeleteFound, Draft, KeyRecord, Refusal, SaveFacts, UserEvent,
    UserFacts,
};
use apikeyd_keystore::{Batch, StoreError, Ticket};
use apikeyd_protocol::key::{ApiKey, KeyId};
use apikeyd_protocol::message::{
    self, CredentialsChanged, Delete, DeleteOutcome, DeleteUser, Deleted, Generate, Generated, RetrieveKey,
    RetrieveUser, Save, Saved, UserRevoked,
};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::operation;
use apikeyd_protocol::right::types;
use apikeyd_protocol::term::{KeyState, SaveMode};
use apikeyd_protocol::time::Timestamp;
use std::sync::Arc;

/// Attempts to draw a key whose id is not yet taken. At a million keys, one in 10^12 ids is taken: a second
/// draw is rare, a fourth means that the generator is broken.
const DRAWS: usize = 4;

impl Serve for operation::Generate {
    const HOLD: Hold = Hold::Never;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let generated = call.daemon.service.generate(&call.permit, call.request)?;
        Ok(call.reply.answer::<Self>(&generated))
    }
}

impl Serve for operation::Save {
    const HOLD: Hold = Hold::After;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let Call { daemon, permit, request, .. } = call;
        let revokes = request.mode == SaveMode::Replace;
        Ok(Served::change(daemon, permit, revokes, move |daemon, permit| async move {
            Body::of::<Self>(&daemon.service.save(&permit, request).await?)
        }))
    }
}

impl Serve for operation::Delete {
    const HOLD: Hold = Hold::After;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let Call { daemon, permit, request, .. } = call;
        Ok(Served::change(daemon, permit, true, move |daemon, permit| async move {
            Body::of::<Self>(&daemon.service.delete(&permit, request).await?)
        }))
    }
}

impl Serve for operation::CredentialsChanged {
    const HOLD: Hold = Hold::After;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let Call { daemon, permit, request, .. } = call;
        Ok(Served::change(daemon, permit, true, move |daemon, permit| async move {
            Body::of::<Self>(&daemon.service.credentials_changed(&permit, request).await?)
        }))
    }
}

impl Serve for operation::DeleteUser {
    const HOLD: Hold = Hold::After;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let Call { daemon, permit, request, .. } = call;
        Ok(Served::change(daemon, permit, true, move |daemon, permit| async move {
            Body::of::<Self>(&daemon.service.delete_user(&permit, request).await?)
        }))
    }
}

impl Serve for operation::RetrieveUser {
    const HOLD: Hold = Hold::Before;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let record = call.daemon.service.retrieve_user(&call.permit, &call.request)?;
        Ok(call.reply.answer::<Self>(&record))
    }
}

impl Serve for operation::RetrieveKey {
    const HOLD: Hold = Hold::Before;
    fn serve(call: Call<'_, Self>) -> Result<Served, ServiceError> {
        let record = call.daemon.service.retrieve_key(&call.permit, call.request)?;
        Ok(call.reply.answer::<Self>(&record))
    }
}

impl Service {
    /// Makes a draft and shows its key, once.
    ///
    /// # Errors
    /// `InvalidArgument` for an impossible expiry, `Busy` if the caller's share of drafts or the table is full,
    /// `Internal` without randomness.
    pub fn generate(
        &self,
        permit: &Permit<types::Issue>,
        request: Generate,
    ) -> Result<Generated, ServiceError> {
        let now = self.clock.now();
        domain::check_expiry(now, request.expires_at)?;
        for _ in 0..DRAWS {
            let key = ApiKey::generate(&self.settings.key_prefix, |out| self.randomness.fill(out))
                .map_err(no_randomness)?;
            let key_id = key.id();
            if self.store.read(|view| view.knows(key_id))? {
                continue;
            }
            let mut drafts = self.memory.drafts();
            if drafts.get(now, key_id).is_some() {
                continue;
            }
            let draft_expires_at = now.saturating_add(self.settings.draft_ttl);
            let draft = Draft {
                key_id,
                user: request.user,
                label: request.label,
                expires_at: request.expires_at,
                tag: self.store.secrets().tag(&key.digest()),
                owner: permit.uid(),
                draft_expires_at,
            };
            let taken = drafts.insert(now, draft);
            drop(drafts);
            taken.map_err(|full| no_room(permit.uid(), full))?;
            self.counters.generated.add();
            return Ok(Generated { key_id, key, draft_expires_at });
        }
        Err(ServiceError::new(ErrorKind::Internal, "the random generator repeats itself; no key was made"))
    }

    /// Makes a draft the user's active key. Idempotent.
    ///
    /// # Errors
    /// `NotFound` without a draft, or with nothing to replace; `Conflict` with an active key, or if saved in
    /// the other mode; `NotPermitted` for another caller's draft; `InvalidArgument` if its expiry has passed.
    pub async fn save(&self, permit: &Permit<types::Issue>, request: Save) -> Result<Saved, ServiceError> {
        let Save { key_id, mode, .. } = request;
        let (uid, memory) = (permit.uid(), Arc::clone(&self.memory));
        let decide = move |context: Context, batch: &mut Batch<'_>| {
            let record = batch.record(key_id)?;
            let draft = memory.draft(context.now, key_id).filter(|_| !batch.is_draft_dropped(key_id));
            let active = draft.as_ref().map(|draft| batch.active_of(&draft.user)).transpose()?.flatten();
            let facts = SaveFacts { record, draft, active };
            Ok(domain::save(context, uid, key_id, mode, facts))
        };
        let ticket = match mode {
            SaveMode::Add => Ticket::change(uid),
            SaveMode::Replace => Ticket::revocation(uid),
        };
        let (saving, changed) = self.change(permit, ticket, decide).await?;
        if changed {
            match mode {
                SaveMode::Add => self.counters.added.add(),
                SaveMode::Replace => self.counters.replacing.add(),
            }
        }
        let key = self.shown(saving.record, self.clock.now())?;
        Ok(Saved { key, replaced: saving.replaced })
    }

    /// Revokes a key, or discards a draft of the caller.
    ///
    /// # Errors
    /// `NotFound` for an unknown id, `NotPermitted` for another caller's draft.
    pub async fn delete(
        &self,
        permit: &Permit<types::Issue>,
        request: Delete,
    ) -> Result<Deleted, ServiceError> {
        let Delete { key_id, .. } = request;
        let (uid, memory) = (permit.uid(), Arc::clone(&self.memory));
        let decide = move |context: Context, batch: &mut Batch<'_>| {
            let record = batch.record(key_id)?;
            let draft = memory.draft(context.now, key_id).filter(|_| !batch.is_draft_dropped(key_id));
            // Even if it was already revoked: this caller must be able to rely on it, no matter who came first.
            batch.invalidate(key_id);
            Ok(domain::delete(context, uid, key_id, DeleteFacts { record, draft }))
        };
        let (deletion, _) = self.change(permit, Ticket::revocation(uid), decide).await?;
        let outcome = match deletion.found {
            DeleteFound::Revoked => {
                self.counters.ended.add();
                DeleteOutcome::Revoked
            }
            DeleteFound::Before(KeyState::Revoked { cause, at }) => {
                DeleteOutcome::AlreadyRevoked { cause, at }
            }
            DeleteFound::Draft | DeleteFound::Before(KeyState::Active) => DeleteOutcome::DraftDiscarded,
        };
        Ok(Deleted { key_id, user: deletion.user, outcome })
    }

    /// Revokes a user's active key after a change of password, and discards the user's draft.
    ///
    /// # Errors
    /// Only those of the store; a user without a key is not an error.
    pub async fn credentials_changed(
        &self,
        permit: &Permit<types::Issue>,
        request: CredentialsChanged,
    ) -> Result<UserRevoked, ServiceError> {
        self.end_user(permit, request.user, UserEvent::CredentialsChanged(request.cause)).await
    }

    /// Revokes a deleted user's active key, and discards the user's draft.
    ///
    /// # Errors
    /// Only those of the store; a user without a key is not an error.
    pub async fn delete_user(
        &self,
        permit: &Permit<types::Issue>,
        request: DeleteUser,
    ) -> Result<UserRevoked, ServiceError> {
        self.end_user(permit, request.user, UserEvent::Deleted).await
    }

    /// The record of a user's active key.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    pub fn retrieve_user(
        &self,
        _permit: &Permit<types::Issue>,
        request: &RetrieveUser,
    ) -> Result<message::KeyRecord, ServiceError> {
        let now = self.clock.now();
        let active = self.store.read(|view| view.active_of(&request.user))?;
        let active = active.filter(|record| record.is_active_at(now)).ok_or(Refusal::NoActiveKey)?;
        self.shown(active, now)
    }

    /// The record of a saved key, active or revoked.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    pub fn retrieve_key(
        &self,
        _permit: &Permit<types::Issue>,
        request: RetrieveKey,
    ) -> Result<message::KeyRecord, ServiceError> {
        let record = self.store.read(|view| view.record(request.key_id))?;
        self.shown(record.ok_or(Refusal::NoKey(request.key_id))?, self.clock.now())
    }

    async fn end_user(
        &self,
        permit: &Permit<types::Issue>,
        user: UserId,
        event: UserEvent,
    ) -> Result<UserRevoked, ServiceError> {
        let memory = Arc::clone(&self.memory);
        let decide = move |context: Context, batch: &mut Batch<'_>| {
            let active = batch.active_of(&user)?;
            let draft = memory.draft_of(context.now, &user).filter(|id| !batch.is_draft_dropped(*id));
            let decision = domain::end_user(context, event, UserFacts { active, draft });
            let answer = UserRevoked { key_id: decision.answer, draft };
            Ok(Ok(Decision { changes: decision.changes, drop_draft: decision.drop_draft, answer }))
        };
        let (ended, _) = self.change(permit, Ticket::revocation(permit.uid()), decide).await?;
        if ended.key_id.is_some() {
            self.counters.ended.add();
        }
        Ok(ended)
    }

    /// Has the writer decide a change on the facts of its transaction, and carry it out. Returns once it is
    /// durable, with whether anything changed.
    async fn change<T: Send + 'static>(
        &self,
        permit: &Permit<types::Issue>,
        ticket: Ticket,
        decide: impl FnOnce(Context, &mut Batch<'_>) -> Result<Result<Decision<T>, Refusal>, StoreError>
        + Send
        + 'static,
    ) -> Result<(T, bool), ServiceError> {
        let (clock, actor) = (self.clock.clone(), permit.actor());
        let decided = service::write(&self.store, ticket, move |batch| {
            let decision = match decide(Context { now: clock.now(), actor }, batch)? {
                Ok(decision) => decision,
                Err(refusal) => return Ok(Err(refusal)),
            };
            decision.changes.iter().try_for_each(|change| batch.apply(change))?;
            decision.drop_draft.into_iter().for_each(|key_id| batch.drop_draft(key_id));
            Ok(Ok((decision.answer, !decision.changes.is_empty())))
        });
        let decided = decided.await;
        // Even a refusal reveals what was revoked before, as "there is nothing to replace" does.
        self.settled().await;
        match decided {
            Ok(decided) => Ok(decided?),
            Err(error) => {
                self.counters.changes_failed.add();
                Err(error.into())
            }
        }
    }

    /// A record as callers see it.
    fn shown(&self, record: KeyRecord, now: Timestamp) -> Result<message::KeyRecord, ServiceError> {
        let key_id = record.key_id;
        let written = self.store.read(|view| view.last_used(key_id))?;
        Ok(self.show(record, written, now))
    }

    /// As [`shown`](Service::shown), with the last use as written.
    pub(super) fn show(
        &self,
        record: KeyRecord,
        written: Option<Timestamp>,
        now: Timestamp,
    ) -> message::KeyRecord {
        let state = record.state_at(now);
        let key_id: KeyId = record.key_id;
        message::KeyRecord {
            key_id,
            user: record.user,
            label: record.label,
            created_at: record.created_at,
            created_by: record.created_by,
            expires_at: record.expires_at,
            last_used_at: self.last_used.get(key_id).max(written),
            state,
        }
    }
}

fn no_randomness(error: getrandom::Error) -> ServiceError {
    ServiceError::caused(ErrorKind::Internal, "the system provides no random bytes; no key was made", error)
}
