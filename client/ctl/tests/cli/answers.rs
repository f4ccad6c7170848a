//! What the commands write for people, byte by byte.

use crate::program::Peer;
use crate::samples::{LATER, NOW, ended, head, id, key, record, user};
use apikeyd_kit::replies::Reply;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::{
    AuditList, AuditPage, AuditReport, AuditVerify, CredentialsChanged, DaemonStatus, DeleteOutcome,
    DeleteUser, Deleted, FilesInForce, KeyPage, KeyRecord, List, Operation, PolicyAnswer, PolicyVerdict,
    Reloaded, RetrieveKey, RetrieveUser, Statistics, StoreState, UserRevoked,
};
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::right::{Right, RightSet};
use apikeyd_protocol::term::{
    Actor, AuditEvent, AuditFault, AuditHead, AuditRow, CredentialsCause, RevocationCause,
};

pub(crate) fn operation() -> Operation<'static> {
    Operation::new(b"PUT", b"/api/user")
}

pub(crate) fn denied() -> Reply {
    let because = "PUT /api/user (change a user)";
    Reply::ok(Opcode::PolicyTest, &PolicyAnswer { verdict: PolicyVerdict::Deny, because })
}

pub(crate) fn reloaded() -> Reply {
    Reply::ok(Opcode::Reload, &Reloaded { policy_rows: 12, policy_changed: true })
}

pub(crate) fn listed_audit() -> Reply {
    let peer = Actor::Peer { uid: 1000, gid: 100, pid: 4242 };
    let replaced =
        AuditEvent::KeyReplaced { key_id: key().id(), replaced: id("00000000zZ"), user: user("alice") };
    let rows = vec![
        AuditRow { revision: 1, at: NOW, actor: Actor::Daemon, event: AuditEvent::StoreCreated },
        AuditRow { revision: 2, at: NOW, actor: peer, event: replaced },
    ];
    Reply::ok(Opcode::AuditList, &AuditPage { rows, next: None })
}

pub(crate) fn verified() -> Reply {
    let fault = Some(AuditFault::Altered { revision: 41 });
    Reply::ok(Opcode::AuditVerify, &AuditReport { rows: 40, head: head(), fault })
}

pub(crate) fn files() -> Reply {
    Reply::ok(
        Opcode::FilesInForce,
        &FilesInForce {
            configuration: Some("/etc/apikeyd/apikeyd.toml".into()),
            policy: None,
            policy_rows: 12,
            policy_default_allow: true,
            policy_hash: [0xef; 32],
            read_at: NOW,
        },
    )
}

pub(crate) fn status() -> Reply {
    Reply::ok(Opcode::Status, &status_for(RightSet::EMPTY.with(Right::Admin)))
}

fn status_for(rights: RightSet) -> DaemonStatus {
    DaemonStatus {
        version: "0.1.0".into(),
        pid: 4242,
        started_at: NOW,
        instance: 3,
        rights,
        store: StoreState::Ready,
        store_id: [0xcd; 16],
        revision: 42,
        active_keys: 10,
        revoked_keys: 5,
        drafts: 1,
        connections: 2,
        policy_rows: 12,
    }
}

#[test]
fn show_tries_ten_characters_as_a_key_id_first() {
    let by_id = || Reply::ok(Opcode::RetrieveKey, &ended()).to(&RetrieveKey::new(id("00000000zZ")));
    let text = "key id:     00000000zZ\n\
                user:       bob\n\
                label:      -\n\
                state:      revoked: replaced, 2027-02-22T20:24:05Z\n\
                created:    2026-11-24T20:24:05Z by uid 1000\n\
                expires:    never\n\
                last used:  never\n";
    Peer::answering([by_id()]).run(["show", "00000000zZ"]).is(0, text, "");

    let no_key = Reply::failure(Opcode::RetrieveKey, Status::NotFound, "no such key");
    let named = KeyRecord { user: user("00000000zZ"), ..record() };
    let by_user = || Reply::ok(Opcode::RetrieveUser, &named).to(&RetrieveUser::new(user("00000000zZ")));
    let text = format!(
        "key id:     {}\n\
         user:       00000000zZ\n\
         label:      build server\n\
         state:      active\n\
         created:    2026-11-24T20:24:05Z by uid 1000\n\
         expires:    2027-02-22T20:24:05Z\n\
         last used:  2026-11-24T20:24:05Z\n",
        key().id()
    );
    Peer::answering([no_key, by_user()]).run(["show", "00000000zZ"]).is(0, &text, "");
    Peer::answering([by_user()]).run(["show", "--user", "00000000zZ"]).is(0, &text, "");
}

