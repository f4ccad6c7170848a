//! Judges an operation, a method and a request target, against a policy table: allow, deny or ambiguous.
//!
//! # Why a deny list of paths is hard
//!
//! Proxies and back ends disagree about what a path means. One merges `//`, one drops `;v=1`, one folds case,
//! one decodes twice, one treats `/users.json` as `/users`. Anybody who knows the back end better than the list
//! does can bypass a list that compares text; a list that refuses everything with several readings refuses real
//! traffic, and gets switched off. So: **a malformed target is refused; a target with one reading is matched; a
//! target with several is refused if, and only if, one of them could be a denied operation.**
//!
//! # How it judges
//!
//! RULES.md defines the rules, precisely enough to implement them in another language. In short:
//!
//! 1. The method is known, or may be any. `HEAD` is judged as `GET` too; `_method=` in the query adds a method.
//! 2. A target that HTTP does not allow is refused (module `target`).
//! 3. A plain path is split and walks a tree of the table's templates (modules `segments` and `index`).
//! 4. Any other path is decoded and folded until nothing changes, with the positions marked at which servers
//!    split, join or cut it (module `reading`). All its readings walk the tree at once, as sets of such positions
//!    (`index::possible`). If the default is deny and the readings differ only in where the path is split, each
//!    walks alone (`index::every`).
//! 5. The strictest row decides: deny, then ambiguous (matched by some reading only), then allow; then the
//!    default.
//!
//! More specific rows do not take precedence over general ones: an `allow` row makes no exception to a `deny`
//! row. Otherwise the verdict would depend on how a back end orders its routes.
//!
//! # What the caller must do
//!
//! * Pass method and target as the *back end* will see them. The caller must apply a path base that a proxy
//!   strips, or a method that a header such as `X-HTTP-Method-Override` replaces: this crate sees no headers.
//! * Treat [`Verdict::Ambiguous`] as a refusal.
//!
//! # Features
//!
//! `file` (default): tables from policy files. Without it there are only tables of rows that somebody else has
//! read, and no parser is built: a client judges by the rows that its daemon sends.
//!
//! # Properties
//!
//! Pure: no IO, clock, randomness or global state. [`PolicyTable::judge`] does not allocate. Its work is linear
//! in the target (at most [`MAX_TARGET_BYTES`]) and in the nodes of the tree that the target can reach, each of
//! which is visited at most once, whatever the number of readings; there is no backtracking that could blow up.

mod ambiguity;
mod case_line;
#[cfg(feature = "file")]
mod diagnostic;
mod effect;
mod explain;
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

/// The edition of these rules. Incremented with every change after which the same table judges some operation
/// differently, so that a client judges on its own only if it judges as its daemon does.
pub const RULES: u32 = 2;

pub use ambiguity::Ambiguity;
pub use case_line::{LineFault, parse_case_line};
#[cfg(feature = "file")]
pub use diagnostic::{Diagnostic, MAX_DIAGNOSTICS, Position};
pub use effect::Effect;
pub use explain::{Explanation, Reached};
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
