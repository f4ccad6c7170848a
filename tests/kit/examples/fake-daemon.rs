//! A fake daemon for authors of clients: `cargo run -p apikeyd-kit --example fake-daemon -- SOCKET [SCRIPT]`.
//!
//! It listens at SOCKET, follows the script for each connection, and writes each request that a line `request` takes to
//! standard output. The module `apikeyd_kit::script` says what a script may hold; without one, every key is valid and belongs to `alice`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it tells what it sees")]

use apikeyd_kit::bytes::Message;
use apikeyd_kit::fake_daemon::FakeDaemon;
use apikeyd_kit::script::Script;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let (socket, script) = match arguments.as_slice() {
        [socket] => (socket, Ok("welcome\nserve alice\n".to_owned())),
        [socket, file] => (socket, std::fs::read_to_string(file)),
        _ => {
            eprintln!("usage: fake-daemon SOCKET [SCRIPT]");
            return ExitCode::from(64);
        }
    };
    let script = script.map_err(|error| error.to_string()).and_then(|text| Script::parse(&text));
    let script = match script {
        Ok(script) => script,
        Err(fault) => {
            eprintln!("the script: {fault}");
            return ExitCode::from(65);
        }
    };
    if std::fs::symlink_metadata(socket).is_ok_and(|found| found.file_type().is_socket()) {
        let _old = std::fs::remove_file(socket);
    }
    let _fake = FakeDaemon::start_at(Path::new(socket), move |number, mut peer| {
        let seen = |asked: &Message| {
            let opcode =
                asked.opcode().map_or_else(|| asked.header.opcode.to_string(), |known| known.to_string());
            let body: String = asked.body.iter().map(|byte| format!("{byte:02x}")).collect();
            println!("connection {number}: {opcode} id={} body={body}", asked.header.request_id);
        };
        if let Err(fault) = script.follow(&mut peer, seen) {
            eprintln!("connection {number}: {fault}");
        }
    });
    loop {
        std::thread::park();
    }
}
