//! The short form of `linearizability`, and histories by hand.

use apikeyd_campaigns::linearizability::{Answer, Call, Operation, Plan, explain, run};
use apikeyd_client::{KeyId, SaveMode};
use apikeyd_kit::scratch::Scratch;
use std::path::Path;

const SHORT: Plan = Plan {
    operations: 20_000,
    minutes: None,
    clients: 64,
    users: 16,
    per_window: 50,
    seed: 1,
    stale_verdict: false,
};

fn scratch() -> Scratch {
    Scratch::new(Path::new(env!("CARGO_BIN_EXE_campaigns")))
}

#[test]
fn answers_to_many_clients_have_an_order() {
    let report = run(&scratch(), &SHORT);
    assert!(report.is_clean(), "{report}");
    assert!(report.operations() >= 20_000 && report.hits() > 0, "{report}");
}

#[test]
fn one_stale_verdict_in_a_recorded_history_is_found() {
    let report = run(&scratch(), &Plan { operations: 3_200, stale_verdict: true, ..SHORT });
    assert!(!report.is_clean(), "{report}");
}

#[test]
fn an_end_counts_from_its_answer_on() {
    let key = KeyId::new(7).unwrap();
    let history = |delete: (u64, u64), validate: (u64, u64)| {
        [
            operation((0, 1), Call::Generate, Answer::Generated(key)),
            operation(
                (2, 3),
                Call::Save { key, mode: SaveMode::Add },
                Answer::Saved { replaced: None, ended: None },
            ),
            operation(delete, Call::Delete { key }, Answer::Ended),
            operation(validate, Call::Validate { key }, Answer::Valid),
        ]
    };
    assert!(explain(&history((10, 20), (4, 5))), "before");
    assert!(explain(&history((10, 20), (15, 30))), "at the same time");
    assert!(explain(&history((10, 20), (20, 30))), "at the moment of the answer");
    assert!(!explain(&history((10, 20), (21, 30))), "after");
}

#[test]
fn two_saves_cannot_both_find_no_key() {
    let (one, two) = (KeyId::new(1).unwrap(), KeyId::new(2).unwrap());
    let saved = Answer::Saved { replaced: None, ended: None };
    let add = |key| Call::Save { key, mode: SaveMode::Add };
    // The second draft takes the place of the first, so the first must have been saved before it was made.
    let mut history = vec![
        operation((0, 9), Call::Generate, Answer::Generated(one)),
        operation((0, 9), Call::Generate, Answer::Generated(two)),
        operation((0, 20), add(one), saved),
        operation((10, 20), add(two), Answer::Conflict),
    ];
    assert!(explain(&history));
    history[3].answer = saved;
    assert!(!explain(&history));
}

fn operation((invoked, returned): (u64, u64), call: Call, answer: Answer) -> Operation {
    Operation { invoked, returned, call, answer }
}
