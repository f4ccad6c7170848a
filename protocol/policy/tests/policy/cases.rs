//! Every line of `policy_cases.tsv`: method, target, expected, why.

use apikeyd_policy::{PolicyTable, Verdict, parse_case_line};

const CASES: &str = include_str!("../policy_cases.tsv");

struct Case {
    method: Vec<u8>,
    target: Vec<u8>,
    expected: Verdict,
    why: &'static str,
}

fn cases() -> Vec<Case> {
    CASES.lines().filter(|line| !line.starts_with('#')).map(case).collect()
}

fn case(line: &'static str) -> Case {
    let columns: Vec<_> = line.split('\t').collect();
    let [method, target, expected, why] = columns[..] else { panic!("not four columns: {line}") };
    let (method, target) = parse_case_line(format!("{method}\t{target}").as_bytes()).unwrap();
    let expected = match expected {
        "allow" => Verdict::Allow,
        "deny" => Verdict::Deny,
        "reject" => Verdict::Ambiguous,
        other => panic!("unknown verdict {other}"),
    };
    Case { method, target, expected, why }
}

#[test]
fn the_shipped_table_gives_every_verdict() {
    let table = PolicyTable::shipped();
    let cases = cases();
    assert!(cases.len() >= 400, "{}", cases.len());
    let wrong: Vec<_> = cases
        .iter()
        .filter(|case| table.judge(&case.method, &case.target).verdict != case.expected)
        .map(|case| format!("{}: {}", case.why, table.judge(&case.method, &case.target)))
        .collect();
    assert!(wrong.is_empty(), "{} of {} cases: {wrong:#?}", wrong.len(), cases.len());
}

#[test]
fn every_refused_case_gives_its_reason_and_its_row() {
    let table = PolicyTable::shipped();
    for case in cases() {
        let judgement = table.judge(&case.method, &case.target);
        assert_eq!(judgement.ambiguity.is_some(), case.expected == Verdict::Ambiguous, "{}", case.why);
        let is_malformed = judgement.ambiguity.is_some_and(|reason| reason.is_malformed());
        let names_a_row = judgement.verdict != Verdict::Allow && !is_malformed;
        assert_eq!(judgement.row.is_some(), names_a_row, "{}", case.why);
    }
}

/// The shipped table ignores case, so no vector says this.
#[test]
fn another_case_in_a_case_sensitive_table_is_ambiguous() {
    let text = "default = \"allow\"\ncase_sensitive = true\n\
                [[operation]]\nmethod = \"GET\"\npath = \"/V1/Keys/{id}\"\n";
    let table = PolicyTable::parse(text).unwrap();
    for (target, expected) in [
        ("/V1/Keys/7", Verdict::Deny),
        ("/v1/Keys/7", Verdict::Ambiguous),
        ("/V1/KEYS/7", Verdict::Ambiguous),
        ("/v1/key/7", Verdict::Allow),
    ] {
        assert_eq!(table.judge(b"GET", target.as_bytes()).verdict, expected, "{target}");
    }
}
