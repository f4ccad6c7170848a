//! What is refused as ambiguous, and why.

use crate::corpus::{all, written};
use apikeyd_policy::{Effect, Verdict};

#[test]
fn every_refused_operation_names_the_denied_row_that_it_could_be() {
    let mut wrong = Vec::new();
    for corpus in all() {
        let by_default = corpus.table.default_effect() == Effect::Deny;
        for operation in &corpus.operations {
            let judgement = operation.judge(&corpus.table);
            let names_a_denied_row = judgement.row.map_or(by_default, |row| row.effect() == Effect::Deny);
            let is_expected =
                corpus.expected.iter().any(|expected| expected.operation.line == operation.line);
            if judgement.verdict == Verdict::Ambiguous && !(names_a_denied_row && is_expected) {
                wrong.push(format!("{}: {}: {judgement}", corpus.name, operation.line));
            }
        }
    }
    let some: Vec<_> = wrong.iter().take(40).collect();
    assert!(wrong.is_empty(), "{} are refused without need: {some:#?}", wrong.len());
}

#[test]
fn what_could_be_a_denied_operation_is_refused() {
    let mut wrong = Vec::new();
    for corpus in all() {
        for expected in &corpus.expected {
            let judgement = expected.operation.judge(&corpus.table);
            let row = written(judgement.row);
            if (judgement.verdict, &row) != (Verdict::Ambiguous, &expected.row) {
                let line = &expected.operation.line;
                wrong.push(format!("{}: {line}: {} {judgement} ({row})", corpus.name, judgement.verdict));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
