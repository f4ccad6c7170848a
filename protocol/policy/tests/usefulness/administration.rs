//! What the tables deny stays denied, however it is spelled.

use crate::corpus::{apis, written};
use apikeyd_policy::{Effect, Verdict};
use std::collections::BTreeSet;

#[test]
fn administration_is_denied_by_each_row() {
    for api in apis() {
        let mut met = BTreeSet::new();
        for operation in api.others("denied.tsv") {
            let judgement = operation.judge(&api.table);
            assert_eq!(judgement.verdict, Verdict::Deny, "{}: {}", api.name, operation.line);
            met.insert(written(judgement.row));
        }
        let rows = api.table.rows().iter().filter(|row| row.effect() == Effect::Deny);
        let rows: BTreeSet<_> = rows.map(|row| written(Some(row))).collect();
        assert!(rows.len() >= 8, "{}: {} rows", api.name, rows.len());
        assert_eq!(met, rows, "{}: a row that denies nothing of denied.tsv", api.name);
    }
}

#[test]
fn no_walk_around_is_allowed() {
    let (mut tried, mut allowed) = (0, Vec::new());
    for api in apis() {
        let found = api.others_if_any("walkarounds-found.tsv");
        for operation in api.others("walkarounds.tsv").into_iter().chain(found) {
            tried += 1;
            if operation.judge(&api.table).verdict == Verdict::Allow {
                allowed.push(format!("{}: {}", api.name, operation.line));
            }
        }
    }
    println!("{tried} spellings of denied operations");
    assert!(tried >= 1_500 && allowed.is_empty(), "{} of {tried}: {allowed:#?}", allowed.len());
}
