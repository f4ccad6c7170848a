//! How many drafts one caller may have waiting, and that others do not feel it.

use crate::house::{House, peer};
use apikeyd::operations::ErrorKind;
use apikeyd::operations::ServiceError;
use apikeyd_kit_service::permit;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::{Delete, Generate};
use apikeyd_protocol::name::UserId;

/// As `docs/DESIGN.md` and PROTOCOL.md state it.
const SHARE: usize = 8_192;

/// More than the daemon has room for.
const FLOOD: usize = 65_536 + 1;

fn generate(house: &House, uid: u32, user: &str) -> Result<KeyId, ServiceError> {
    let caller = peer(uid);
    let request = Generate::new(UserId::parse(user).unwrap());
    Ok(house.service().generate(&permit(house.service(), &caller), request)?.key_id)
}

/// Generates for other users until it is refused; gives the number of drafts that it got, and the refusal.
fn flood(house: &House, uid: u32) -> (usize, ServiceError) {
    for made in 0..FLOOD {
        if let Err(refused) = generate(house, uid, &format!("{uid}-{made}")) {
            return (made, refused);
        }
    }
    panic!("{FLOOD} drafts of one caller, and no refusal");
}

#[test]
fn the_drafts_of_one_caller_leave_room_for_the_others() {
    let house = House::new();
    for uid in [1000, 0] {
        let (made, refused) = flood(&house, uid);
        assert_eq!(refused.kind, ErrorKind::Busy);
        assert_eq!(made, SHARE, "root has the share of everybody else: {refused}");
        let told = &refused.message;
        assert!(told.contains(&format!("uid {uid} ")) && told.contains(&SHARE.to_string()), "{told}");
        assert!(told.contains("save or delete"), "it says what to do: {told}");
    }
    generate(&house, 1001, "somebody").unwrap();
}

#[test]
fn a_full_share_takes_a_newer_draft_of_its_own_users_and_no_draft_of_others() {
    let house = House::new();
    let others = generate(&house, 1001, "shared").unwrap();
    flood(&house, 1000);
    assert_eq!(generate(&house, 1000, "shared").unwrap_err().kind, ErrorKind::Busy);
    generate(&house, 1000, "1000-5").unwrap();
    let caller = peer(1001);
    let permit = permit(house.service(), &caller);
    house.run(house.service().delete(&permit, Delete::new(others))).unwrap();
    let freed = generate(&house, 1001, "1000-7").unwrap();
    generate(&house, 1000, "one-more").unwrap();
    assert_eq!(generate(&house, 1000, "two-more").unwrap_err().kind, ErrorKind::Busy);
    house.run(house.service().delete(&permit, Delete::new(freed))).unwrap();
    assert_eq!(generate(&house, 1000, "two-more").unwrap_err().kind, ErrorKind::Busy, "it was another's");
}
