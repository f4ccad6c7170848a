//! `apikeyctl bench` measures, and leaves nothing behind.

use crate::support::House;

#[test]
fn it_reports_and_removes_its_users() {
    let house = House::open();
    for mode in ["validate", "save"] {
        let run = house.ctl.run([
            "--json",
            "bench",
            "--mode",
            mode,
            "--connections",
            "2",
            "--keys",
            "20",
            "--seconds",
            "1",
        ]);
        assert_eq!(run.code, 0, "{run:?}");
        let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("one object");
        assert!(report["requests_per_second"].as_f64().expect("a number") > 0.0, "{report}");
        assert!(report["latency_us"]["p50"].as_f64().expect("a number") > 0.0, "{report}");
        assert_eq!(house.ctl.run(["--json", "list"]).stdout.matches("bench-").count(), 0);
    }
}
