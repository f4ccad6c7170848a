//! After a full run, no secret and no digest is anywhere it could be found.

use crate::support::{House, Key};
use std::path::Path;

#[test]
fn no_secret_and_no_digest_is_left_anywhere() {
    let house = House::open_with(|start, _| start.env("APIKEYD_LOG", "debug"));
    let mut keys = Vec::new();
    for number in 0..8 {
        let user = format!("user-{number}");
        keys.push(Key::from(&house.ctl.run(["generate", &user, "--label", "canary"])));
        let key = keys.last().expect("a key");
        let _ = house.validate(key);
        assert_eq!(house.ctl.run(["save", &key.id]).code, 0);
        assert_eq!(house.validate(key).code, 0);
        let _ = house
            .ctl
            .run_with_input(["validate", "--method", "GET", "--path", "/api//x"], key.text.as_bytes());
        // Cut short, so that the error paths see it, too.
        let _ = house.ctl.run_with_input(["validate"], &key.text.as_bytes()[..key.text.len() - 1]);
    }
    assert_eq!(house.ctl.run(["delete", &keys[0].id]).code, 0);
    let backup = house.scratch.path("backup");
    assert_eq!(house.ctl.run(["backup".as_ref(), backup.as_os_str()]).code, 0);

    let process = Path::new("/proc").join(house.daemon.pid().to_string());
    let state = house.scratch.state();
    let audit = house.ctl.run(["--json", "audit", "list"]);
    let mut places = vec![
        ("the log".to_owned(), house.daemon.log().into_bytes()),
        ("the audit".to_owned(), audit.stdout.into_bytes()),
        ("the command line".to_owned(), std::fs::read(process.join("cmdline")).expect("cmdline")),
        ("the environment".to_owned(), std::fs::read(process.join("environ")).unwrap_or_default()),
        ("the backup".to_owned(), std::fs::read(backup).expect("the backup")),
    ];
    for entry in std::fs::read_dir(state).expect("the state directory").flatten() {
        places.push((entry.path().display().to_string(), std::fs::read(entry.path()).expect("a file")));
    }
    assert!(
        places.iter().any(|(place, bytes)| place.ends_with(".redb") && !bytes.is_empty()),
        "the database was read"
    );
    for key in &keys {
        let parsed = apikeyd_protocol::key::ApiKey::parse(key.text.as_bytes()).expect("a key");
        let secret = &key.text.as_bytes()[key.text.len() - 49..key.text.len() - 6];
        for (place, bytes) in &places {
            assert!(!holds(bytes, secret), "the secret of {} is in {place}", key.id);
            assert!(!holds(bytes, parsed.digest().expose_bytes()), "the digest of {} is in {place}", key.id);
        }
    }
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
