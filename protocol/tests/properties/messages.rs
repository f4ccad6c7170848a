//! What is written is read as the same value, and no byte is left.

use crate::values::{
    audit_row, cause, fault, freshness, head, key_id, label, number, policy_row, raw, record,
    revocation_cause, small_number, text, time, user,
};
use apikeyd_protocol::codec::{decode, encode};
use apikeyd_protocol::key::KeyDigest;
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use apikeyd_protocol::message::{
    AuditList, AuditPage, AuditReport, AuditVerify, BackupReady, CredentialsChanged, DaemonStatus, Delete,
    DeleteOutcome, DeleteUser, Deleted, Failure, FilesInForce, Generate, KeyPage, KeyUse, List, Operation,
    PageReady, PolicyAnswer, PolicyPage, PolicyRows, PolicySummary, PolicyVerdict, Refusal, Reloaded,
    ReportUses, RetrieveKey, RetrieveUser, Save, Saved, Statistics, StoreState, UserRevoked, ValidKey,
    Validate, Verdict,
};
use apikeyd_protocol::right::RightSet;
use apikeyd_protocol::term::SaveMode;
use apikeyd_protocol::time::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy as _, any, prop_oneof, proptest};
use serde::{Deserialize, Serialize};

/// Not generic over the borrow: `T` is the type at the lifetime of `bytes`.
fn reads_back<'a, T>(message: &T, bytes: &'a mut Vec<u8>)
where
    T: Serialize + Deserialize<'a> + PartialEq,
{
    encode(message, bytes).unwrap();
    assert!(bytes.len() <= MAX_BODY_BYTES);
    assert!(decode::<T>(bytes).unwrap() == *message, "{bytes:02x?}");
}

