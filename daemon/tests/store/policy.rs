//! The policy table: asked behind the key, exchanged as a whole, remembered in the audit.

use crate::house::{House, told};
use apikeyd_keystore::domain::Sources;
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::key::ApiKey;
use apikeyd_protocol::message::{Operation, PolicyRows, Validate};
use apikeyd_protocol::term::Actor;

const CUSTOM: &str = "default = \"deny\"\n";

fn table(text: &str) -> PolicyTable {
    PolicyTable::parse(text).unwrap()
}

fn ask(house: &House, key: &ApiKey, method: &str, target: &str) -> String {
    let operation = Some(Operation::new(method.as_bytes(), target.as_bytes()));
    let permit = house.permit();
    let request = Validate::new(key.id(), key.digest()).operation(operation);
    house.service().validate(&permit, &request).map(|judged| told(&judged.verdict())).unwrap()
}

#[test]
fn the_key_is_judged_first_and_then_the_operation() {
    let house = House::new();
    let key = house.issue("a");
    assert_eq!(ask(&house, &key, "GET", "/api/file"), "valid a");
    assert!(ask(&house, &key, "POST", "/api/apikey").starts_with("denied "));
    assert!(
        ask(&house, &key, "POST", "/api//apikey").starts_with("refused OperationAmbiguous(\"the path has")
    );
    house.delete(key.id()).unwrap();
    assert_eq!(ask(&house, &key, "POST", "/api/apikey"), "refused Revoked(Deleted)");
}

#[test]
fn another_table_is_in_force_at_once_and_stands_in_the_audit() {
    let house = House::new();
    let key = house.issue("a");
    assert_eq!(ask(&house, &key, "GET", "/api/file"), "valid a");
    let loaded =
        house.run(house.service().load_policy(Actor::Daemon, table(CUSTOM), &Sources::default())).unwrap();
    assert!(loaded.policy_changed && loaded.policy_rows == 0);
    assert_eq!(ask(&house, &key, "GET", "/api/file"), "denied ");
    let again =
        house.run(house.service().load_policy(Actor::Daemon, table(CUSTOM), &Sources::default())).unwrap();
    assert!(!again.policy_changed);
    assert_eq!(house.audit_names(), ["store-created", "key-added", "policy-loaded"]);
}

#[test]
fn a_table_that_was_exchanged_while_the_daemon_was_down_stands_in_the_audit() {
    let mut house = House::new();
    house.run(house.service().load_policy(Actor::Daemon, table(CUSTOM), &Sources::default())).unwrap();
    house.restart();
    assert_eq!(
        house.audit_names(),
        ["store-created", "policy-loaded", "policy-loaded"],
        "the shipped one again"
    );
    house.restart();
    assert_eq!(house.revision(), 3, "and no row when nothing changed");
}

#[test]
fn rows_come_in_pages_that_fit_a_frame() {
    let house = House::new();
    let mut text = "default = \"allow\"\n".to_owned();
    for row in 0..500 {
        let path = format!("/{row}/{}", "long".repeat(40));
        text += &format!("[[operation]]\nmethod = \"GET\"\npath = \"{path}\"\nname = \"row {row}\"\n");
    }
    house.run(house.service().load_policy(Actor::Daemon, table(&text), &Sources::default())).unwrap();
    let permit = house.permit();
    let (mut from, mut rows) = (Some(0), Vec::new());
    while let Some(next) = from {
        let page = house.service().policy_page(&permit, PolicyRows::new(next));
        let mut frame = Vec::new();
        apikeyd_protocol::codec::encode(&page, &mut frame).unwrap();
        assert_eq!(page.total, 500);
        from = page.next;
        rows.extend(page.rows);
    }
    assert_eq!(rows.len(), 500);
    assert!(rows.iter().enumerate().all(|(at, row)| row.name == format!("row {at}")));
}
