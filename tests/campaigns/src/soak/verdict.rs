//! Flat or not.

/// How much the last third of a series may lie above its first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// The median of the first third is multiplied by this,
    pub factor: f64,
    /// and this is added. In the unit of the series.
    pub slack: f64,
}

/// What a series came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flatness {
    /// Median of the first third.
    pub first: f64,
    /// Median of the last third.
    pub last: f64,
    /// What the last one may be at the most.
    pub limit: f64,
}

impl Flatness {
    /// Whether it did not grow.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.last <= self.limit
    }
}

/// Holds the last third of a series against the first. The very first value counts for nothing: it is the warm-up.
#[must_use]
pub fn judge(series: &[f64], rule: Rule) -> Flatness {
    let warm = series.get(1..).unwrap_or_default();
    let third = warm.len().div_ceil(3);
    let first = median(warm[..third].to_vec());
    let last = median(warm[warm.len() - third..].to_vec());
    Flatness { first, last, limit: first * rule.factor + rule.slack }
}

/// The upper one of an even number of values; 0 of none.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
