//! Rights that are withdrawn while their holders validate.

use apikeyd_campaigns::hostile::strangers;
use apikeyd_campaigns::withdrawal;
use std::path::Path;

#[test]
fn no_verdict_on_rights_that_were_withdrawn_is_kept_by_a_cache() {
    if !strangers::are_other_users() {
        eprintln!("skipped: only root can be another user");
        return;
    }
    let report = withdrawal::run(Path::new(env!("CARGO_BIN_EXE_campaigns")), 150);
    assert_eq!((report.cycles, report.violations), (150, 0));
    assert!(report.valid > 0 && report.not_permitted > 0, "{report}");
}
