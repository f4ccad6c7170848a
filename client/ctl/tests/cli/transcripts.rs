//! What the program writes where it needs no daemon, as transcripts: `TRYCMD=overwrite` writes them anew, to be read.

use std::path::Path;

#[test]
fn the_program_writes_what_the_transcripts_say() {
    let cases = trycmd::TestCases::new();
    cases.register_bin("apikeyctl", Path::new(env!("CARGO_BIN_EXE_apikeyctl")));
    cases.case("tests/transcripts/*.trycmd");
}