#[test]
fn a_failure_that_is_no_absence_does_not_fall_back_to_the_user() {
    let denied = Reply::failure(Opcode::RetrieveKey, Status::NotPermitted, "issue is needed");
    Peer::answering([denied]).run(["show", "00000000zZ"]).fails(77, "issue is needed");
}

#[test]
fn list_writes_columns_parted_by_tabs() {
    let page = KeyPage { keys: vec![record(), ended()], next: None };
    let asked = |include_revoked| List::new().include_revoked(include_revoked);
    let run = Peer::answering([Reply::ok(Opcode::List, &page).to(&asked(true))]).run(["list", "--ended"]);
    let text = format!(
        "KEY_ID\tSTATE\tCREATED\tEXPIRES\tLAST_USED\tUSER\tLABEL\n\
         {}\tactive\t2026-11-24T20:24:05Z\t2027-02-22T20:24:05Z\t2026-11-24T20:24:05Z\talice\tbuild server\n\
         00000000zZ\treplaced\t2026-11-24T20:24:05Z\t-\t-\tbob\t-\n",
        key().id()
    );
    run.is(0, &text, "");
    let empty = KeyPage { keys: vec![], next: None };
    let run = Peer::answering([Reply::ok(Opcode::List, &empty).to(&asked(false))]).run(["list"]);
    run.is(0, text.split_inclusive('\n').next().unwrap(), "apikeyctl: there are no keys\n");
    let run = Peer::answering([Reply::ok(Opcode::List, &empty)]).run(["--json", "list"]);
    run.is(0, "{\"keys\":[]}\n", "");
}

