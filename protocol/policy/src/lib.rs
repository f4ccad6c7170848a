//! Judges an operation, a method and a request target, against a policy table: allow, deny or ambiguous.
//!
//! # Why a deny list of paths is hard
//!
//! Proxies and back ends disagree about what a path means. One merges `//`, one drops `;v=1`, one folds case,
//! one decodes twice, one takes `/users.json` for `/users`. A list that compares text is walked around by
//! whoever knows the back end better than the list does. So this crate does not guess: **a target that has
//! more than one reading is refused as ambiguous, and only a target with one reading is matched.**
//!
//! # How it judges
//!
//! 1. The method must be one of the seven usual ones or one that the table names. `HEAD` is judged as `GET`
//!    too, because handlers of GET serve it; `_method=` in the query adds the method that it names.
//! 2. The raw target is scanned once. Anything but origin form, any byte that some parser strips, splits at or
//!    rewrites, makes it ambiguous (module `target`).
//! 3. `%HH` is decoded once. What would need a second decoding, hides, or looks like a delimiter after some
//!    back end's normalisation makes it ambiguous (module `decode`, and `lookalike` for the characters).
//! 4. The segments walk a tree of the table's templates (module `index`). Beside the literal that *equals* a
//!    segment the walk follows those that a lenient router would take it for (*near*, module `index::near`).
//!    Of all rows found the strictest counts: deny, then ambiguous (reached by a near step), then allow.
//! 5. Where no row was found, the table's default stands.
//!
//! More specific rows do not win over general ones: an `allow` row cannot punch a hole into a `deny` row. That
//! would make the verdict depend on how a back end orders its routes.
//!
//! # What the caller must do
//!
//! * Hand over method and target as the *back end* will see them. A path base that a proxy strips, or a method
//!   that a header such as `X-HTTP-Method-Override` replaces, is the caller's to apply: this crate sees no headers.
//! * Treat [`Verdict::Ambiguous`] as a refusal.
//!
//! # Features
//!
//! `file` (default): tables from policy files. Without it there are only tables of rows that somebody else has read,
//! and no parser is built: a client judges by the rows that its daemon hands over.
//!
//! # Properties
//!
//! Pure: no IO, clock, randomness or global state. [`PolicyTable::judge`] does not allocate. Its work is linear
//! in the target (at most [`MAX_TARGET_BYTES`]) and in the nodes of the tree that the target can reach, each of
//! which is visited at most once; there is no backtracking to blow up.

mod ambiguity;
mod case_line;
mod explain;
#[cfg(feature = "file")]
mod fault;
#[cfg(feature = "file")]
mod file;
mod fold;
mod handed;
mod index;
#[cfg(feature = "file")]
mod invisible;
mod method;
mod method_override;
mod quoted;
mod reading;
mod row;
mod segments;
mod table;
mod target;
mod template;
mod triplet;
mod verdict;

/// The edition of these rules. Raised with every change after which some operation is judged otherwise by the
/// same table, so that a client judges by itself only if it judges as its daemon does.
pub const RULES: u32 = 2;

pub use ambiguity::Ambiguity;
pub use case_line::{LineFault, parse_case_line};
pub use explain::{Explanation, Reached};
#[cfg(feature = "file")]
pub use fault::{Fault, MAX_FAULTS};
#[cfg(feature = "file")]
pub use file::{MAX_FILE_BYTES, MAX_NAME_CHARS};
pub use handed::{HandedRow, RowFault};
pub use method::{MAX_METHOD_BYTES, MAX_NAMED_METHODS};
pub use reading::MAX_BOUNDS;
pub use row::Row;
pub use segments::MAX_SEGMENTS;
pub use table::{MAX_ROWS, PolicyTable, SHIPPED};
pub use target::MAX_TARGET_BYTES;
pub use template::MAX_TEMPLATE_BYTES;
pub use verdict::{Effect, Judgement, Verdict};
