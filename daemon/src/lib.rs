//! The API-key daemon.

pub mod domain;
pub mod peer;
pub mod revocation;
pub mod service;
pub mod store;
