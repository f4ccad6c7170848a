//! Canaries, in short.

use apikeyd_campaigns::secrets::{Needles, Plan, run};
use apikeyd_kit::scratch::Scratch;
use std::path::Path;

#[test]
fn no_secret_is_found_after_all_is_done() {
    let program = Path::new(env!("CARGO_BIN_EXE_campaigns"));
    let report = run(&Scratch::new(program), program, Plan { rounds: 1, cores: false });
    assert!(report.found.is_empty(), "{:#?}", report.found);
    assert!(report.canaries == 12 && report.searched.len() > 6, "{report:?}");
}

#[test]
fn a_piece_is_found_wherever_it_stands() {
    let mut needles = Needles::default();
    needles.add("a secret", b"0123456789abcdefghijklmnopqrstuvwxyz-._~!$&");
    assert_eq!(needles.pieces(), 3);
    assert_eq!(needles.find_in(b"...ghijklmnopqrstuv..."), [("a secret [16..]", 3)]);
    assert_eq!(needles.find_in(b"qrstuvwxyz-._~!$&").len(), 1);
    assert!(needles.find_in(b"0123456789abcde").is_empty());
}
