//! The judge of operations against a second judge.

mod judge;
mod rules;

use super::allocation::within;
use super::input::Input;
use apikeyd_policy::{Ambiguity, Judgement, PolicyTable, Verdict};
use judge::{Said, judge};
use rules::Rules;

/// Bytes as a table, a method up to a zero byte, and a target.
///
/// # Panics
/// When the judge lets pass what the second judge refuses; when they differ in any other way that the rules do
/// not leave open; when the judgement does not fit itself; or when judging allocates.
pub fn policy_target(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let rules = Rules::choose(&mut input);
    let method = input.until(0);
    let target = input.rest();
    let table = PolicyTable::parse(&rules.file()).unwrap();
    let judgement = within(0, || table.judge(method, target));
    fits_itself(&judgement);
    let expected = judge(&rules, method, target);
    let said = match judgement.verdict {
        Verdict::Allow => Said::Allow,
        Verdict::Ambiguous => Said::Ambiguous,
        Verdict::Deny => Said::Deny,
    };
    let shown = || {
        format!(
            "{} {} with\n{}the judge says {judgement:?} and the second judge {expected:?}",
            method.escape_ascii(),
            target.escape_ascii(),
            rules.file()
        )
    };
    assert!(said != Said::Allow || expected == Said::Allow, "{}", shown());
    if said != expected {
        assert!(is_left_open(&judgement, target), "{}", shown());
    }
}

fn fits_itself(judgement: &Judgement<'_>) {
    assert_eq!(judgement.verdict == Verdict::Ambiguous, judgement.ambiguity.is_some());
    assert!(!judgement.to_string().is_empty());
    if let Some(row) = judgement.row {
        let by_row = judgement.ambiguity.is_none() && row.effect().as_str() == judgement.verdict.as_str();
        assert!(by_row || judgement.ambiguity == Some(Ambiguity::NearLiteral), "{judgement:?}");
    }
}

/// Where the rules are a floor: the judge may know more characters that hide, the cookieless sessions of
/// ASP.NET, and more ways to write an override of the method. Each makes it stricter only.
fn is_left_open(judgement: &Judgement<'_>, target: &[u8]) -> bool {
    let (path, query) = judge::parts(target);
    let decoded = judge::decoded(path);
    match judgement.ambiguity {
        Some(Ambiguity::HiddenCharacter) => !decoded.is_ascii(),
        Some(Ambiguity::CookielessSession) => decoded
            .split(|byte| *byte == b'/')
            .any(|segment| matches!(segment, [b'(', letter, b'(', ..] if letter.is_ascii_alphabetic())),
        _ => may_override(&query.map(judge::decoded).unwrap_or_default()),
    }
}

/// Whether a query may name another method in some reading: it holds the word, whatever stands around it.
fn may_override(query: &[u8]) -> bool {
    query.windows(6).any(|word| word.eq_ignore_ascii_case(b"method"))
}
