//! The API-key daemon.

pub mod config;
pub mod domain;
pub mod exit;
pub mod peer;
pub mod policy_file;
pub mod revocation;
pub mod rights;
pub mod server;
pub mod service;
pub mod store;
mod systemd;
