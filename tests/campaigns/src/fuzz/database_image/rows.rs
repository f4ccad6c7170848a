//! Alterations of rows through redb, so that its checksums hold: what somebody does who has the file and a program,
//! but not the pepper.

use crate::fuzz::input::Input;
use crate::in_memory::Image;
use redb::{Builder, Database, ReadableTable as _, TableDefinition, WriteTransaction};

const KEYS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("keys");
const AUDIT: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("audit");
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const ACTIVE: TableDefinition<'_, &str, u64> = TableDefinition::new("active");
const USED: TableDefinition<'_, u64, u64> = TableDefinition::new("used");
const DUE: TableDefinition<'_, (u64, u64), ()> = TableDefinition::new("due");
const ENDED: TableDefinition<'_, (u64, u64), ()> = TableDefinition::new("ended");

pub(super) fn alter(file: &mut Vec<u8>, count: usize, input: &mut Input<'_>) {
    let image = Image::of(core::mem::take(file));
    let database: Database = Builder::new().create_with_backend(image.clone()).unwrap();
    let txn = database.begin_write().unwrap();
    for _ in 0..count {
        alter_one(&txn, input);
    }
    txn.commit().unwrap();
    database.close().unwrap();
    *file = image.bytes();
}

fn alter_one(txn: &WriteTransaction, input: &mut Input<'_>) {
    match input.below(7) {
        0 | 1 => values(txn, KEYS, input),
        2 => values(txn, AUDIT, input),
        3 => meta(txn, input),
        4 => active(txn, input),
        5 => times(txn, input),
        _ => {
            let mut used = txn.open_table(USED).unwrap();
            used.insert(input.u64(), input.u64()).unwrap();
        }
    }
}

/// A value altered, cut, taken from another row or removed.
fn values(txn: &WriteTransaction, table: TableDefinition<'_, u64, &'static [u8]>, input: &mut Input<'_>) {
    let mut table = txn.open_table(table).unwrap();
    let rows: Vec<(u64, Vec<u8>)> = table
        .iter()
        .unwrap()
        .map(|row| row.map(|(key, value)| (key.value(), value.value().to_vec())).unwrap())
        .collect();
    if rows.is_empty() {
        return;
    }
    let (one, other) = (&rows[input.below(256) % rows.len()], &rows[input.below(256) % rows.len()]);
    let value = altered(&one.1, &other.1, input);
    match value {
        Some(value) => drop(table.insert(one.0, value.as_slice()).unwrap()),
        None => drop(table.remove(one.0).unwrap()),
    }
}

fn altered(value: &[u8], other: &[u8], input: &mut Input<'_>) -> Option<Vec<u8>> {
    let mut altered = value.to_vec();
    let kind = input.below(6);
    let at = input.below(256) % altered.len().max(1);
    match kind {
        0 => altered = other.to_vec(),
        1 => altered.truncate(at),
        2 => return None,
        3 => {
            let count = input.below(33);
            altered.extend_from_slice(input.bytes(count));
        }
        4 => altered.splice(at.., other.iter().skip(at).copied()).for_each(drop),
        _ => {
            if let Some(byte) = altered.get_mut(at) {
                *byte = input.byte();
            }
        }
    }
    Some(altered)
}

fn meta(txn: &WriteTransaction, input: &mut Input<'_>) {
    let mut meta = txn.open_table(META).unwrap();
    let name = input.choose(&["schema", "store-id", "pepper-check", "head", "instance", "policy"]);
    let value = meta.get(name).unwrap().map(|value| value.value().to_vec()).unwrap_or_default();
    match altered(&value, &[0xff; 64], input) {
        Some(value) => drop(meta.insert(name, value.as_slice()).unwrap()),
        None => drop(meta.remove(name).unwrap()),
    }
}

/// A user led to another's key, or to none.
fn active(txn: &WriteTransaction, input: &mut Input<'_>) {
    let keys: Vec<u64> = {
        let keys = txn.open_table(KEYS).unwrap();
        keys.iter().unwrap().map(|row| row.unwrap().0.value()).collect()
    };
    let mut active = txn.open_table(ACTIVE).unwrap();
    let user = format!("user-{}", input.below(40));
    let chosen = input.below(256);
    match keys.get(chosen) {
        Some(key) => drop(active.insert(user.as_str(), key).unwrap()),
        None if chosen.is_multiple_of(2) => drop(active.remove(user.as_str()).unwrap()),
        None => drop(active.insert(user.as_str(), input.u64()).unwrap()),
    }
}

/// Keys that are due or past their retention, which they are not.
fn times(txn: &WriteTransaction, input: &mut Input<'_>) {
    let keys: Vec<u64> = {
        let keys = txn.open_table(KEYS).unwrap();
        keys.iter().unwrap().map(|row| row.unwrap().0.value()).collect()
    };
    let table = input.choose(&[DUE, ENDED]);
    let mut table = txn.open_table(table).unwrap();
    let key = keys.get(input.below(256)).copied().unwrap_or_else(|| input.u64());
    table.insert((input.u64(), key), ()).unwrap();
}
