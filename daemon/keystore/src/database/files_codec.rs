//! The files in force as stored in `meta`.
//!
//! | field | bytes |
//! |---|---|
//! | version | 1: the number 1 |
//! | configuration | a path: 0, or 1, its length (2) and its bytes |
//! | policy | a path |
//! | rows | 4 |
//! | default | 1: whether operations that match no row are allowed |
//! | hash | 32: BLAKE3 of the policy table's text |
//!
//! Without this value (in a store of a daemon that did not write it), only the hash of the policy table is
//! known.

use crate::database::schema::Fields;
use crate::domain::{FilesInForce, TableFacts};
use crate::error::Malformed;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

const VERSION: u8 = 1;

pub(crate) fn encode(files: &FilesInForce) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_path(&mut out, files.configuration.as_deref());
    put_path(&mut out, files.policy.as_deref());
    out.extend_from_slice(&files.table.rows.to_le_bytes());
    out.push(u8::from(files.table.default_allow));
    out.extend_from_slice(&files.table.hash);
    out
}

pub(crate) fn decode(bytes: &[u8]) -> Result<FilesInForce, Malformed> {
    let mut fields = Fields::new(bytes);
    if fields.u8()? != VERSION {
        return Err(Malformed);
    }
    let configuration = path(&mut fields)?;
    let policy = path(&mut fields)?;
    let rows = fields.u32()?;
    let default_allow = flag(&mut fields)?;
    let hash = fields.array()?;
    fields.end()?;
    Ok(FilesInForce { configuration, policy, table: TableFacts { rows, default_allow, hash } })
}

/// The kernel opens no path longer than 4,096 bytes.
fn put_path(out: &mut Vec<u8>, path: Option<&Path>) {
    let Some(path) = path else { return out.push(0) };
    let bytes = path.as_os_str().as_bytes();
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    out.push(1);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend(bytes.iter().take(usize::from(length)));
}

fn path(fields: &mut Fields<'_>) -> Result<Option<PathBuf>, Malformed> {
    if !flag(fields)? {
        return Ok(None);
    }
    let length = u16::from_le_bytes(fields.array()?);
    Ok(Some(OsStr::from_bytes(fields.bytes(usize::from(length))?).into()))
}

fn flag(fields: &mut Fields<'_>) -> Result<bool, Malformed> {
    match fields.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frozen: later daemons must read what this one wrote.
    #[test]
    fn the_bytes_are_the_golden_ones_and_are_read_back() {
        let table = TableFacts { rows: 258, default_allow: false, hash: [7; 32] };
        let cases = [
            (Some("/etc/a.toml"), Some("/p"), "01010b002f6574632f612e746f6d6c0102002f700201000000"),
            (None, None, "0100000201000000"),
        ];
        for (configuration, policy, golden) in cases {
            let files = FilesInForce {
                configuration: configuration.map(PathBuf::from),
                policy: policy.map(PathBuf::from),
                table,
            };
            let bytes = encode(&files);
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, format!("{golden}{}", "07".repeat(32)));
            assert_eq!(decode(&bytes), Ok(files));
            for cut in 0..bytes.len() {
                assert_eq!(decode(&bytes[..cut]), Err(Malformed));
            }
            assert_eq!(decode(&[&bytes[..], &[0]].concat()), Err(Malformed));
        }
        assert_eq!(decode(&[2, 0, 0]), Err(Malformed), "another version");
    }
}
