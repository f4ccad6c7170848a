//! The operations that need nothing but a request and its answer: each is written once, for both clients.
//!
//! Validations, which the cache may answer, and the backup, whose answer comes with a descriptor, are methods of each
//! client.

#[cfg(feature = "tokio")]
use crate::asynchronous::AsyncClient;
use crate::blocking::Client;
use crate::error::Error;
use crate::request::{EMPTY, PolicyAnswer, asked};
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::{
    AuditList, AuditPage, AuditReport, AuditVerify, CredentialsChanged, DaemonStatus, Delete, DeleteUser,
    Deleted, FilesInForce, Generate, Generated, KeyPage, KeyRecord, List, Operation, PolicyPage, PolicyRows,
    Reloaded, RetrieveKey, RetrieveUser, Save, Saved, Statistics, UserRevoked,
};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::operation;
use apikeyd_protocol::term::{AuditHead, CredentialsCause, SaveMode};

/// Makes a method of each client. The blocking one shows the example, the asynchronous one refers to it.
macro_rules! operations {
    ($(
        $(#[doc = $doc:literal])*
        example $(#[doc = $example:literal])*
        fn $name:ident(&self $(, $argument:ident: $type:ty)*) -> $answer:ty { $request:expr }
    )*) => {
        /// Keys, users, the audit and the daemon.
        impl Client { $(
            $(#[doc = $doc])*
            #[doc = ""]
            #[doc = " # Examples"]
            #[doc = " ```no_run"]
            $(#[doc = $example])*
            #[doc = " # Ok::<(), Box<dyn std::error::Error>>(())"]
            #[doc = " ```"]
            pub fn $name(&self $(, $argument: $type)*) -> Result<$answer, Error> {
                self.ask($request)
            }
        )* }

        /// Keys, users, the audit and the daemon.
        #[cfg(feature = "tokio")]
        impl AsyncClient { $(
            $(#[doc = $doc])*
            #[doc = ""]
            #[doc = " # Examples"]
            #[doc = concat!(" As for [`Client::", stringify!($name), "`], with `.await`.")]
            pub async fn $name(&self $(, $argument: $type)*) -> Result<$answer, Error> {
                self.ask($request).await
            }
        )* }
    };
}

operations! {
    /// Generates a draft key. Its text is in this answer and nowhere else; [`save`](Self::save) makes it active.
    ///
    /// Never sent twice: after an error the draft may exist. A new one for the same user replaces it.
    ///
    /// # Errors
    /// [`Error::Answered`] with `InvalidArgument` for an expiry in the past, `Busy` when too many drafts wait to be saved.
    example
    /// # use apikeyd_client::{Client, Generate, Label, UserId};
    /// # let client = Client::connect()?;
    /// let request = Generate::new(UserId::parse("alice@example.com")?).label(Label::parse("laptop")?);
    /// let draft = client.generate(&request)?;
    /// println!("Your new key, shown only once: {}", draft.key.expose());
    fn generate(&self, request: &Generate) -> Generated { &asked::<operation::Generate>(request) }

    /// Makes a draft the user's active key. With [`SaveMode::Replace`] the current key is revoked in the same step.
    ///
    /// May be repeated: the answer is the same.
    ///
    /// # Errors
    /// [`Error::Answered`] with `NotFound` for a draft that is gone, or for `Replace` without an active key; `Conflict` for
    /// `Add` with one; `NotPermitted` for a draft that another uid generated.
    example
    /// # use apikeyd_client::{Client, Generate, SaveMode, UserId};
    /// # let client = Client::connect()?;
    /// # let draft = client.generate(&Generate::new(UserId::parse("alice@example.com")?))?;
    /// let saved = client.save(draft.key_id, SaveMode::Replace)?;
    /// if let Some(revoked) = saved.replaced {
    ///     println!("{revoked} is revoked");
    /// }
    fn save(&self, key_id: KeyId, mode: SaveMode) -> Saved { &asked::<operation::Save>(&Save::new(key_id, mode)) }

    /// The user's active key.
    ///
    /// # Errors
    /// [`Error::Answered`] with `NotFound` when the user has none.
    example
    /// # use apikeyd_client::{Client, UserId};
    /// # let client = Client::connect()?;
    /// let record = client.retrieve_user(&UserId::parse("alice@example.com")?)?;
    /// println!("{} was last used {:?}", record.key_id, record.last_used_at);
    fn retrieve_user(&self, user: &UserId) -> KeyRecord { &asked::<operation::RetrieveUser>(&RetrieveUser::new(user.clone())) }

    /// A saved key by its id, active or revoked.
    ///
    /// # Errors
    /// [`Error::Answered`] with `NotFound` when no key of that id was saved.
    example
    /// # use apikeyd_client::{Client, KeyId, KeyState};
    /// # let client = Client::connect()?;
    /// let record = client.retrieve_key(KeyId::parse(b"7lgu2lN94Q")?)?;
    /// if let KeyState::Revoked { cause, .. } = record.state {
    ///     println!("revoked: {cause}");
    /// }
    fn retrieve_key(&self, key_id: KeyId) -> KeyRecord { &asked::<operation::RetrieveKey>(&RetrieveKey::new(key_id)) }

    /// Revokes a key, or discards a draft that this uid generated. When this returns, no validation that starts afterwards
    /// on this host accepts the key.
    ///
    /// May be repeated: deleting a revoked key succeeds, and the answer says that it was revoked before.
    ///
    /// # Errors
    /// [`Error::Answered`] with `NotFound` for an unknown id.
    example
    /// # use apikeyd_client::{Client, DeleteOutcome, KeyId};
    /// # let client = Client::connect()?;
    /// let deleted = client.delete(KeyId::parse(b"7lgu2lN94Q")?)?;
    /// if let DeleteOutcome::AlreadyRevoked { cause, .. } = deleted.outcome {
    ///     println!("{} was revoked before: {cause}", deleted.key_id);
    /// }
    fn delete(&self, key_id: KeyId) -> Deleted { &asked::<operation::Delete>(&Delete::new(key_id)) }

    /// Reports that the user's password was changed or reset: revokes the active key and discards the draft. When this
    /// returns, no validation that starts afterwards on this host accepts the key.
    ///
    /// # Errors
    /// Only those of every request; a user without a key is not an error.
    example
    /// # use apikeyd_client::{Client, CredentialsCause, UserId};
    /// # let client = Client::connect()?;
    /// client.credentials_changed(&UserId::parse("alice@example.com")?, CredentialsCause::Reset)?;
    fn credentials_changed(&self, user: &UserId, cause: CredentialsCause) -> UserRevoked { &asked::<operation::CredentialsChanged>(&CredentialsChanged::new(user.clone(), cause)) }

    /// Reports that the user's account was deleted: revokes the active key and discards the draft. When this returns, no
    /// validation that starts afterwards on this host accepts the key.
    ///
    /// # Errors
    /// Only those of every request; a user without a key is not an error.
    example
    /// # use apikeyd_client::{Client, UserId};
    /// # let client = Client::connect()?;
    /// client.delete_user(&UserId::parse("alice@example.com")?)?;
    fn delete_user(&self, user: &UserId) -> UserRevoked { &asked::<operation::DeleteUser>(&DeleteUser::new(user.clone())) }

    /// One page of saved keys, in the order of their ids.
    ///
    /// # Errors
    /// [`Error::Answered`] with `InvalidArgument` for a limit of 0 or above [`MAX_PAGE_ITEMS`](crate::MAX_PAGE_ITEMS).
    example
    /// # use apikeyd_client::{Client, List};
    /// # let client = Client::connect()?;
    /// let mut request = List::new().include_revoked(true);
    /// loop {
    ///     let page = client.list(&request)?;
    ///     page.keys.iter().for_each(|key| println!("{} {}", key.key_id, key.user));
    ///     let Some(last) = page.next else { break };
    ///     request = request.after(last);
    /// }
    fn list(&self, request: &List) -> KeyPage { &asked::<operation::List>(request) }

    /// One page of the audit, in the order of the revisions.
    ///
    /// # Errors
    /// [`Error::Answered`] with `InvalidArgument` for a limit of 0 or above [`MAX_PAGE_ITEMS`](crate::MAX_PAGE_ITEMS).
    example
    /// # use apikeyd_client::{AuditList, Client};
    /// # let client = Client::connect()?;
    /// for row in client.audit_list(&AuditList::new().limit(10))?.rows {
    ///     println!("{} {}", row.revision, row.event.name());
    /// }
    fn audit_list(&self, request: &AuditList) -> AuditPage { &asked::<operation::AuditList>(request) }

    /// Checks the whole audit chain, and that a head seen before is still in it. Takes time on a long chain:
    /// see [`with_timeout`](Self::with_timeout).
    ///
    /// # Errors
    /// Only those of every request; a fault of the chain is in the report.
    example
    /// # use apikeyd_client::Client;
    /// # use std::time::Duration;
    /// # let client = Client::connect()?;
    /// let report = client.with_timeout(Duration::from_secs(600)).audit_verify(None)?;
    /// if let Some(fault) = report.fault {
    ///     eprintln!("the audit was tampered with: {fault:?}");
    /// }
    fn audit_verify(&self, known_head: Option<AuditHead>) -> AuditReport { &asked::<operation::AuditVerify>(&AuditVerify::new().known_head(known_head)) }

    /// Counters since the daemon's start.
    ///
    /// # Errors
    /// Only those of every request.
    example
    /// # use apikeyd_client::Client;
    /// # let client = Client::connect()?;
    /// for (name, value) in client.statistics()?.counters {
    ///     println!("{name} {value}");
    /// }
    fn statistics(&self) -> Statistics { &asked::<operation::Statistics>(&EMPTY) }

    /// The configuration and the policy file that are in force.
    ///
    /// # Errors
    /// [`Error::Answered`] with `UnknownOpcode` from a daemon that is older than this request.
    example
    /// # use apikeyd_client::Client;
    /// # let client = Client::connect()?;
    /// let policy = client.files_in_force()?.policy;
    /// println!("policy: {}", policy.as_deref().unwrap_or("compiled in"));
    fn files_in_force(&self) -> FilesInForce { &asked::<operation::FilesInForce>(&EMPTY) }

    /// The daemon's version and state.
    ///
    /// # Errors
    /// Only those of every request.
    example
    /// # use apikeyd_client::Client;
    /// # let client = Client::connect()?;
    /// let status = client.status()?;
    /// println!("apikeyd {}: {} active keys", status.version, status.active_keys);
    fn status(&self) -> DaemonStatus { &asked::<operation::Status>(&EMPTY) }

    /// One page of the policy table, after the first `from` rows.
    ///
    /// # Errors
    /// Only those of every request.
    example
    /// # use apikeyd_client::Client;
    /// # let client = Client::connect()?;
    /// for row in client.policy_rows(0)?.rows {
    ///     println!("{} {}: {}", row.method, row.path, if row.allow { "allow" } else { "deny" });
    /// }
    fn policy_rows(&self, from: u32) -> PolicyPage { &asked::<operation::PolicyRows>(&PolicyRows::new(from)) }

    /// The policy table's verdict on an operation, without a key.
    ///
    /// # Errors
    /// Only those of every request.
    example
    /// # use apikeyd_client::{Client, Operation};
    /// # let client = Client::connect()?;
    /// let answer = client.policy_test(Operation::new("DELETE", "/api/user/42"))?;
    /// println!("{:?}: {}", answer.verdict, answer.because);
    fn policy_test(&self, operation: Operation<'_>) -> PolicyAnswer { &operation }

    /// Reloads the policy file and the rights. When this returns, they are in force.
    ///
    /// # Errors
    /// [`Error::Answered`] with `InvalidConfiguration` when a file has faults; nothing has changed then.
    example
    /// # use apikeyd_client::Client;
    /// # let client = Client::connect()?;
    /// println!("{} rows of policy in force", client.reload()?.policy_rows);
    fn reload(&self) -> Reloaded { &asked::<operation::Reload>(&EMPTY) }
}
