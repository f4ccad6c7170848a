//! apikeyd-protocol
