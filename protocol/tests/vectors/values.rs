//! Every message once in each of its forms, under the names of `messages.txt`.

use crate::example::{Example, example};
use apikeyd_protocol::key::{ApiKey, KeyDigest, KeyId};
use apikeyd_protocol::message::{
    AuditList, AuditPage, AuditReport, AuditVerify, BackupReady, CredentialsChanged, DaemonStatus, Delete,
    DeleteOutcome, DeleteUser, Deleted, Empty, Failure, FilesInForce, Freshness, Generate, Generated,
    KeyPage, KeyRecord, KeyUse, List, Operation, PageReady, PolicyAnswer, PolicyPage, PolicyRow, PolicyRows,
    PolicySummary, PolicyVerdict, Refusal, Reloaded, ReportUses, RetrieveKey, RetrieveUser, Save, Saved,
    Statistics, StoreState, UserRevoked, ValidKey, Validate, Verdict,
};
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::right::{Right, RightSet};
use apikeyd_protocol::term::{
    Actor, AuditEvent, AuditFault, AuditHead, AuditRow, CredentialsCause, KeyState, RevocationCause, SaveMode,
};
use apikeyd_protocol::time::Timestamp;

pub(crate) const KEY: &str = "akd_1QwErTy0123_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg2whDeR";

/// The instance of the welcome and of `Status`: how often the daemon has started on its database.
pub(crate) const STARTS: u64 = 7;

/// The instance of a verdict: word 1 of the revocation page, above 2^63.
const PAGE_INSTANCE: u64 = 14_975_833_346_827_168_437;

/// All of them.
pub(crate) fn all() -> Vec<Example> {
    [validation(), refusals(), daemon(), policy(), caching(), lifecycle(), revocations(), lists(), audit()]
        .into_iter()
        .flatten()
        .collect()
}

fn id(digits: &str) -> KeyId {
    digits.parse().unwrap()
}

fn key() -> KeyId {
    id("QwErTy0123")
}

fn user() -> UserId {
    UserId::parse("alice@example.com").unwrap()
}

fn label() -> Option<Label> {
    Some(Label::parse("backup script").unwrap())
}

fn at(millis_later: u64) -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000 + millis_later)
}

fn bytes<const N: usize>() -> [u8; N] {
    core::array::from_fn(|place| u8::try_from(place).unwrap())
}

fn head(revision: u64) -> AuditHead {
    AuditHead { revision, mac: bytes().map(|byte: u8| 255 - byte) }
}

fn bare_record() -> KeyRecord {
    KeyRecord {
        key_id: key(),
        user: user(),
        label: None,
        created_at: at(0),
        created_by: 1000,
        expires_at: None,
        last_used_at: None,
        state: KeyState::Active,
    }
}

fn full_record() -> KeyRecord {
    let expires_at = Some(Timestamp::MAX_EXPIRY);
    KeyRecord { label: label(), expires_at, last_used_at: Some(at(60_000)), ..bare_record() }
}

fn revoked_record() -> KeyRecord {
    KeyRecord {
        key_id: id("0000000001"),
        user: UserId::parse("日本").unwrap(),
        created_by: 0,
        state: KeyState::Revoked { cause: RevocationCause::Expired, at: at(60_000) },
        ..bare_record()
    }
}

