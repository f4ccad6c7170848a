//! apikeyd-policy
