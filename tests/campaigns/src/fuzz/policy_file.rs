//! A policy file.

use super::allocation::within;
use super::place::{is_one_line, lies_in};
use apikeyd_policy::{HandedRow, MAX_DIAGNOSTICS, MAX_NAME_CHARS, MAX_ROWS, MAX_TEMPLATE_BYTES, PolicyTable};

/// Bytes that a table, its tree and the TOML reader may hold for each byte of a file: a row of some forty bytes
/// becomes a node for each segment. Then what they may hold for an empty file, and for any.
const BOUND_PER_BYTE: usize = 512;
const BOUND: usize = 64 * 1024;
const BOUND_OF_ANY: usize = 112 * 1024 * 1024;

/// Operations that two readings of a table are held against.
const PROBES: [(&[u8], &[u8]); 8] = [
    (b"GET", b"/api/apikey"),
    (b"GET", b"/api/apikey.json"),
    (b"PUT", b"/API/user"),
    (b"DELETE", b"/api/user/42"),
    (b"HEAD", b"/a"),
    (b"POST", b"/a/b?_method=PUT"),
    (b"PURGE", b"/"),
    (b"get", b"/a"),
];

/// Bytes as a policy file.
pub fn policy_file(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let bound = (BOUND + BOUND_PER_BYTE * text.len()).min(BOUND_OF_ANY);
    match within(bound, || PolicyTable::parse(text)) {
        Ok(table) => reads_as_printed(text, &table),
        Err(faults) => {
            assert!((1..=MAX_DIAGNOSTICS + 1).contains(&faults.len()));
            assert!(faults.is_sorted_by_key(|fault| (fault.line, fault.column)), "{faults:?}");
            for fault in faults {
                lies_in(text, fault.line, fault.column);
                is_one_line(&fault.message);
            }
        }
    }
}

fn reads_as_printed(text: &str, table: &PolicyTable) {
    assert_eq!(table.source(), text);
    assert!(table.rows().len() <= MAX_ROWS);
    for row in table.rows() {
        lies_in(text, row.line(), 1);
        assert!(row.template().len() <= MAX_TEMPLATE_BYTES);
        assert!(row.name().is_none_or(|name| name.chars().count() <= MAX_NAME_CHARS));
    }
    let printed = print(table);
    let again = PolicyTable::parse(&printed).unwrap_or_else(|faults| panic!("{faults:?}\n{printed}"));
    let handed = PolicyTable::from_rows(table.default_effect(), table.case_sensitive(), rows(table)).unwrap();
    for other in [&again, &handed] {
        assert_eq!(other.default_effect(), table.default_effect());
        assert_eq!(other.case_sensitive(), table.case_sensitive());
        assert!(rows(table).eq(rows(other)), "{table:?} {other:?}");
        for (method, target) in PROBES {
            let (one, two) = (table.judge(method, target), other.judge(method, target));
            assert_eq!((one.verdict, one.ambiguity), (two.verdict, two.ambiguity));
            assert_eq!(one.row.map(|row| row.template()), two.row.map(|row| row.template()));
        }
    }
}

fn rows(table: &PolicyTable) -> impl Iterator<Item = HandedRow<'_>> {
    table.rows().iter().map(|row| HandedRow {
        method: row.method().unwrap_or("*"),
        path: row.template(),
        effect: row.effect(),
        name: row.name().unwrap_or_default(),
    })
}

/// The table as a file: every value written out, text with all that is not plain ASCII escaped.
fn print(table: &PolicyTable) -> String {
    let mut out =
        format!("default = \"{}\"\ncase_sensitive = {}\n", table.default_effect(), table.case_sensitive());
    for HandedRow { method, path, effect, name } in rows(table) {
        out += &format!("[[operation]]\neffect = \"{effect}\"\n");
        for (key, value) in [("method", method), ("path", path), ("name", name)] {
            if key != "name" || !value.is_empty() {
                out += &format!("{key} = \"{}\"\n", escaped(value));
            }
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            ' ' | '!' | '#'..='[' | ']'..='~' => character.to_string(),
            other => format!("\\U{:08X}", u32::from(other)),
        })
        .collect()
}
