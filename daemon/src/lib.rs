//! apikeyd
