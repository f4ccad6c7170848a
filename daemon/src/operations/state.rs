//! What the daemon keeps in memory.
//!
//! | module | holds |
//! |---|---|
//! | `memory` | drafts, generations, the policy table and the files in force |
//! | `policy_table` | what is said of a policy table |
//! | `hot` | records that were asked for lately |
//! | `uses` | when keys were used last, until it is written; which uid was answered that which key is valid |
//! | `counters` | what was asked and answered |

pub(crate) mod counters;
pub(super) mod hot;
pub(super) mod memory;
pub(super) mod policy_table;
pub(super) mod uses;
