//! Tests that need access to internals.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use super::{Service, Settings, authorise};
use crate::parts::Parts;
use crate::peer::Peer;
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::message::{Delete, DeleteOutcome, Generate, Save};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::right::{Right, RightSet};
use apikeyd_protocol::term::SaveMode;

/// The second caller is answered while the first may still be in progress: it must be able to rely on the
/// revocation.
#[test]
fn ending_a_key_moves_its_generation_on_also_the_second_time() {
    let dir = tempfile::tempdir().unwrap();
    let service =
        Service::open(Settings::in_dir(dir.path()), PolicyTable::shipped(), Parts::system()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let peer = Peer { uid: 1, gid: 1, pid: 1, groups: Box::default() };
    let permit = || authorise(service.standing(|| RightSet::EMPTY.with(Right::Issue)), &peer).unwrap();
    let user = UserId::parse("a").unwrap();
    let key_id = service.generate(&permit(), Generate::new(user)).unwrap().key_id;
    let generation =
        || service.memory.generations.read(service.memory.generations.as_of(), key_id).generation;
    runtime.block_on(async {
        let fresh = generation();
        service.save(&permit(), Save::new(key_id, SaveMode::Add)).await.unwrap();
        assert_eq!(generation(), fresh, "a new key ends nothing");
        for _ in 0..3 {
            let before = generation();
            service.delete(&permit(), Delete::new(key_id)).await.unwrap();
            assert!(generation() > before);
        }
        let again = service.delete(&permit(), Delete::new(key_id)).await.unwrap();
        assert!(matches!(again.outcome, DeleteOutcome::AlreadyRevoked { .. }));
    });
}
