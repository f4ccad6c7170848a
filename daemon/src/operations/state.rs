//! What the daemon keeps in memory.
//!
//! | module | holds |
//! |---|---|
//! | `memory` | drafts, generations, the policy table and the files in force |
//! | `policy_table` | what is said of a policy table |
//! | `hot` | records that were asked for lately |
//! | `last_used` | when keys were used last, until it is written |
//! | `answered` | which uid was answered that which key is valid |
//! | `counters`, `traffic` | what was asked and answered |

pub(super) mod answered;
pub(super) mod counters;
pub(super) mod hot;
pub(super) mod last_used;
pub(super) mod memory;
pub(super) mod policy_table;
pub(crate) mod traffic;
