//! The judge of operations against the oracle of its tests.

mod tables;

// The oracle and what it needs, as the tests of the package have them. They are plain texts about servers and share no
// code with the judge.
#[path = "../../../../protocol/policy/tests/policy/oracle/mod.rs"]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod oracle;
#[path = "../../../../protocol/policy/tests/policy/request.rs"]
mod request;
#[path = "../../../../protocol/policy/tests/policy/rules.rs"]
#[allow(dead_code, clippy::indexing_slicing, reason = "the tests of the package use the rest")]
mod rules;

use super::allocation::within;
use super::input::Input;
use apikeyd_policy::{Judgement, PolicyTable, Verdict};
use request::Request;
use tables::Rules;

/// Longer targets have more texts than the oracle follows.
const MAX_TARGET_BYTES: usize = 160;

/// Bytes as a table, a method up to a zero byte, and a target.
pub fn policy_target(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let rules = Rules::choose(&mut input);
    let method = input.until(0);
    let target = input.rest();
    let table = PolicyTable::parse(&rules.file()).unwrap();
    let judgement = within(0, || table.judge(method, target));
    fits_itself(&judgement);
    let explanation = table.explain(method, target);
    assert_eq!(explanation.judgement, judgement);
    if judgement.verdict != Verdict::Allow || target.len() > MAX_TARGET_BYTES {
        return;
    }
    let request = Request { method: method.to_vec(), target: target.to_vec() };
    let denied = oracle::denied(&rules::Rules::of(&table), &request);
    assert!(
        denied.is_none(),
        "{} {} with\n{}the judge says {judgement:?}, and a server performs {denied:?}",
        method.escape_ascii(),
        target.escape_ascii(),
        rules.file()
    );
}

fn fits_itself(judgement: &Judgement<'_>) {
    assert_eq!(judgement.verdict == Verdict::Ambiguous, judgement.ambiguity.is_some());
    assert!(!judgement.to_string().is_empty());
    if judgement.ambiguity.is_some_and(|reason| reason.is_malformed()) {
        assert!(judgement.row.is_none(), "{judgement:?}");
    } else if let Some(row) = judgement.row.filter(|_| judgement.ambiguity.is_none()) {
        assert_eq!(row.effect().as_str(), judgement.verdict.as_str(), "{judgement:?}");
    }
}