proptest! {
    #[test]
    fn validate(key_id in key_id(), digest: [u8; 32], operation in option::of((raw(), raw()))) {
        let operation = operation.as_ref().map(|(method, target)| Operation::new(method, target));
        let mut bytes = Vec::new();
        let sent = Validate::new(key_id, KeyDigest::from_bytes(digest)).operation(operation);
        encode(&sent, &mut bytes).unwrap();
        let read: Validate<'_> = decode(&bytes).unwrap();
        assert!(read.digest == sent.digest);
        assert_eq!((read.key_id, read.operation), (key_id, operation));
    }

    #[test]
    fn verdict(user in text(), label in option::of(text()), key_id in key_id(), expires_at in option::of(time()),
               freshness in freshness()) {
        let label = label.as_deref();
        let valid = ValidKey { user: &user, key_id, label, expires_at, freshness };
        reads_back(&Verdict::Valid(valid), &mut Vec::new());
    }

    #[test]
    fn refusals(words in text(), reason in revocation_cause()) {
        for refusal in [
            Refusal::Invalid, Refusal::UnknownKey, Refusal::NotSaved, Refusal::WrongSecret,
            Refusal::Revoked(reason), Refusal::Damaged, Refusal::OperationDenied(&words),
            Refusal::OperationAmbiguous(&words),
        ] {
            reads_back(&Verdict::Refused(refusal), &mut Vec::new());
        }
    }

    #[test]
    fn policy(rows in vec(policy_row(), 0..8), numbers in (small_number(), number()), flags: (bool, bool),
              next in option::of(small_number()), words in text(), operation in (raw(), raw())) {
        let ((total, epoch), (default_allow, case_sensitive)) = (numbers, flags);
        let again = rows.clone();
        reads_back(&PolicyPage { total, default_allow, case_sensitive, epoch, rows, next }, &mut Vec::new());
        reads_back(&PolicyRows::new(total), &mut Vec::new());
        let hash = PolicySummary::hash(default_allow, case_sensitive, &again).unwrap();
        reads_back(&PolicySummary { total, default_allow, case_sensitive, epoch, hash }, &mut Vec::new());
        if let Some((_, fewer)) = again.split_last() {
            assert_ne!(PolicySummary::hash(default_allow, case_sensitive, fewer).unwrap(), hash);
        }
        assert_ne!(PolicySummary::hash(!default_allow, case_sensitive, &again).unwrap(), hash);
        assert_ne!(PolicySummary::hash(default_allow, !case_sensitive, &again).unwrap(), hash);
        reads_back(&Operation::new(&operation.0, &operation.1), &mut Vec::new());
        for verdict in [PolicyVerdict::Allow, PolicyVerdict::Deny, PolicyVerdict::Ambiguous] {
            reads_back(&PolicyAnswer { verdict, because: &words }, &mut Vec::new());
        }
    }

    #[test]
    fn requests(user in user(), label in label(), key_id in key_id(), expires_at in option::of(time()),
                cause in cause(), after in option::of(key_id()), limit: u16, include_revoked: bool) {
        reads_back(&Generate::new(user.clone()).label(label).expires_at(expires_at), &mut Vec::new());
        reads_back(&Save::new(key_id, SaveMode::Add), &mut Vec::new());
        reads_back(&Save::new(key_id, SaveMode::Replace), &mut Vec::new());
        reads_back(&RetrieveUser::new(user.clone()), &mut Vec::new());
        reads_back(&RetrieveKey::new(key_id), &mut Vec::new());
        reads_back(&Delete::new(key_id), &mut Vec::new());
        reads_back(&CredentialsChanged::new(user.clone(), cause), &mut Vec::new());
        reads_back(&DeleteUser::new(user), &mut Vec::new());
        reads_back(&List::new().after(after).limit(limit).include_revoked(include_revoked), &mut Vec::new());
    }

    #[test]
    fn lifecycle_answers(key in record(), replaced in option::of(key_id()), cause in revocation_cause(), at in time(),
                         draft in option::of(key_id())) {
        reads_back(&key, &mut Vec::new());
        for outcome in [
            DeleteOutcome::Revoked, DeleteOutcome::AlreadyRevoked { cause, at }, DeleteOutcome::DraftDiscarded,
        ] {
            reads_back(&Deleted { key_id: key.key_id, user: key.user.clone(), outcome }, &mut Vec::new());
        }
        reads_back(&Saved { key, replaced }, &mut Vec::new());
        reads_back(&UserRevoked { key_id: replaced, draft }, &mut Vec::new());
    }

    #[test]
    fn pages(keys in vec(record(), 0..20), rows in vec(audit_row(), 0..20), next in option::of(key_id()),
             after in option::of(number())) {
        reads_back(&KeyPage { keys, next }, &mut Vec::new());
        reads_back(&AuditPage { rows, next: after }, &mut Vec::new());
    }

    #[test]
    fn audit(after in number(), limit: u16, known_head in option::of(head()), head in head(), rows in number(),
             fault in option::of(fault())) {
        reads_back(&AuditList::new().after(after).limit(limit), &mut Vec::new());
        reads_back(&AuditVerify::new().known_head(known_head), &mut Vec::new());
        reads_back(&AuditReport { rows, head, fault }, &mut Vec::new());
        reads_back(&BackupReady { bytes: rows, head }, &mut Vec::new());
    }

    #[test]
    fn caching(monotonic_ns in number(), bytes in number(), policy_rules in small_number(),
               uses in vec((key_id(), time()), 0..100)) {
        reads_back(&PageReady { monotonic_ns, bytes, policy_rules }, &mut Vec::new());
        let uses = uses.into_iter().map(|(key_id, at)| KeyUse::new(key_id, at)).collect();
        reads_back(&ReportUses::new(uses), &mut Vec::new());
    }

    #[test]
    fn daemon(text in text(), numbers in vec(number(), 6), small in vec(small_number(), 3), store_id: [u8; 16],
              rights in any::<u32>().prop_map(RightSet::from_bits),
              store in prop_oneof![Just(StoreState::Ready), Just(StoreState::ReadOnly)],
              counters in vec((text(), number()), 0..100), policy_changed: bool) {
        let status = DaemonStatus {
            version: text.clone(), pid: small[0], started_at: Timestamp::from_unix_millis(numbers[0]),
            instance: numbers[1], rights, store, store_id, revision: numbers[2], active_keys: numbers[3],
            revoked_keys: numbers[4], drafts: numbers[5], connections: small[1], policy_rows: small[2],
        };
        reads_back(&status, &mut Vec::new());
        reads_back(&Statistics { counters }, &mut Vec::new());
        reads_back(&Reloaded { policy_rows: small[0], policy_changed }, &mut Vec::new());
        let configuration = policy_changed.then(|| text.clone());
        reads_back(&FilesInForce {
            configuration, policy: Some(text.clone()), policy_rows: small[2], policy_default_allow: policy_changed,
            policy_hash: [store_id; 2].concat().try_into().unwrap(), read_at: Timestamp::from_unix_millis(numbers[0]),
        }, &mut Vec::new());
        reads_back(&Failure { message: text }, &mut Vec::new());
    }
}