fn validation() -> Vec<Example> {
    let same = |one: &Validate<'_>, other: &Validate<'_>| {
        one.key_id == other.key_id && one.digest == other.digest && one.operation == other.operation
    };
    let question = |operation| Validate::new(key(), KeyDigest::from_bytes(bytes())).operation(operation);
    let operation = Operation::new(b"GET", b"/api/user/active/0/20?x=1");
    let plain = ValidKey {
        user: "a",
        key_id: id("0000000001"),
        label: None,
        expires_at: None,
        freshness: Freshness { instance: PAGE_INSTANCE, epoch: 0, slot: 0, generation: 0 },
    };
    let full = ValidKey {
        user: "alice@example.com",
        key_id: key(),
        label: Some("backup script"),
        expires_at: Some(Timestamp::MAX_EXPIRY),
        freshness: Freshness { instance: PAGE_INSTANCE, epoch: 251, slot: 65_535, generation: 65_536 },
    };
    vec![
        example!("Validate.request.key-only", Validate<'_>, question(None), same),
        example!("Validate.request.with-operation", Validate<'_>, question(Some(operation)), same),
        example!("Validate.answer.valid", Verdict<'_>, Verdict::Valid(plain)),
        example!("Validate.answer.valid-full", Verdict<'_>, Verdict::Valid(full)),
    ]
}

fn refusals() -> Vec<Example> {
    macro_rules! refused {
        ($( $name:literal => $refusal:expr, )*) => {
            vec![$( example!($name, Verdict<'_>, Verdict::Refused($refusal)) ),*]
        };
    }
    refused! {
        "Validate.answer.invalid" => Refusal::Invalid,
        "Validate.answer.unknown-key" => Refusal::UnknownKey,
        "Validate.answer.not-saved" => Refusal::NotSaved,
        "Validate.answer.wrong-secret" => Refusal::WrongSecret,
        "Validate.answer.revoked-Deleted" => Refusal::Revoked(RevocationCause::Deleted),
        "Validate.answer.revoked-Replaced" => Refusal::Revoked(RevocationCause::Replaced),
        "Validate.answer.revoked-CredentialsChanged" => Refusal::Revoked(RevocationCause::CredentialsChanged),
        "Validate.answer.revoked-UserDeleted" => Refusal::Revoked(RevocationCause::UserDeleted),
        "Validate.answer.revoked-Expired" => Refusal::Revoked(RevocationCause::Expired),
        "Validate.answer.damaged" => Refusal::Damaged,
        "Validate.answer.denied" => Refusal::OperationDenied("list active users"),
        "Validate.answer.denied-by-default" => Refusal::OperationDenied(""),
        "Validate.answer.ambiguous" => Refusal::OperationAmbiguous("the path holds an encoded slash"),
    }
}

fn daemon() -> Vec<Example> {
    let status = |store| DaemonStatus {
        version: "0.1.0".to_owned(),
        pid: 4242,
        started_at: at(0),
        instance: STARTS,
        rights: RightSet::EMPTY.with(Right::Admin),
        store,
        store_id: bytes(),
        revision: 300,
        active_keys: 250,
        revoked_keys: 251,
        drafts: 65_536,
        connections: 3,
        policy_rows: 12,
    };
    let counters = vec![("validations.valid".to_owned(), u64::MAX), ("keys.generated".to_owned(), 0)];
    let files = |named: bool| FilesInForce {
        configuration: named.then(|| "/etc/apikeyd/apikeyd.toml".to_owned()),
        policy: named.then(|| "/etc/apikeyd/policy.toml".to_owned()),
        policy_rows: if named { 251 } else { 12 },
        policy_default_allow: !named,
        policy_hash: bytes(),
        read_at: at(60_000),
    };
    let reloaded = |policy_rows, policy_changed| Reloaded { policy_rows, policy_changed };
    vec![
        example!("Status.request.empty", Empty, Empty {}),
        example!("Status.answer.ready", DaemonStatus, status(StoreState::Ready)),
        example!("Status.answer.read-only", DaemonStatus, status(StoreState::ReadOnly)),
        example!("Statistics.request.empty", Empty, Empty {}),
        example!("Statistics.answer.counters", Statistics, Statistics { counters }),
        example!("FilesInForce.request.empty", Empty, Empty {}),
        example!("FilesInForce.answer.files", FilesInForce, files(true)),
        example!("FilesInForce.answer.defaults", FilesInForce, files(false)),
        example!("Reload.request.empty", Empty, Empty {}),
        example!("Reload.answer.changed", Reloaded, reloaded(12, true)),
        example!("Reload.answer.unchanged", Reloaded, reloaded(300, false)),
        example!("Backup.request.empty", Empty, Empty {}),
        example!("Backup.answer.ready", BackupReady, BackupReady { bytes: 1_589_248, head: head(300) }),
        example!(
            "Failure.answer.sentence",
            Failure,
            Failure { message: "no draft has this id; generate again".to_owned() }
        ),
    ]
}

fn policy() -> Vec<Example> {
    let row = |method: &str, path: &str, allow, name: &str| PolicyRow {
        method: method.to_owned(),
        path: path.to_owned(),
        allow,
        name: name.to_owned(),
    };
    let page = |rows, next| PolicyPage {
        total: 302,
        default_allow: true,
        case_sensitive: false,
        epoch: 9,
        rows,
        next,
    };
    let rows =
        vec![row("GET", "/api/apikey/generate", false, "generate a key"), row("*", "/health", true, "")];
    let hash = PolicySummary::hash(true, false, &rows).unwrap();
    let summary = PolicySummary { total: 2, default_allow: true, case_sensitive: false, epoch: 9, hash };
    let answer = |verdict, because| PolicyAnswer { verdict, because };
    let operation = Operation::new(b"DELETE", b"/api/apikey/abc");
    vec![
        example!("PolicyRows.request.from-the-start", PolicyRows, PolicyRows::new(0)),
        example!("PolicyRows.request.next", PolicyRows, PolicyRows::new(300)),
        example!("PolicyRows.answer.page", PolicyPage, page(rows, Some(2))),
        example!("PolicyRows.answer.past-the-end", PolicyPage, page(Vec::new(), None)),
        example!("PolicySummary.request.empty", Empty, Empty {}),
        example!("PolicySummary.answer.summary", PolicySummary, summary),
        example!("PolicyTest.request.operation", Operation<'_>, operation),
        example!(
            "PolicyTest.answer.Allow",
            PolicyAnswer<'_>,
            answer(PolicyVerdict::Allow, "no row matches; the default is allow")
        ),
        example!("PolicyTest.answer.Deny", PolicyAnswer<'_>, answer(PolicyVerdict::Deny, "delete a key")),
        example!(
            "PolicyTest.answer.Ambiguous",
            PolicyAnswer<'_>,
            answer(PolicyVerdict::Ambiguous, "the path has two meanings")
        ),
    ]
}

fn caching() -> Vec<Example> {
    let ready = PageReady { monotonic_ns: 86_400_000_000_000, bytes: 524_352, policy_rules: 2 };
    let used = |digits, at| KeyUse::new(id(digits), Timestamp::from_unix_millis(at));
    let uses = vec![used("QwErTy0123", 1_800_000_000_000), used("0000000001", 1_800_000_060_000)];
    vec![
        example!("RevocationPage.request.empty", Empty, Empty {}),
        example!("RevocationPage.answer.ready", PageReady, ready),
        example!("ReportUses.request.two", ReportUses, ReportUses::new(uses)),
        example!("ReportUses.answer.empty", Empty, Empty {}),
    ]
}

fn lifecycle() -> Vec<Example> {
    let same = |one: &Generated, other: &Generated| {
        one.key_id == other.key_id
            && one.key.expose() == other.key.expose()
            && one.draft_expires_at == other.draft_expires_at
    };
    let draft = Generated {
        key_id: key(),
        key: ApiKey::parse(KEY.as_bytes()).unwrap(),
        draft_expires_at: at(60_000),
    };
    let bare = Generate::new(user());
    let full = Generate::new(user()).label(label()).expires_at(Timestamp::MAX_EXPIRY);
    let save = |mode| Save::new(key(), mode);
    vec![
        example!("Generate.request.bare", Generate, bare),
        example!("Generate.request.full", Generate, full),
        example!("Generate.answer.draft", Generated, draft, same),
        example!("Save.request.add", Save, save(SaveMode::Add)),
        example!("Save.request.replace", Save, save(SaveMode::Replace)),
        example!("Save.answer.added", Saved, Saved { key: bare_record(), replaced: None }),
        example!(
            "Save.answer.replaced",
            Saved,
            Saved { key: full_record(), replaced: Some(id("0000000001")) }
        ),
        example!("RetrieveUser.request.user", RetrieveUser, RetrieveUser::new(user())),
        example!("RetrieveUser.answer.active", KeyRecord, full_record()),
        example!("RetrieveKey.request.key", RetrieveKey, RetrieveKey::new(id("zzzzzzzzzz"))),
        example!("RetrieveKey.answer.revoked", KeyRecord, revoked_record()),
    ]
}

fn revocations() -> Vec<Example> {
    let deleted = |outcome| Deleted { key_id: key(), user: user(), outcome };
    let already = DeleteOutcome::AlreadyRevoked { cause: RevocationCause::Replaced, at: at(60_000) };
    let changed = |cause| CredentialsChanged::new(user(), cause);
    let both = UserRevoked { key_id: Some(key()), draft: Some(id("0000000001")) };
    vec![
        example!("Delete.request.key", Delete, Delete::new(key())),
        example!("Delete.answer.revoked", Deleted, deleted(DeleteOutcome::Revoked)),
        example!("Delete.answer.already-revoked", Deleted, deleted(already)),
        example!("Delete.answer.draft-discarded", Deleted, deleted(DeleteOutcome::DraftDiscarded)),
        example!("CredentialsChanged.request.Change", CredentialsChanged, changed(CredentialsCause::Change)),
        example!("CredentialsChanged.request.Reset", CredentialsChanged, changed(CredentialsCause::Reset)),
        example!("CredentialsChanged.answer.both", UserRevoked, both),
        example!("DeleteUser.request.user", DeleteUser, DeleteUser::new(user())),
        example!("DeleteUser.answer.nothing", UserRevoked, UserRevoked::default()),
    ]
}

fn lists() -> Vec<Example> {
    let list = |after, limit, include_revoked| {
        List::new().after(after).limit(limit).include_revoked(include_revoked)
    };
    let page = KeyPage { keys: vec![revoked_record(), full_record()], next: Some(key()) };
    vec![
        example!("List.request.first", List, list(None, 128, false)),
        example!("List.request.next", List, list(Some(key()), 1, true)),
        example!("List.answer.page", KeyPage, page),
        example!("List.answer.empty", KeyPage, KeyPage { keys: Vec::new(), next: None }),
    ]
}

fn audit() -> Vec<Example> {
    let report = |rows, fault| AuditReport { rows, head: head(300), fault };
    let rows = (1..).zip(every_event()).map(|(revision, event)| {
        let by_itself = matches!(revision, 1 | 7 | 8);
        let peer = Actor::Peer { uid: 1000, gid: 100, pid: 4_000_000 };
        AuditRow { revision, at: at(revision), actor: if by_itself { Actor::Daemon } else { peer }, event }
    });
    let every_event = AuditPage { rows: rows.collect(), next: Some(10) };
    let verify = |known_head| AuditVerify::new().known_head(known_head);
    let missing = AuditFault::Missing { revision: 17 };
    let altered = AuditFault::Altered { revision: 17 };
    let lost = AuditFault::KnownHeadLost { revision: 299 };
    let undone = AuditFault::RevocationUndone { revision: 17 };
    vec![
        example!("AuditList.request.first", AuditList, AuditList::new().limit(128)),
        example!("AuditList.answer.every-event", AuditPage, every_event),
        example!("AuditList.answer.empty", AuditPage, AuditPage { rows: Vec::new(), next: None }),
        example!("AuditVerify.request.plain", AuditVerify, verify(None)),
        example!("AuditVerify.request.known-head", AuditVerify, verify(Some(head(299)))),
        example!("AuditVerify.answer.intact", AuditReport, report(300, None)),
        example!("AuditVerify.answer.missing", AuditReport, report(16, Some(missing))),
        example!("AuditVerify.answer.altered", AuditReport, report(16, Some(altered))),
        example!("AuditVerify.answer.head-altered", AuditReport, report(300, Some(AuditFault::HeadAltered))),
        example!("AuditVerify.answer.known-head-lost", AuditReport, report(299, Some(lost))),
        example!("AuditVerify.answer.revocation-undone", AuditReport, report(300, Some(undone))),
    ]
}

fn every_event() -> [AuditEvent; 10] {
    let (key_id, user) = (key(), user);
    [
        AuditEvent::StoreCreated,
        AuditEvent::KeyAdded { key_id, user: user() },
        AuditEvent::KeyReplaced { key_id, replaced: id("0000000001"), user: user() },
        AuditEvent::KeyDeleted { key_id, user: user() },
        AuditEvent::CredentialsChanged { key_id, user: user(), cause: CredentialsCause::Reset },
        AuditEvent::UserDeleted { key_id, user: user() },
        AuditEvent::KeyExpired { key_id, user: user() },
        AuditEvent::RecordPurged { key_id },
        AuditEvent::PolicyLoaded { rows: 12, hash: bytes() },
        AuditEvent::BackupTaken,
    ]
}
