//! The users of one measurement, by number.

use crate::failure::Failure;
use apikeyd_client::UserId;
use std::fmt;
use std::ops::Range;

/// `bench-PID-0`, `bench-PID-1` and so on: two measurements at once do not meet.
#[derive(Debug)]
pub(super) struct Users {
    process: u32,
    count: u32,
}

impl Users {
    /// So many users.
    pub(super) fn new(count: u32) -> Self {
        Self { process: std::process::id(), count }
    }

    /// The user of a number.
    pub(super) fn name(&self, number: u32) -> Result<UserId, Failure> {
        UserId::parse(&format!("bench-{}-{number}", self.process))
            .map_err(|error| Failure::internal(error.to_string()))
    }

    /// The numbers that one of `parts` equal workers takes care of.
    pub(super) fn share(&self, part: u16, parts: u16) -> Range<u32> {
        let bound = |part: u64| {
            u32::try_from(u64::from(self.count) * part / u64::from(parts.max(1))).unwrap_or(self.count)
        };
        bound(part.into())..bound(u64::from(part) + 1)
    }
}

impl fmt::Display for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bench-{0}-0 to bench-{0}-{1}", self.process, self.count.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_every_user_once() {
        for (count, parts) in [(1, 1), (10, 3), (1000, 64), (64, 64), (1_000_000, 1000)] {
            let users = Users { process: 1, count };
            let all: Vec<u32> = (0..parts).flat_map(|part| users.share(part, parts)).collect();
            assert_eq!(all, (0..count).collect::<Vec<_>>(), "{count} in {parts}");
        }
    }
}
