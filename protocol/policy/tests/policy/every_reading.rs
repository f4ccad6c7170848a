//! Under `default = "deny"`: what is allowed is allowed in every reading. The tables have rows for one number of segments
//! beside another, and now and then leave one out: where a server reads that number, nothing allows the operation.

use crate::backends::Request;
use crate::mutation::{Campaign, Judge, number_from_environment, spelled};
use crate::mutators;
use crate::random::Random;
use crate::rules::Rules;
use apikeyd_policy::{Ambiguity, PolicyTable, Verdict};
use std::collections::BTreeSet;

const TABLES: u64 = 40;

/// One table in this many leaves nothing out.
const WHOLE: usize = 3;

#[test]
fn what_is_allowed_by_default_deny_is_allowed_in_every_reading() {
    let count = number_from_environment("APIKEYD_POLICY_MUTATIONS", 100_000_usize) / 4;
    let seed: u64 = number_from_environment("APIKEYD_POLICY_SEED", 2026);
    let mut verdicts = [0; 3];
    for at in seed..seed + TABLES {
        let text = text_of_table(at);
        let table = PolicyTable::parse(&text).unwrap();
        let judge = |request: &Request| table.judge(&request.method, &request.target).verdict;
        let (bypasses, found) = tried(&table, &judge, at, count / usize::try_from(TABLES).unwrap());
        verdicts.iter_mut().zip(found).for_each(|(all, found)| *all += found);
        let first = bypasses.get(..bypasses.len().min(20)).unwrap_or_default().join("\n");
        assert!(bypasses.is_empty(), "seed {at}: {} allowed, but\n{first}\n{text}", bypasses.len());
    }
    println!("{verdicts:?}");
    assert!(verdicts[0] * 5 > count, "few are allowed: {verdicts:?}");
}

/// The property must be able to fail: a judge that is content with one reading that a row allows.
#[test]
fn a_judge_that_proves_one_reading_only_is_walked_around() {
    let mut all = Vec::new();
    for at in 0..4 {
        let table = PolicyTable::parse(&text_of_table(at)).unwrap();
        let judge = |request: &Request| {
            let judgement = table.judge(&request.method, &request.target);
            match judgement.ambiguity {
                Some(Ambiguity::EncodedDelimiter) if judgement.row.is_none() => Verdict::Allow,
                _ => judgement.verdict,
            }
        };
        all.extend(tried(&table, &judge, at, 2_000).0);
    }
    assert!(all.iter().any(|bypass| bypass.starts_with("a composition")), "{all:?}");
}

/// What is allowed though a back end reads something else, and how often each verdict came. Each request has slashes
/// between parameters encoded, and up to two mutations.
fn tried(table: &PolicyTable, judge: &Judge<'_>, seed: u64, count: usize) -> (Vec<String>, [usize; 3]) {
    let (rules, mut random) = (Rules::of(table), Random::new(seed));
    let operations = rules.operations();
    let mut campaign = Campaign::new(&rules, judge, Random::new(seed));
    let mut bypasses = Vec::new();
    for _ in 0..count {
        let mut request = joined(spelled(random.pick(&operations)), &mut random);
        for _ in 0..random.below(3) {
            random.pick(&mutators::ALL)(&mut request, &mut random);
        }
        bypasses.extend(campaign.bypasses(&request));
    }
    (bypasses, campaign.verdicts)
}

/// One slash encoded between two parameters, if there are two, or several.
fn joined(mut request: Request, random: &mut Random) -> Request {
    const SLASHES: [&str; 8] = ["%2F", "%2f", "%252F", "%5c", "\\", "%u2215", "%c0%af", "%e2%88%95"];
    for _ in 0..=random.below(2) {
        let places: Vec<_> = (0..request.target.len())
            .filter(|&at| request.target[at..].starts_with(b"/42") && request.target[..at].ends_with(b"42"))
            .collect();
        if !places.is_empty() {
            let at = *random.pick(&places);
            request.target.splice(at..=at, random.pick(&SLASHES).bytes());
        }
    }
    request
}

/// Rows with up to two runs of up to four parameters, of each length that is not left out.
fn text_of_table(seed: u64) -> String {
    let mut random = Random::new(seed);
    let is_whole = random.one_in(WHOLE);
    let case_sensitive = random.one_in(2);
    let mut rows = BTreeSet::new();
    for word in ["a", "b.c", "Files"] {
        let (first, second) = (1 + random.below(4), random.below(3));
        let ends_in_literal = random.one_in(2);
        for (left, right) in (1..=first).flat_map(|left| (1..=second.max(1)).map(move |right| (left, right)))
        {
            let mut parts = vec![word.to_owned()];
            parts.extend((0..left).map(|at| format!("{{l{at}}}")));
            if second > 0 {
                parts.push("raw".to_owned());
                parts.extend((0..right).map(|at| format!("{{r{at}}}")));
            }
            if ends_in_literal {
                parts.push("info".to_owned());
            }
            let methods: &[&str] = if random.one_in(3) { &["*"] } else { &["GET", "HEAD", "PUT"] };
            for method in methods.iter().filter(|_| is_whole || !random.one_in(8)) {
                rows.insert((*method, format!("/{}", parts.join("/")), "allow"));
            }
        }
    }
    if random.one_in(4) {
        rows.insert(("PUT", "/a/{x}/raw/secret".to_owned(), "deny"));
    }
    let row = |(method, path, effect): &(&str, String, &str)| {
        format!("[[operation]]\nmethod = \"{method}\"\npath = \"{path}\"\neffect = \"{effect}\"\n")
    };
    let rows: String = rows.iter().map(row).collect();
    format!("default = \"deny\"\ncase_sensitive = {case_sensitive}\n{rows}")
}