#[test]
fn delete_says_what_it_found() {
    let deleted = |outcome| {
        let deleted = Deleted { key_id: key().id(), user: user("alice"), outcome };
        let run =
            Peer::answering([Reply::ok(Opcode::Delete, &deleted)]).run(["delete", &key().id().to_string()]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        run.stdout
    };
    let key_id = key().id();
    assert_eq!(deleted(DeleteOutcome::Revoked), format!("revoked {key_id}, the key of alice\n"));
    assert_eq!(deleted(DeleteOutcome::DraftDiscarded), format!("discarded {key_id}, a draft for alice\n"));
    assert_eq!(
        deleted(DeleteOutcome::AlreadyRevoked { cause: RevocationCause::Expired, at: LATER }),
        format!("{key_id}, a key of alice, was already revoked: expired, 2027-02-22T20:24:05Z\n")
    );
}

#[test]
fn events_of_a_user_say_what_ended() {
    let both = UserRevoked { key_id: Some(key().id()), draft: Some(id("00000000zZ")) };
    let request = CredentialsChanged::new(user("alice"), CredentialsCause::Reset);
    let run = Peer::answering([Reply::ok(Opcode::CredentialsChanged, &both).to(&request)]).run([
        "credentials-changed",
        "alice",
        "--cause",
        "reset",
    ]);
    let text = format!("revoked {}, the key of alice\ndiscarded 00000000zZ, a draft for alice\n", key().id());
    run.is(0, &text, "");
    let request = DeleteUser::new(user("-x"));
    let run = Peer::answering([Reply::ok(Opcode::DeleteUser, &UserRevoked::default()).to(&request)]).run([
        "delete-user",
        "--",
        "-x",
    ]);
    run.is(0, "-x has no active key\n", "");
}

#[test]
fn status_shows_counters_to_those_who_may_see_them() {
    let text = "daemon:       apikeyd 0.1.0, process 4242\n\
                started:      2026-11-24T20:24:05Z, for the 3rd time\n\
                your rights:  validate\n\
                store:        ready\n\
                store id:     cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\n\
                revision:     42\n\
                keys:         10 active, 5 ended, 1 drafts\n\
                connections:  2\n\
                policy:       12 rows\n";
    let seen = status_for(RightSet::EMPTY.with(Right::Validate));
    Peer::answering([Reply::ok(Opcode::Status, &seen)]).run(["status"]).is(0, text, "");
    let counters = Statistics { counters: vec![("requests_validate".into(), 7)] };
    let counted = || Reply::ok(Opcode::Statistics, &counters);
    let run = Peer::answering([status(), counted(), files()]).run(["status"]);
    let end = "connections:  2\n\
               config:       /etc/apikeyd/apikeyd.toml\n\
               policy:       compiled-in, 12 rows, default allow\n\
               read:         2026-11-24T20:24:05Z\n\
               requests_validate                        7\n";
    assert!(run.stdout.ends_with(end), "{run:?}");
    let unknown = Reply::failure(Opcode::FilesInForce, Status::UnknownOpcode, "not known");
    let run = Peer::answering([status(), counted(), unknown]).run(["status"]);
    let end = "connections:  2\npolicy:       12 rows\nrequests_validate                        7\n";
    assert_eq!((run.code, run.stdout.ends_with(end)), (0, true), "a daemon that is older: {run:?}");
    let failing = DaemonStatus { store: StoreState::ReadOnly, ..seen };
    let run = Peer::answering([Reply::ok(Opcode::Status, &failing)]).run(["status"]);
    assert!(run.stdout.contains("\nstore:        read-only: the disk is full or failing;"), "{run:?}");
}

#[test]
fn the_audit_is_listed_up_to_the_limit() {
    let text = format!(
        "REVISION\tTIME\tACTOR\tEVENT\tKEY_ID\tUSER\tDETAIL\n\
         1\t2026-11-24T20:24:05Z\tdaemon\tstore-created\t-\t-\t-\n\
         2\t2026-11-24T20:24:05Z\tuid=1000 gid=100 pid=4242\tkey-replaced\t{}\talice\treplaced 00000000zZ\n",
        key().id()
    );
    let all = listed_audit().to(&AuditList::new());
    Peer::answering([all]).run(["audit", "list"]).is(0, &text, "");

    let row = |revision| AuditRow { revision, at: NOW, actor: Actor::Daemon, event: AuditEvent::BackupTaken };
    let page =
        |first: u64, count: u64, next| AuditPage { rows: (first..first + count).map(row).collect(), next };
    let run = Peer::answering([
        Reply::ok(Opcode::AuditList, &page(11, 128, Some(138))).to(&AuditList::new().after(10)),
        Reply::ok(Opcode::AuditList, &page(139, 2, Some(140))).to(&AuditList::new().after(138).limit(2)),
    ])
    .run(["audit", "list", "--after", "10", "--limit", "130"]);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 131), "{run:?}");
}

#[test]
fn verify_says_intact_or_what_is_not() {
    let report = |fault| Reply::ok(Opcode::AuditVerify, &AuditReport { rows: 40, head: head(), fault });
    let hex = "ab".repeat(32);
    let known = AuditVerify::new().known_head(AuditHead { revision: 7, mac: [0xab; 32] });
    let run =
        Peer::answering([report(None).to(&known)]).run(["audit", "verify", "--head", &format!("7:{hex}")]);
    run.is(0, &format!("intact: 40 rows, head 42:{hex}\n"), "");
    for (fault, words) in [
        (AuditFault::Missing { revision: 9 }, "row 9 is missing"),
        (AuditFault::Altered { revision: 9 }, "row 9 was altered"),
        (AuditFault::HeadAltered, "the head is not the hash of the last row"),
        (
            AuditFault::KnownHeadLost { revision: 9 },
            "the head of revision 9 that you gave is not in this chain: rows were cut off, or another database was put here",
        ),
        (
            AuditFault::RevocationUndone { revision: 9 },
            "the key that row 9 revoked is stored as active: an older record was put back into the database. Revoke it again, and find out who can write there",
        ),
    ] {
        let run = Peer::answering([report(Some(fault))]).run(["audit", "verify"]);
        run.is(1, &format!("not intact: {words}; 40 rows are intact\n"), "");
    }
}
