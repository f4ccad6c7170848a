//! Drafts of one issuer take no room from others.

use super::binary;
use apikeyd_campaigns::hostile::house::House;
use apikeyd_campaigns::hostile::{drafts, strangers};
use apikeyd_protocol::frame::Status;

#[test]
fn an_issuer_that_fills_its_share_of_drafts_leaves_others_theirs() {
    if !strangers::are_other_users() {
        return;
    }
    let outcome = drafts::run(&House::open(binary()));
    assert_eq!(outcome.other, Status::Ok, "{outcome:?}");
    assert!(outcome.refused.is_some(), "{outcome:?}");
}
