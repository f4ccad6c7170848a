//! `apikeyctl bench` measures, and leaves nothing behind.

use crate::support::House;
use apikeyd_kit::ctl::Run;
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../../client/ctl/JSON.md");

#[test]
fn it_reports_and_removes_its_users() {
    let house = House::open();
    for mode in ["validate", "save", "cached"] {
        let run = bench(&house, mode, &["--json"]);
        let report: Value = serde_json::from_str(&run.stdout).expect("one object");
        assert_eq!(shape(&report), shape(&documented()), "JSON.md describes another object");
        assert_eq!(report["mode"], mode);
        assert!(report["requests_per_second"].as_f64().expect("a number") > 0.0, "{report}");
        assert!(report["latency_us"]["p50"].as_f64().expect("a number") > 0.0, "{report}");
        assert_eq!(report["hit_share"].is_number(), mode == "cached", "{report}");
        assert_eq!(house.ctl.run(["--json", "list"]).stdout.matches("bench-").count(), 0);
    }
}

#[test]
fn the_mode_cached_measures_the_cache() {
    let house = House::open();
    let asked = || {
        let status: Value =
            serde_json::from_str(&house.ctl.run(["--json", "status"]).stdout).expect("a status");
        status["counters"]["validations.valid"].as_u64().expect("a counter")
    };
    let report: Value =
        serde_json::from_str(&bench(&house, "cached", &["--json"]).stdout).expect("one object");
    let validations = report["requests"].as_u64().expect("a number");
    // Two validations of each key come before the measurement.
    assert!(validations > 100 * (40 + asked()), "{report}, and {} were asked", asked());
    assert!(report["hit_share"].as_f64().expect("a share") > 0.99, "{report}");
    let words = bench(&house, "cached", &[]).stdout;
    assert!(words.contains("from cache ") && words.contains("means of batches of 100"), "{words}");
    let run = house.ctl.run(["bench", "--mode", "cached", "--pipeline", "2"]);
    run.fails(2, "leave --pipeline out");
}

fn bench(house: &House, mode: &str, more: &[&str]) -> Run {
    let measure = ["bench", "--mode", mode, "--connections", "2", "--keys", "20", "--seconds", "1"];
    let run = house.ctl.run(measure.iter().chain(more));
    assert_eq!(run.code, 0, "{run:?}");
    run
}

/// The example under the heading.
fn documented() -> Value {
    let section = DOCUMENT.split("\n## bench\n").nth(1).expect("a heading");
    let block = section.split("```json\n").nth(1).expect("an object").split("```").next().expect("its text");
    serde_json::from_str(block).expect("an object")
}

/// The names of all members.
fn shape(object: &Value) -> Vec<String> {
    let Value::Object(members) = object else { return Vec::new() };
    let below = |(name, value): (&String, &Value)| {
        let inner = shape(value).into_iter().map(|inner| format!("{name}.{inner}")).collect::<Vec<_>>();
        [vec![name.clone()], inner].concat()
    };
    members.iter().flat_map(below).collect()
}
