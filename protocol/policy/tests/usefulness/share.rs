//! How much is refused.

use crate::corpus::{Corpus, all, apis};
use apikeyd_policy::Verdict;
use std::collections::BTreeSet;

/// Refused as ambiguous of each table: at most one operation in this many.
const ONE_IN: usize = 1_000;

/// How the operations of a corpus are judged.
struct Count {
    name: String,
    operations: usize,
    denied: usize,
    ambiguous: usize,
}

fn count(corpus: &Corpus) -> Count {
    let of =
        |verdict| corpus.operations.iter().filter(|one| one.judge(&corpus.table).verdict == verdict).count();
    Count {
        name: corpus.name.clone(),
        operations: corpus.operations.len(),
        denied: of(Verdict::Deny),
        ambiguous: of(Verdict::Ambiguous),
    }
}

fn print(counts: &[Count]) {
    println!(
        "| API | operations | allowed | denied | ambiguous | share refused |\n|---|---|---|---|---|---|"
    );
    for Count { name, operations, denied, ambiguous, .. } in counts {
        let allowed = operations - denied - ambiguous;
        let permyriad = (denied + ambiguous) * 10_000 / operations;
        let share = format!("{}.{:02} %", permyriad / 100, permyriad % 100);
        println!("| {name} | {operations} | {allowed} | {denied} | {ambiguous} | {share} |");
    }
}

#[test]
fn at_most_one_operation_in_a_thousand_is_refused() {
    let counts: Vec<_> = all().iter().map(count).collect();
    print(&counts);
    let too_many: Vec<_> = counts
        .iter()
        .filter(|count| count.ambiguous * ONE_IN > count.operations)
        .map(|count| format!("{}: {} of {}", count.name, count.ambiguous, count.operations))
        .collect();
    assert!(too_many.is_empty(), "refused as ambiguous: {too_many:#?}");
}

#[test]
fn no_operation_of_a_corpus_is_administration() {
    for corpus in all() {
        let denied = corpus.operations.iter().filter(|one| one.judge(&corpus.table).verdict == Verdict::Deny);
        let denied: Vec<_> = denied.map(|one| one.line.as_str()).collect();
        assert!(denied.is_empty(), "{}: {denied:#?}", corpus.name);
    }
}

#[test]
fn the_corpora_are_as_large_as_they_claim() {
    let apis = apis();
    let operations: usize = apis.iter().map(|api| api.operations.len()).sum();
    assert!(apis.len() >= 18 && operations >= 10_000, "{} APIs, {operations} operations", apis.len());
    let names = all().into_iter().find(|corpus| corpus.name == "names (shipped)").unwrap();
    let distinct: BTreeSet<_> =
        names.operations.iter().filter_map(|one| one.line.split('/').nth(3)).collect();
    assert!(distinct.len() >= 400, "{} names", distinct.len());
    for api in apis {
        let distinct: BTreeSet<_> = api.operations.iter().map(|one| &one.line).collect();
        assert_eq!(distinct.len(), api.operations.len(), "{} has a line twice", api.name);
    }
}
