//! The rules of a key's life and of the files in force, and nothing else: no IO, no clock, no randomness, no
//! async.
//!
//! An operation is decided in two steps. The caller loads the facts; a function of this module applies the
//! rules to them and returns either a refusal, or an answer with the [`Change`]s that make it true. It cannot
//! fail for external reasons, and it can be tested with any facts.
//!
//! | module | has |
//! |---|---|
//! | `record` | a saved key, and whether it is valid |
//! | `draft` | keys that were shown and not yet saved |
//! | `change` | changes of the store, as values |
//! | `lifecycle` | save, delete, the events of a user, expiry; why they are refused |
//! | `files` | the files that rights and policy come from, and what losing them would weaken |

mod change;
mod draft;
mod files;
mod lifecycle;
mod record;

pub use change::{Action, Change, Trigger};
pub use draft::{Draft, DraftLimits, Drafts, DraftsFull};
pub use files::{Before, FilesInForce, Lost, PolicySource, Sources, TableFacts, check_files};
pub use lifecycle::{
    Context, Decision, DeleteFacts, DeleteFound, Deletion, Refusal, SaveFacts, Saving, UserEvent, UserFacts,
    check_expiry, delete, end_user, expire, save,
};
pub use record::{KeyRecord, KeyRefusal, KeyTag, judge};
