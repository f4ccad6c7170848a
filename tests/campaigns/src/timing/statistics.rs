//! Welch's t-test, over all measurements and over cropped ones.

/// Mean and variance of a growing set of numbers, by Welford's method.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn push(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - self.mean;
        self.mean += delta / self.count;
        self.squares += delta * (value - self.mean);
    }

    /// The variance of the mean.
    fn error(&self) -> f64 {
        self.squares / (self.count - 1.0) / self.count
    }
}

/// Two sets of measurements.
#[derive(Clone, Copy, Debug, Default)]
pub struct Welch {
    one: Moments,
    other: Moments,
}

impl Welch {
    /// Adds a measurement to the first set, or to the second.
    pub fn push(&mut self, second: bool, value: f64) {
        if second { self.other.push(value) } else { self.one.push(value) }
    }

    /// The test statistic; 0 for sets that are too small or do not vary.
    #[must_use]
    pub fn t(&self) -> f64 {
        let error = (self.one.error() + self.other.error()).sqrt();
        if self.one.count < 2.0 || self.other.count < 2.0 || error == 0.0 {
            return 0.0;
        }
        (self.one.mean - self.other.mean) / error
    }

    /// How much larger the first mean is.
    #[must_use]
    pub fn difference(&self) -> f64 {
        self.one.mean - self.other.mean
    }
}

/// Percentiles at which measurements are cropped: more of them where most of the times are.
const CROPS: [f64; 8] = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999];

/// Sets with fewer members than this are left out: the test wants many.
const ENOUGH: f64 = 1000.0;

/// The test with the largest |t|: over all measurements, and over those up to each of the percentiles. Each is the
/// set, the second or not, and the time.
#[must_use]
pub fn largest_t(measurements: &[(bool, u32)]) -> Welch {
    let mut sorted: Vec<u32> = measurements.iter().map(|(_, time)| *time).collect();
    sorted.sort_unstable();
    let crop_at = |share: f64| sorted.get(index(sorted.len(), share)).copied().unwrap_or(u32::MAX);
    let crops = CROPS.iter().map(|share| crop_at(*share)).chain([u32::MAX]);
    let tests = crops.map(|limit| {
        let mut test = Welch::default();
        for (second, time) in measurements.iter().filter(|(_, time)| *time <= limit) {
            test.push(*second, f64::from(*time));
        }
        test
    });
    tests
        .filter(|test| test.one.count.min(test.other.count) >= ENOUGH)
        .max_by(|one, other| one.t().abs().total_cmp(&other.t().abs()))
        .unwrap_or_default()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a count below 2^52"
)]
fn index(count: usize, share: f64) -> usize {
    (count as f64 * share) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damage::Chance;

    #[test]
    fn t_is_what_the_formula_gives() {
        let mut test = Welch::default();
        [27.5, 21.0, 19.0, 23.6, 17.0].iter().for_each(|value| test.push(false, *value));
        [27.1, 22.0, 20.8, 23.4, 23.4].iter().for_each(|value| test.push(true, *value));
        // Means 21.62 and 23.34; variances 16.852 and 5.568, by hand.
        let expected = (21.62 - 23.34) / (16.852_f64 / 5.0 + 5.568 / 5.0).sqrt();
        assert!((test.t() - expected).abs() < 1e-3, "{} and not {expected}", test.t());
        assert!((test.difference() + 1.72).abs() < 1e-9);
    }

    fn drawn(seed: u64, shift: u32) -> Vec<(bool, u32)> {
        let mut chance = Chance::new(seed);
        let draw = |_| {
            let second = chance.below(2) == 1;
            let noise = u32::from(chance.byte()) + u32::from(chance.byte());
            // One in a hundred is interrupted, for a time that drowns everything.
            let interrupted = if chance.below(100) == 0 { 1_000_000 } else { 0 };
            (second, 1000 + noise + interrupted + if second { shift } else { 0 })
        };
        (0..100_000).map(draw).collect()
    }

    #[test]
    fn a_shift_under_noise_is_found_and_none_is_not() {
        for seed in 0..5 {
            let found = largest_t(&drawn(seed, 8)).t().abs();
            assert!(found > super::super::LIMIT, "seed {seed}: {found}");
            let none = largest_t(&drawn(seed, 0)).t().abs();
            assert!(none < super::super::LIMIT, "seed {seed}: {none}");
        }
    }

    #[test]
    fn too_few_measurements_say_nothing() {
        assert_eq!(largest_t(&[(true, 1), (false, 2), (true, 5)]).t().abs(), 0.0);
    }
}
