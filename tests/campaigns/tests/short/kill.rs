//! The short form of `sigkill`.

use apikeyd_campaigns::kill::{Plan, run};
use apikeyd_kit::scratch::Scratch;
use std::path::Path;

const SHORT: Plan = Plan {
    kills: 15,
    changes: 300,
    minutes: None,
    clients: 12,
    processes: 1,
    keys: 200,
    load_ms: 100,
    whole_every: 5,
    seed: 1,
};

fn scratch() -> Scratch {
    Scratch::new(Path::new(env!("CARGO_BIN_EXE_campaigns")))
}

#[test]
fn what_was_acknowledged_survives_sigkill() {
    let report = run(&scratch(), &SHORT);
    assert!(report.is_clean(), "{report}");
    // It would also be so if nothing had been tried.
    assert!(report.kills() >= 15 && report.changes() >= 300 && report.found().accepted > 0, "{report}");
}
