//! apikeyd-tests
