//! What a table and a path may hold.

/// Most rows of a table: far more than any API has operations. It bounds what a judgement may have to look at,
/// and the memory that a file can claim.
pub const MAX_ROWS: usize = 10_000;

/// Longest name of a row, in characters: it is shown on one line beside the row.
pub const MAX_NAME_CHARS: usize = 128;

/// Most segments of a template, and so of a path that a row can match.
pub const MAX_SEGMENTS: usize = 64;

/// Most places of a path at which servers may part it, its two ends included. Many times what real paths have; a path
/// with more is refused, unless it is plain.
pub const MAX_BOUNDS: usize = 127;
