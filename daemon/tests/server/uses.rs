//! Uses that callers report: only of keys that they were answered to be valid.

use crate::running::{Running, Setup};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_kit::users::{as_user, is_root};
use apikeyd_protocol::key::{ApiKey, KeyId};
use apikeyd_protocol::message::{
    DaemonStatus, Empty, KeyRecord, KeyUse, ReportUses, RetrieveKey, ValidKey, Validate, Verdict,
};
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::time::Timestamp;
use core::time::Duration;

const CONFIG: &str = "[rights]\nvalidate = { users = [4001, 4002] }";

fn last_used(client: &mut RawClient, key_id: KeyId) -> Option<Timestamp> {
    let record: KeyRecord = client.ask(Opcode::RetrieveKey, &RetrieveKey::new(key_id)).message();
    record.last_used_at
}

/// As this user, on a connection of its own: validates what `asked` gives and reports uses of these keys at these times.
fn report_as(daemon: &Running, uid: u32, asked: Vec<ApiKey>, uses: Vec<KeyUse>) {
    let socket = daemon.socket();
    as_user(uid, &[], move || {
        let mut client = RawClient::greeted(&socket);
        for key in asked {
            let validate = Validate::new(key.id(), key.digest());
            let answer = client.ask(Opcode::Validate, &validate);
            let verdict: Verdict<'_> = apikeyd_protocol::codec::decode(&answer.body).unwrap();
            assert!(matches!(verdict, Verdict::Valid(ValidKey { .. })), "{verdict:?}");
        }
        let Empty {} = client.ask(Opcode::ReportUses, &ReportUses::new(uses)).message();
    });
}

#[test]
fn a_caller_reports_uses_only_of_keys_that_it_was_answered_to_be_valid() {
    if !is_root() {
        return;
    }
    let daemon = Setup::new().config(CONFIG).start();
    let mut root = RawClient::greeted(&daemon.socket());
    let [own, others] = ["alice", "bob"].map(|user| root.issue(user).key);
    let started_at = root.ask(Opcode::Status, &Empty {}).message::<DaemonStatus>().started_at;
    let far = started_at.saturating_add(Duration::from_secs(3_600));
    let both = || [&own, &others].map(|key| KeyUse::new(key.id(), far)).to_vec();

    report_as(&daemon, 4002, vec![], both());
    assert_eq!(last_used(&mut root, own.id()), None, "nobody ever asked for it");
    let asked = ApiKey::parse(own.expose().as_bytes()).unwrap();
    report_as(&daemon, 4001, vec![asked], both());
    let known = last_used(&mut root, own.id()).expect("a use of the key that was asked for");
    assert!(known < far, "a time to come is the present");
    report_as(&daemon, 4002, vec![], both());
    assert_eq!(last_used(&mut root, own.id()), Some(known), "it was another user's to report");
    assert_eq!(last_used(&mut root, others.id()), None);
}
