//! The short form of `soak`: the machinery and its rules. What grows slowly is for the long form to see.

use apikeyd_campaigns::soak::{Plan, Rule, judge, run};
use apikeyd_kit::scratch::Scratch;
use std::path::Path;

const SHORT: Plan = Plan { seconds: 3, settled: 50, pause: 1_000, leak: false };

fn scratch() -> Scratch {
    Scratch::new(Path::new(env!("CARGO_BIN_EXE_campaigns")))
}

#[test]
fn everything_at_once_is_answered_rightly_across_restarts() {
    let report = run(&scratch(), &SHORT);
    assert!(report.wrong().is_empty(), "{report}");
    assert!(report.is_complete(), "{report}");
}

#[test]
fn connections_that_are_never_closed_are_seen() {
    let report = run(&scratch(), &Plan { leak: true, ..SHORT });
    let descriptors = report.measures().into_iter().find(|(name, _)| *name == "descriptors");
    assert!(descriptors.is_some_and(|(_, flatness)| !flatness.is_flat()), "{report}");
}

#[test]
fn a_series_that_grows_is_not_flat() {
    let rule = Rule { factor: 1.2, slack: 8.0 };
    let series = |step: f64| (0..30_u32).map(|slot| 40.0 + step * f64::from(slot)).collect::<Vec<_>>();
    assert!(judge(&series(0.0), rule).is_flat());
    assert!(judge(&series(0.5), rule).is_flat(), "what the slack is for");
    assert!(!judge(&series(1.5), rule).is_flat());
    let noisy: Vec<f64> = (0..30_u32).map(|slot| if slot % 7 == 0 { 400.0 } else { 40.0 }).collect();
    assert!(judge(&noisy, rule).is_flat(), "a few slots that stand out are no growth");
}
