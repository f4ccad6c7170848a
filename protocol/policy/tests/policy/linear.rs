//! The index says what asking one row after the other says, however many rows there are. (A router that changed
//! its mind above a hundred entries: CVE-2026-27587.)

use crate::backends::Request;
use crate::mutators;
use crate::random::Random;
use apikeyd_policy::{Effect, HandedRow, PolicyTable, Row, Verdict};
use proptest::prelude::*;
use std::collections::HashSet;

/// Few words, so that rows overlap: such as are near each other in every way.
const WORDS: [&str; 16] = [
    "api",
    "API",
    "Api",
    "apikey",
    "user",
    "users",
    "a",
    "a.b",
    "a.b.c",
    "b",
    ".well-known",
    "well-known",
    ".a.b",
    "abcdefgh",
    "abcdefgh1",
    "Abcdefgh2",
];
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "DELETE", "PROPFIND", "*"];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn one_row(seed: u64) {
        check(seed, 1, 40);
    }

    #[test]
    fn twelve_rows(seed: u64) {
        check(seed, 12, 60);
    }

    #[test]
    fn a_hundred_and_one_rows(seed: u64) {
        check(seed, 101, 30);
    }
}

#[test]
fn ten_thousand_rows() {
    for seed in 0..2 {
        check(seed, 10_000, 100);
    }
}

/// All this would prove nothing if the operations met no rows, or only equal ones.
#[test]
fn operations_meet_rows_in_every_way() {
    let mut met = HashSet::new();
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let default = *random.pick(&["allow", "deny"]);
        let table = PolicyTable::parse(&text_of_table(&mut random, 30, default)).unwrap();
        met.extend((0..200).map(|_| {
            let request = request(&mut random, &table);
            let judgement = table.judge(&request.method, &request.target);
            (judgement.verdict.as_str(), judgement.row.is_some())
        }));
    }
    let every = [
        ("allow", true),
        ("allow", false),
        ("deny", true),
        ("deny", false),
        ("ambiguous", true),
        ("ambiguous", false),
    ];
    assert_eq!(met, HashSet::from(every));
}

fn check(seed: u64, rows: usize, operations: usize) {
    let mut random = Random::new(seed);
    let default = *random.pick(&["allow", "deny"]);
    let text = text_of_table(&mut random, rows, default);
    let table = PolicyTable::parse(&text).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
    assert_eq!(table.rows().len(), rows);
    let alone = alone(&table);
    for _ in 0..operations {
        let request = request(&mut random, &table);
        let judgement = table.judge(&request.method, &request.target);
        let found = Judged { verdict: judgement.verdict, row: judgement.row.map(Row::line) };
        if let Some(expected) = linear(&table, &alone, &request) {
            assert_eq!(found, expected, "seed {seed}: {request:?}\n{judgement}");
        }
    }
}

pub(crate) fn text_of_table(random: &mut Random, rows: usize, default: &str) -> String {
    let case_sensitive = random.one_in(2);
    let mut text = format!("default = \"{default}\"\ncase_sensitive = {case_sensitive}\n");
    let mut seen = HashSet::new();
    while seen.len() < rows {
        let parts: Vec<_> = (0..random.below(6)).map(|_| part(random, rows)).collect();
        let method = random.pick(&METHODS);
        let covered: Vec<_> = parts
            .iter()
            .map(|part| {
                part.as_ref().map(|text| if case_sensitive { text.clone() } else { text.to_lowercase() })
            })
            .collect();
        if seen.insert((method, covered)) {
            let names =
                parts.iter().enumerate().map(|(at, part)| part.clone().unwrap_or(format!("{{p{at}}}")));
            let path = names.collect::<Vec<_>>().join("/");
            let effect = random.pick(&["allow", "deny"]);
            text +=
                &format!("[[operation]]\nmethod = \"{method}\"\npath = \"/{path}\"\neffect = \"{effect}\"\n");
        }
    }
    text
}

/// A part of a template; none for a parameter. In large tables some literals are their own, to make room.
fn part(random: &mut Random, rows: usize) -> Option<String> {
    match random.below(8) {
        0..2 => None,
        2 if rows > 100 => Some(format!("{}-{}", random.pick(&WORDS), random.below(100))),
        _ => Some((*random.pick(&WORDS)).to_owned()),
    }
}

/// A request like one for a row, or of words alone, mutated now and then.
fn request(random: &mut Random, table: &PolicyTable) -> Request {
    let row = random.pick(table.rows());
    let like_row = random.one_in(2);
    let parts = row.template().split('/').filter(|part| !part.is_empty());
    let segments: Vec<_> = parts
        .map(|part| if like_row && !part.starts_with('{') { part } else { *random.pick(&WORDS) })
        .collect();
    let method = row.method().unwrap_or(*random.pick(&METHODS));
    let mut request = Request {
        method: method.as_bytes().to_vec(),
        target: format!("/{}", segments.join("/")).into_bytes(),
    };
    for _ in 0..random.below(5) {
        random.pick(&mutators::ALL)(&mut request, random);
    }
    request
}

