//! The ways to rewrite history: what somebody does to the audit who has the file and a program, but not the pepper.

use super::asked::Outcome;
use super::chance::Chance;
use super::rows::edit;
use super::subject::{Subject, open_later};
use crate::in_memory::Image;
use apikeyd::parts::Parts;
use apikeyd_protocol::term::AuditHead;
use redb::{ReadableTable as _, Table, TableDefinition, WriteTransaction};

const AUDIT: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("audit");
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// Bytes of the link at the end of a row.
const LINK: usize = 32;

/// One alteration of the audit. Rows are named by their revision, from 1 on.
#[derive(Clone, Debug)]
pub enum Alteration {
    /// A bit of a row is another.
    Flip {
        /// The row.
        row: u64,
        /// By chance, reduced to the row's length.
        at: u64,
        /// The bit, 0 to 7.
        bit: u8,
    },
    /// A row is gone.
    Remove(u64),
    /// A row is gone and all behind it moved up, the head with them.
    CloseUp(u64),
    /// Two different rows have changed places.
    Swap(u64, u64),
    /// A row has the content of another one.
    Copy {
        /// The original.
        from: u64,
        /// What it stands in the place of.
        to: u64,
    },
    /// A row stands a second time, behind the last.
    Append(u64),
    /// A row says another uid, and it and all rows behind it have links of the forger's making, the head, too.
    Reseal(u64),
    /// The head is another.
    Head {
        /// By chance, reduced to the head's length.
        at: u64,
    },
    /// The rows from this one on are gone and the head is that of the row before: only a head that was kept
    /// elsewhere tells.
    CutTail(u64),
}

impl Alteration {
    /// An alteration of an audit with this many rows.
    pub fn draw(chance: &mut Chance, rows: u64) -> Self {
        let row = 1 + chance.next() % rows;
        // Any row but that one.
        let other = 1 + (row + chance.next() % (rows - 1)) % rows;
        match chance.below(9) {
            0 => Self::Flip { row, at: chance.next(), bit: chance.byte() % 8 },
            1 => Self::Remove(row),
            2 => Self::CloseUp(row),
            3 => Self::Swap(row, other),
            4 => Self::Copy { from: other, to: row },
            5 => Self::Append(row),
            6 => Self::Reseal(row),
            7 => Self::Head { at: chance.next() },
            // The first row cannot be cut: a store without a row has no head to forge.
            _ => Self::CutTail(row.max(2)),
        }
    }

    /// Whether what is left is a whole chain, which nothing inside the file can tell from the one that was.
    const fn cuts_the_tail(&self, last: u64) -> bool {
        matches!(*self, Self::CutTail(_)) || matches!(*self, Self::CloseUp(row) if row == last)
    }

    fn apply(&self, txn: &WriteTransaction, last: u64) {
        let mut rows = txn.open_table(AUDIT).unwrap();
        match *self {
            Self::Flip { row, at, bit } => {
                let mut bytes = get(&rows, row);
                let at = place(at, bytes.len());
                bytes[at] ^= 1 << bit;
                put(&mut rows, row, &bytes);
            }
            Self::Remove(row) => drop(rows.remove(row).unwrap()),
            Self::CloseUp(row) => {
                for revision in row..last {
                    let next = get(&rows, revision + 1);
                    put(&mut rows, revision, &next);
                }
                rows.remove(last).unwrap();
                forge_head(txn, &rows, last - 1);
            }
            Self::Swap(one, other) => {
                let (first, second) = (get(&rows, one), get(&rows, other));
                put(&mut rows, one, &second);
                put(&mut rows, other, &first);
            }
            Self::Copy { from, to } => {
                let bytes = get(&rows, from);
                put(&mut rows, to, &bytes);
            }
            Self::Append(row) => {
                let bytes = get(&rows, row);
                put(&mut rows, last + 1, &bytes);
            }
            Self::Reseal(row) => {
                for revision in row..=last {
                    reseal(&mut rows, revision, revision == row);
                }
                forge_head(txn, &rows, last);
            }
            Self::Head { at } => {
                let mut meta = txn.open_table(META).unwrap();
                let mut head = meta.get("head").unwrap().unwrap().value().to_vec();
                // Revision and link; the counts between them are no part of the audit.
                let at = place(at, 8 + LINK);
                head[if at < 8 { at } else { at + 16 }] ^= 0x10;
                meta.insert("head", head.as_slice()).unwrap();
            }
            Self::CutTail(row) => {
                (row..=last).for_each(|revision| drop(rows.remove(revision).unwrap()));
                forge_head(txn, &rows, row - 1);
            }
        }
    }
}

/// Alters a copy of the subject and has the daemon check it, without a known head, and for a cut tail with the one
/// that was in the journal.
#[must_use]
pub fn found_by_verify(subject: &Subject, alteration: &Alteration) -> Outcome {
    let mut bytes = subject.closed.clone();
    edit(&mut bytes, |txn| alteration.apply(txn, subject.head.revision));
    let known_head = alteration.cuts_the_tail(subject.head.revision).then_some(subject.head);
    match verified(bytes, known_head) {
        Ok(Some(fault)) => Outcome::Told(fault),
        Ok(None) => Outcome::Wrong("verify finds nothing".into()),
        Err(error) => Outcome::Wrong(error),
    }
}

/// The fault that the daemon finds in an image's audit.
fn verified(bytes: Vec<u8>, known_head: Option<AuditHead>) -> Result<Option<String>, String> {
    let session = open_later(Image::of(bytes), Parts::system()).map_err(|error| error.to_string())?;
    let report = session.verify(known_head);
    session.close();
    let report = report.map_err(|error| error.to_string())?;
    Ok(report.fault.map(|fault| {
        let text = format!("{fault:?}");
        text.split([' ', '{']).next().unwrap_or_default().to_owned()
    }))
}

fn place(at: u64, length: usize) -> usize {
    usize::try_from(at % u64::try_from(length).expect("64 bits")).expect("below a length")
}

type Rows<'t> = Table<'t, u64, &'static [u8]>;

fn get(rows: &Rows<'_>, revision: u64) -> Vec<u8> {
    rows.get(revision).unwrap().unwrap().value().to_vec()
}

fn put(rows: &mut Rows<'_>, revision: u64, bytes: &[u8]) {
    rows.insert(revision, bytes).unwrap();
}

/// Gives a row the link that a forger can compute, who knows the construction and not the key.
fn reseal(rows: &mut Rows<'_>, revision: u64, alter: bool) {
    let before = if revision == 1 { [0; LINK].to_vec() } else { get(rows, revision - 1) };
    let mut bytes = get(rows, revision);
    let body = bytes.len() - LINK;
    if alter {
        bytes[10] ^= 1;
    }
    let link = blake3::Hasher::new_keyed(&[0; LINK])
        .update(&before[before.len() - LINK..])
        .update(&revision.to_le_bytes())
        .update(&bytes[..body])
        .finalize();
    bytes[body..].copy_from_slice(link.as_bytes());
    put(rows, revision, &bytes);
}

/// Makes the head fit the last row: revision in front, link at the end.
fn forge_head(txn: &WriteTransaction, rows: &Rows<'_>, revision: u64) {
    let mut meta = txn.open_table(META).unwrap();
    let mut head = meta.get("head").unwrap().unwrap().value().to_vec();
    head[..8].copy_from_slice(&revision.to_le_bytes());
    if revision > 0 {
        let last = get(rows, revision);
        let from = head.len() - LINK;
        head[from..].copy_from_slice(&last[last.len() - LINK..]);
    }
    meta.insert("head", head.as_slice()).unwrap();
}
