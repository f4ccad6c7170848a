//! apikeyd-client
