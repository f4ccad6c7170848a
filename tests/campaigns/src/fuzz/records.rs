//! The values of the database: sealed key records and linked audit rows.

use super::allocation::within;
use super::input::Input;
use apikeyd_keystore::codecs::Codecs;
use apikeyd_protocol::key::KeyId;
use std::sync::LazyLock;

/// A record has two names of a byte's length at the most, each copied once.
const BOUND: usize = 4 * 1024;

static CODECS: LazyLock<Codecs> = LazyLock::new(|| Codecs::new(&[7; 32]));

/// Bytes as a key id, a place, what to do to the byte there, and the value of a table.
pub fn records(bytes: &[u8]) {
    LazyLock::force(&CODECS);
    let mut input = Input::new(bytes);
    let key_id = KeyId::new(input.u64() % (KeyId::END - 1) + 1).unwrap();
    let alteration = Alteration { at: input.below(256), with: input.byte().max(1) };
    let body = input.rest();
    assert!(within(BOUND, || CODECS.read_record(key_id, body)).is_none(), "nobody sealed this");
    record(key_id, body, &alteration);
    row(key_id.get(), body, &alteration);
}

/// What is done to a value: one byte is another.
struct Alteration {
    at: usize,
    with: u8,
}

impl Alteration {
    fn of(&self, value: &[u8]) -> Vec<u8> {
        let mut altered = value.to_vec();
        let length = altered.len();
        if let Some(byte) = altered.get_mut(self.at % length.max(1)) {
            *byte ^= self.with;
        }
        altered
    }
}

fn record(key_id: KeyId, body: &[u8], alteration: &Alteration) {
    let stored = CODECS.sealed(key_id, body);
    let read = within(BOUND, || CODECS.read_record(key_id, &stored));
    if let Some(record) = &read {
        assert_eq!(record.key_id, key_id);
        assert_eq!(CODECS.write_record(record), stored, "{record:?}");
    }
    let other = KeyId::new(key_id.get() % (KeyId::END - 1) + 1).unwrap();
    let refused = |key_id, bytes: &[u8]| CODECS.read_record(key_id, bytes).is_none();
    assert!(refused(other, &stored), "a record passes under another id");
    assert!(refused(key_id, &alteration.of(&stored)), "an altered record passes");
    assert!(refused(key_id, &stored[..stored.len() - 1]), "a cut record passes");
    assert!(refused(key_id, &[&stored[..], &[alteration.with]].concat()), "a longer record passes");
}

fn row(revision: u64, body: &[u8], alteration: &Alteration) {
    if let Some(row) = within(BOUND, || CODECS.read_row(revision, body)) {
        assert_eq!(row.revision, revision);
        assert_eq!(CODECS.write_row(&row), body, "{row:?}");
    }
    let before = core::array::from_fn(|at| body.get(at).copied().unwrap_or(0));
    let mut other_before = before;
    other_before[alteration.at % 32] ^= alteration.with;
    let link = CODECS.link(&before, revision, body);
    assert_ne!(link, CODECS.link(&other_before, revision, body), "the row before counts");
    assert_ne!(link, CODECS.link(&before, revision.wrapping_add(1), body), "the number counts");
    assert!(
        body.is_empty() || link != CODECS.link(&before, revision, &alteration.of(body)),
        "the row counts"
    );
}
