//! Limits of a table and of a path.

/// Maximum number of rows in a table: far more than any API has operations. It bounds the work of a
/// judgement, and the memory that a file can claim.
pub const MAX_ROWS: usize = 10_000;

/// Maximum length of a row's name, in characters: it is shown on one line with the row.
pub const MAX_NAME_CHARS: usize = 128;

/// Maximum number of segments in a template, and so in a path that a row can match.
pub const MAX_SEGMENTS: usize = 64;

/// Maximum number of positions at which servers may split a path, its two ends included: many times what real
/// paths have. A path with more is refused, unless it is plain.
pub const MAX_BOUNDS: usize = 127;
