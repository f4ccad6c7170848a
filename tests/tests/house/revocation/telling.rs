//! While a page that was lost is waited out, no answer tells of a revocation that a cache does not know of; and
//! validations are answered at once.

use super::{client, is_accepted, issue, revoker, until, warm};
use crate::support::House;
use apikeyd_client::{
    ApiKey, AuditList, Client, CredentialsCause, Generate, List, Operation, SaveMode, UserId,
};
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::page::WAIT_OUT;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

/// Asks for one thing, of or for the user alice and her revoked key. What the answer says does not matter here.
fn ask(opcode: Opcode, client: &Client, key: &ApiKey) {
    let alice = UserId::parse("alice").expect("a user");
    match opcode {
        Opcode::Status => drop(client.status()),
        Opcode::PolicyTest => drop(client.policy_test(Operation::new("GET", "/"))),
        Opcode::Save => {
            let draft = client.generate(&Generate::new(alice)).expect("a draft");
            drop(client.save(draft.key_id, SaveMode::Add));
        }
        Opcode::RetrieveUser => drop(client.retrieve_user(&alice)),
        Opcode::RetrieveKey => drop(client.retrieve_key(key.id())),
        Opcode::Delete => drop(client.delete(key.id())),
        Opcode::CredentialsChanged => drop(client.credentials_changed(&alice, CredentialsCause::Reset)),
        Opcode::DeleteUser => drop(client.delete_user(&alice)),
        Opcode::List => drop(client.list(&List::new().limit(10).include_revoked(true))),
        Opcode::AuditList => drop(client.audit_list(&AuditList::new().limit(10))),
        Opcode::AuditVerify => drop(client.audit_verify(None)),
        Opcode::Statistics => drop(client.statistics()),
        Opcode::FilesInForce => drop(client.files_in_force()),
        Opcode::Reload => drop(client.reload()),
        Opcode::Backup => drop(client.backup()),
        // Those that cannot tell, or may: see docs/REVOCATION.md.
        Opcode::Validate
        | Opcode::PolicyRows
        | Opcode::PolicySummary
        | Opcode::RevocationPage
        | Opcode::ReportUses
        | Opcode::Generate => unreachable!("{opcode} is not held back"),
    }
}

const AT_ONCE: [Opcode; 6] = [
    Opcode::Validate,
    Opcode::PolicyRows,
    Opcode::PolicySummary,
    Opcode::RevocationPage,
    Opcode::ReportUses,
    Opcode::Generate,
];

#[test]
fn no_answer_tells_of_a_revocation_while_a_cache_may_not_know_of_it() {
    let house = House::open();
    let (cached, key) = (client(&house), issue(&revoker(&house), "alice"));
    warm(&cached, &key);
    std::fs::remove_file(house.scratch.page()).expect("a page");
    let house = house.crash_and_restart();
    let started = Instant::now();
    let others = revoker(&house);
    thread::scope(|scope| {
        scope.spawn(|| others.delete(key.id()).expect("an end"));
        // The verdict is the daemon's own and is not held back.
        until("the key is revoked", || !is_accepted(&others.validate(&key)));
        assert!(started.elapsed() < WAIT_OUT, "a validation waited");
        let early = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for opcode in Opcode::ALL.iter().filter(|opcode| !AT_ONCE.contains(opcode)) {
                let (others, key, cached, early) = (revoker(&house), &key, &cached, &early);
                scope.spawn(move || {
                    ask(*opcode, &others, key);
                    if is_accepted(&cached.validate(key)) {
                        early.lock().expect("a list").push((*opcode, started.elapsed()));
                    }
                });
            }
        });
        let early = early.into_inner().expect("a list");
        assert!(early.is_empty(), "answered while a cache accepted: {early:?}");
    });
}

#[test]
fn a_daemon_that_is_killed_after_it_has_waited_does_not_have_the_next_one_wait() {
    let house = House::open();
    let keys = ["alice", "bob"].map(|user| issue(&revoker(&house), user));
    std::fs::remove_file(house.scratch.page()).expect("a page");
    let house = house.crash_and_restart();
    // Waits for those who trust the page that is lost.
    revoker(&house).delete(keys[0].id()).expect("an end");
    let killed = Instant::now();
    let house = house.crash_and_restart();
    revoker(&house).delete(keys[1].id()).expect("an end");
    assert!(killed.elapsed() < WAIT_OUT, "the next one waited as well");
}
