//! The long form's report, a line for each attack.

use super::Outcome;
use super::attack::Attack;
use super::victim::{Seen, Times};

/// Microseconds of an uncached validation with its connection (p50, p99, p99.9), of one on a new connection (p99), and
/// under the same attack on another daemon (p99 of both).
pub(super) const HEAD: &str = "attack                   blows    p50    p99   p99.9   new p99   elsewhere p99   new p99      KiB   KiB bound";

/// Without an attack.
pub(super) fn print_quiet(name: &str, seen: &Seen) {
    println!("{name:<20} {:>9} {}", 0, times(seen));
}

/// Under an attack, here and elsewhere.
pub(super) fn print(attack: Attack, here: &Outcome, elsewhere: &Outcome) {
    let Seen { validations, connections } = &elsewhere.seen;
    println!(
        "{:<20} {:>9} {} {:>15} {:>9} {:>8} {:>11}",
        attack.name(),
        here.blows,
        times(&here.seen),
        micros(validations, 990),
        micros(connections, 990),
        here.grown_kib,
        attack.memory_bound_kib()
    );
}

fn times(seen: &Seen) -> String {
    let Seen { validations, connections } = seen;
    let [p50, p99, most] = [500, 990, 999].map(|per_mille| micros(validations, per_mille));
    format!("{p50:>6} {p99:>6} {most:>7} {:>9}", micros(connections, 990))
}

fn micros(times: &Times, per_mille: usize) -> u128 {
    times.per_mille(per_mille).as_micros()
}