/// A verdict and the line of the row that gave it.
#[derive(Debug, PartialEq, Eq)]
struct Judged {
    verdict: Verdict,
    row: Option<usize>,
}

/// What is left of a table when only one row is asked.
struct Alone {
    row: PolicyTable,
    effect: Effect,
    line: usize,
    /// For a row that allows, the same that denies: so it is told when a reading meets it.
    denying: PolicyTable,
}

/// Each row as a table of its own, with the default that its effect does not have. All name the same methods, so that
/// what is known is known to each.
fn alone(table: &PolicyTable) -> Vec<Alone> {
    let named: String = METHODS
        .iter()
        .filter(|method| table.rows().iter().any(|row| row.method() == Some(method)))
        .map(|method| format!("[[operation]]\nmethod = \"{method}\"\npath = \"{}\"\n", "/far".repeat(64)))
        .collect();
    let of = |row: &Row, effect: Effect, default: &str| {
        let (method, path, effect) = (row.method().unwrap_or("*"), row.template(), effect.as_str());
        let case_sensitive = table.case_sensitive();
        let text = format!(
            "default = \"{default}\"\ncase_sensitive = {case_sensitive}\n[[operation]]\nmethod = \"{method}\"\n\
             path = \"{path}\"\neffect = \"{effect}\"\n{named}"
        );
        PolicyTable::parse(&text).unwrap()
    };
    let alone = |row: &Row| Alone {
        row: if row.effect() == Effect::Deny {
            of(row, Effect::Deny, "allow")
        } else {
            of(row, Effect::Allow, "deny")
        },
        effect: row.effect(),
        line: row.line(),
        denying: of(row, Effect::Deny, "allow"),
    };
    table.rows().iter().map(alone).collect()
}

/// A table of these rows, with the methods and the default of the whole.
fn together(table: &PolicyTable, rows: &[&Alone]) -> PolicyTable {
    let named = METHODS.iter().filter(|method| table.rows().iter().any(|row| row.method() == Some(method)));
    let far = "/far".repeat(64);
    let all = rows.iter().map(|alone| table.rows().iter().find(|row| row.line() == alone.line).unwrap());
    let all = all.map(|row| HandedRow {
        method: row.method().unwrap_or("*"),
        path: row.template(),
        effect: row.effect(),
        name: "",
    });
    let named = named.map(|method| HandedRow { method, path: &far, effect: Effect::Deny, name: "" });
    PolicyTable::from_rows(table.default_effect(), table.case_sensitive(), all.chain(named)).unwrap()
}

/// What the rows say one after the other, put together. None when rows allow a part of several methods each: whether
/// all are covered cannot be told from them.
fn linear(table: &PolicyTable, alone: &[Alone], request: &Request) -> Option<Judged> {
    let (method, target) = (request.method.as_slice(), request.target.as_slice());
    let judged =
        |verdict: Verdict, row: Option<&Alone>| Some(Judged { verdict, row: row.map(|row| row.line) });
    let empty = PolicyTable::parse("default = \"allow\"").unwrap();
    if empty.judge(method, target).verdict == Verdict::Ambiguous {
        return judged(Verdict::Ambiguous, None);
    }
    let met = |row: &&Alone| row.denying.judge(method, target).verdict != Verdict::Allow;
    let certain = |row: &&Alone| row.denying.judge(method, target).verdict == Verdict::Deny;
    let allows = |row: &Alone| row.row.judge(method, target).verdict == Verdict::Allow;
    let denying = || alone.iter().filter(|row| row.effect == Effect::Deny);
    let allowing = || alone.iter().filter(|row| row.effect == Effect::Allow);
    if let Some(row) = denying().find(certain) {
        return judged(Verdict::Deny, Some(row));
    }
    if let Some(row) = denying().find(met) {
        return judged(Verdict::Ambiguous, Some(row));
    }
    let allowed = allowing().find(certain);
    if table.default_effect() == Effect::Allow || allowing().any(allows) {
        return judged(Verdict::Allow, allowed);
    }
    if allowed.is_some() {
        return None;
    }
    let met: Vec<_> = allowing().filter(met).collect();
    if met.len() < 2 {
        let verdict = if met.is_empty() { Verdict::Deny } else { Verdict::Ambiguous };
        return judged(verdict, None);
    }
    // Each may allow some readings: a table of these alone says whether they allow all.
    let together = together(table, &met);
    let judgement = together.judge(method, target);
    if judgement.verdict != Verdict::Allow {
        return judged(Verdict::Ambiguous, None);
    }
    let place = together.rows().iter().position(|row| Some(row) == judgement.row);
    judged(Verdict::Allow, place.and_then(|at| met.get(at).copied()))
}
