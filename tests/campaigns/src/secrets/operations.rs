//! What is done with the canaries: every operation, and every way to fail that sees a key or a digest.

use super::needles::Needles;
use apikeyd_kit::bytes::{frame, request};
use apikeyd_kit::ctl::{Ctl, Run};
use apikeyd_protocol::frame::{HEADER_BYTES, Header};
use apikeyd_protocol::hello::Hello;
use apikeyd_protocol::key::{ApiKey, KeyId};
use apikeyd_protocol::message::Validate;
use apikeyd_protocol::operation::Opcode;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// A key that is to be looked for.
#[derive(Debug)]
pub struct Canary {
    /// The whole key.
    pub text: String,
    /// Its id.
    pub key_id: KeyId,
    secret: [u8; 43],
    digest: [u8; 32],
}

impl Canary {
    /// From the text of a key.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let key = ApiKey::parse(text.as_bytes()).unwrap();
        let (body, _checksum) = text.as_bytes().split_at(text.len() - 6);
        let secret = *body.last_chunk().unwrap();
        Self { text: text.into(), key_id: key.id(), secret, digest: *key.digest().expose_bytes() }
    }

    /// What may not be found of it.
    pub fn add_to(&self, needles: &mut Needles) {
        needles.add(&format!("secret of {}", self.key_id), &self.secret);
        needles.add(&format!("digest of {}", self.key_id), &self.digest);
    }
}

/// Makes canaries through the command line and uses them in every way; the number makes users of its own.
#[must_use]
pub(super) fn through_the_command_line(ctl: &Ctl, number: usize, backup: &Path) -> Vec<Canary> {
    let user = format!("canary-{number}");
    let draft = generated(&ctl.run(["generate", &user, "--label", "a label to be found"]));
    validate_in_every_way(ctl, &draft);
    let id = draft.key_id.to_string();
    assert_eq!(ctl.run(["save", &id]).code, 0);
    validate_in_every_way(ctl, &draft);
    let refused = [
        ctl.run(["generate", &user, "--save"]),
        // The key where an argument, an id or a name belongs.
        ctl.run(["delete", &draft.text]),
        ctl.run(["generate", &draft.text]),
        ctl.run(["show", &draft.text]),
        ctl.run(["validate", &draft.text]),
    ];
    assert!(refused.iter().all(|run| run.code != 0), "{refused:?}");
    let second = generated(&ctl.run(["generate", &user, "--replace", "--save"]));
    validate_in_every_way(ctl, &draft);
    validate_in_every_way(ctl, &second);
    assert_eq!(ctl.run(["credentials-changed", &user, "--cause", "reset"]).code, 0);
    validate_in_every_way(ctl, &second);
    let third = generated(&ctl.run(["--json", "generate", &user, "--save"]));
    assert_eq!(ctl.run(["delete", &third.key_id.to_string()]).code, 0);
    let fourth = generated(&ctl.run(["generate", &user, "--save"]));
    assert_eq!(ctl.run(["delete-user", &user]).code, 0);
    let _ = std::fs::remove_file(backup);
    assert_eq!(ctl.run(["backup".as_ref(), backup.as_os_str()]).code, 0);
    for arguments in [&["list", "--ended"][..], &["status"], &["audit", "list"], &["audit", "verify"]] {
        assert_eq!(ctl.run(arguments).code, 0, "{arguments:?}");
    }
    vec![draft, second, third, fourth]
}

/// From what `generate` printed, as text or as JSON.
fn generated(run: &Run) -> Canary {
    let text = run.stdout.split(['"', '\n', ' ']).find(|word| ApiKey::parse(word.as_bytes()).is_ok());
    Canary::of(text.unwrap_or_else(|| panic!("generate: {} {}", run.code, run.stderr)))
}

fn validate_in_every_way(ctl: &Ctl, canary: &Canary) {
    let key = canary.text.as_bytes();
    let _verdict = ctl.run_with_input(["validate"], key);
    let _verdict = ctl.run_with_input(["validate", "--method", "PUT", "--path", "/api/user"], key);
    let _verdict = ctl.run_with_input(["validate", "--method", "GET", "--path", "/api//x"], key);
    let (cut, doubled) = (&key[..key.len() - 1], [key, key].concat());
    for wrong in [cut, &doubled] {
        assert_ne!(ctl.run_with_input(["validate"], wrong).code, 0);
    }
}

/// Sends a canary's text and digest in every wrong shape.
pub(super) fn through_the_socket(socket: &Path, canary: &Canary) {
    let digest = ApiKey::parse(canary.text.as_bytes()).unwrap().digest();
    let validate = Validate::new(canary.key_id, digest);
    let request = request(Opcode::Validate, 1, &validate);
    let key = canary.text.as_bytes();
    let framed = |opcode, body: &[u8]| frame(opcode, 0, 2, body);
    // A key in the greeting's place.
    send(socket, &[key, key].concat());
    let trailing = [&request[HEADER_BYTES..], key].concat();
    for wrong in [
        framed(Opcode::Validate.code(), &trailing),
        framed(0xfff0, &trailing),
        framed(Opcode::Generate.code(), &trailing),
        framed(Opcode::Save.code(), key),
        // Half a request, and the end.
        request[..request.len() - 3].to_vec(),
        // Many, of which the last one breaks off.
        [request.repeat(64), request[..20].to_vec()].concat(),
        // A frame that is larger than any may be, and carries the digest.
        [&Header { length: u32::MAX, opcode: 1, flags_or_status: 0, request_id: 3 }.encode()[..], &trailing]
            .concat(),
    ] {
        send(socket, &[&Hello::CURRENT.encode()[..], &wrong].concat());
    }
}

/// Sends bytes and reads until the daemon closes.
fn send(socket: &Path, bytes: &[u8]) {
    let mut stream = UnixStream::connect(socket).unwrap();
    // The daemon may close in the middle of what it refuses.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}
