//! The ways to spoil rows behind redb's checksums: what somebody does who has the file and a program, but not the
//! pepper.

use super::chance::Chance;
use crate::in_memory::Image;
use redb::{Builder, Database, ReadableTable as _, Table, TableDefinition};

const KEYS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("keys");
const ACTIVE: TableDefinition<'_, &str, u64> = TableDefinition::new("active");

type Keys<'t> = Table<'t, u64, &'static [u8]>;

/// Opens an image as redb does, changes it, and gives the bytes back.
pub(super) fn edit(bytes: &mut Vec<u8>, edit: impl FnOnce(&redb::WriteTransaction)) {
    let image = Image::of(std::mem::take(bytes));
    let database: Database = Builder::new().create_with_backend(image.clone()).unwrap();
    let txn = database.begin_write().unwrap();
    edit(&txn);
    txn.commit().unwrap();
    database.close().unwrap();
    *bytes = image.bytes();
}

/// Spoils some rows and says how.
pub fn spoil_rows(bytes: &mut Vec<u8>, chance: &mut Chance) -> String {
    let mut what = String::new();
    edit(bytes, |txn| {
        what = if chance.below(6) == 0 {
            lie_in_the_index(&mut txn.open_table(ACTIVE).unwrap(), chance)
        } else {
            spoil_records(&mut txn.open_table(KEYS).unwrap(), chance)
        };
    });
    what
}

fn spoil_records(keys: &mut Keys<'_>, chance: &mut Chance) -> String {
    let ids: Vec<u64> = keys.iter().unwrap().map(|entry| entry.unwrap().0.value()).collect();
    let (one, other) = (ids[chance.below(ids.len())], ids[chance.below(ids.len())]);
    let record = |keys: &Keys<'_>, id| keys.get(id).unwrap().unwrap().value().to_vec();
    let (mut first, second) = (record(keys, one), record(keys, other));
    match chance.below(4) {
        0 => {
            keys.insert(one, second.as_slice()).unwrap();
            keys.insert(other, first.as_slice()).unwrap();
            format!("records of {one} and {other} swapped")
        }
        1 => {
            keys.insert(one, second.as_slice()).unwrap();
            format!("record of {other} copied to {one}")
        }
        2 => {
            let at = chance.below(first.len());
            first[at] ^= 1 << (chance.byte() % 8);
            keys.insert(one, first.as_slice()).unwrap();
            format!("a bit of byte {at} flipped in the record of {one}")
        }
        _ => {
            first.truncate(chance.below(first.len()));
            keys.insert(one, first.as_slice()).unwrap();
            format!("record of {one} cut to {} bytes", first.len())
        }
    }
}

fn lie_in_the_index(active: &mut Table<'_, &'static str, u64>, chance: &mut Chance) -> String {
    let rows: Vec<(String, u64)> = active
        .iter()
        .unwrap()
        .map(|entry| entry.map(|(user, id)| (user.value().to_owned(), id.value())).unwrap())
        .collect();
    let (user, id) = &rows[chance.below(rows.len())];
    let (other, other_id) = &rows[chance.below(rows.len())];
    active.insert(user.as_str(), other_id).unwrap();
    active.insert(other.as_str(), id).unwrap();
    format!("active keys of {user} and {other} swapped in the index")
}
