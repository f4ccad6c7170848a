//! The policy table in a running daemon.

use crate::support::House;
use rustix::process::Signal;

const STRICT: &str = "default = \"deny\"\n[[operation]]\nname = \"ping\"\nmethod = \"GET\"\npath = \"/ping\"\neffect = \"allow\"\n";

#[test]
fn a_key_and_an_operation_are_judged_in_one_call() {
    let house = House::open();
    let key = house.issue("alice");
    let judged = |method: &str, path: &str| {
        house.ctl.run_with_input(["validate", "--method", method, "--path", path], key.text.as_bytes())
    };
    judged("GET", "/api/file").prints(0, "alice");
    let denied = judged("PUT", "/api/user");
    assert_eq!(denied.code, 1);
    assert!(denied.stdout.starts_with("refused: "), "{denied:?}");
    let ambiguous = judged("PUT", "/api//user");
    assert_eq!(ambiguous.code, 1);
    assert!(ambiguous.stdout.starts_with("refused: "), "{ambiguous:?}");
    assert_eq!(house.ctl.run(["policy", "test", "PUT", "/api/user"]).code, 1);
    assert!(house.ctl.run(["policy", "test", "GET", "/api/file"]).stdout.starts_with("allow"));
}

#[test]
fn a_reload_takes_effect_at_once_and_a_faulty_file_changes_nothing() {
    let house = House::open_with(|start, scratch| {
        start.arg("--policy").arg(scratch.write("policy.toml", "default = \"allow\"\n"))
    });
    let key = house.issue("alice");
    let judged =
        || house.ctl.run_with_input(["validate", "--method", "GET", "--path", "/pong"], key.text.as_bytes());
    judged().prints(0, "alice");

    let _ = house.scratch.write("policy.toml", STRICT);
    assert_eq!(house.ctl.run(["policy", "reload"]).code, 0);
    assert_eq!(judged().code, 1);

    let _ = house.scratch.write(
        "policy.toml",
        "default = \"allow\"\n\n[[operation]]\nmethod = \"get\"\npath = \"x\"\nname = \"x\"\n",
    );
    let faulty = house.ctl.run(["policy", "reload"]);
    assert_eq!(faulty.code, 1, "{faulty:?}");
    assert!(faulty.stderr.contains("policy.toml:4:10: "), "{faulty:?}");
    assert_eq!(faulty.stderr.lines().count(), 2, "a line for each fault: {faulty:?}");
    assert_eq!(judged().code, 1, "the old table stays");
}

#[test]
fn sighup_reloads() {
    let mut house = House::open_with(|start, scratch| {
        start.arg("--policy").arg(scratch.write("policy.toml", "default = \"allow\"\n"))
    });
    let _ = house.scratch.write("policy.toml", STRICT);
    house.daemon.signal(Signal::HUP);
    house.daemon.wait_told("RELOADING=1");
    house.daemon.wait_told("READY=1");
    assert!(house.ctl.run(["policy", "test", "GET", "/pong"]).stdout.starts_with("deny"));
}
