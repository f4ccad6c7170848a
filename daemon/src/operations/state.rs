//! What the daemon keeps in memory.
//!
//! | module | has |
//! |---|---|
//! | `memory` | drafts, generations, the policy table and the files in force |
//! | `policy_table` | what is recorded about a policy table |
//! | `hot` | recently requested records |
//! | `uses` | when keys were last used, until it is written; which keys were answered valid to which uid |
//! | `counters` | requests and answers |

pub(crate) mod counters;
pub(super) mod hot;
pub(super) mod memory;
pub(super) mod policy_table;
pub(super) mod uses;
