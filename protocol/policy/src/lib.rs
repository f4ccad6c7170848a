//! Judges an operation, a method and a request target, against a policy table: allow, deny or ambiguous.
//!
//! # Why a deny list of paths is hard
//!
//! Proxies and back ends disagree about what a path means. One merges `//`, one drops `;v=1`, one folds case,
//! one decodes twice, one takes `/users.json` for `/users`. A list that compares text is walked around by
//! anybody who knows the back end better than the list does; one that refuses whatever has several readings refuses
//! real traffic, and is switched off. So: **what is malformed is refused; what has one reading is matched; what has
//! several is refused if, and only if, one of them could be a denied operation.**
//!
//! # How it judges
//!
//! The rules stand in RULES.md, precisely enough to judge by them in another language. In short:
//!
//! 1. The method is known, or may be any. `HEAD` is judged as `GET` too; `_method=` in the query adds a method.
//! 2. A target that HTTP does not allow is refused (module `target`).
//! 3. A plain path is split and walks a tree of the table's templates (modules `segments` and `index`).
//! 4. Any other path is decoded and folded until nothing changes, with the places marked at which servers part, join
//!    or cut it (module `reading`). All its readings walk the tree at once, as sets of such places (`index::possible`).
//!    Under a default of deny, and if it differs only in where it is parted, each walks alone (`index::every`).
//! 5. The strictest row counts: deny, then ambiguous (met by some reading only), then allow; then the default.
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
//! which is visited at most once, whatever the number of readings; there is no backtracking to blow up.

mod ambiguity;
mod case_line;
mod effect;
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
mod key;
mod limits;
mod literals;
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
pub use effect::Effect;
pub use explain::{Explanation, Reached};
#[cfg(feature = "file")]
pub use fault::{Fault, MAX_FAULTS, Position};
#[cfg(feature = "file")]
pub use file::MAX_FILE_BYTES;
pub use handed::{HandedRow, RowFault};
pub use limits::{MAX_BOUNDS, MAX_NAME_CHARS, MAX_ROWS, MAX_SEGMENTS};
pub use method::{MAX_METHOD_BYTES, MAX_NAMED_METHODS};
pub use row::Row;
pub use table::{PolicyTable, SHIPPED};
pub use target::MAX_TARGET_BYTES;
pub use template::MAX_TEMPLATE_BYTES;
pub use verdict::{Judgement, NOT_EVERY_READING, Verdict};
