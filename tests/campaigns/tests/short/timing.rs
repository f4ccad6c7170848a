//! The timing test, in short: that it asks what it says. Times are judged by the long form alone, on a quiet machine;
//! the statistics have their tests beside them.

use apikeyd_campaigns::timing::{House, PAIRS, compare_tags, early_exit};

#[test]
fn every_pair_is_refused_alike() {
    let house = House::new();
    for pair in &PAIRS {
        // Panics when an answer is another one than the one refusal.
        let test = house.compare(pair, 2_000, 1);
        assert!(test.t().is_finite(), "{}", pair.name);
    }
    assert!(compare_tags(2_000, 1).t().is_finite() && early_exit(2_000, 1).t().is_finite());
}
