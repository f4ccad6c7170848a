//! The API-key daemon.

pub mod config;
mod connection;
mod dispatch;
pub mod domain;
#[cfg(feature = "fault-injection")]
#[doc(hidden)]
pub mod embedded;
pub mod exit;
#[cfg(feature = "fault-injection")]
pub mod fault;
mod logging;
pub mod peer;
pub mod policy_file;
mod randomness;
mod reload;
pub mod revocation;
pub mod rights;
mod run;
pub mod server;
pub mod service;
pub mod store;
mod systemd;
mod traffic;

pub use run::main;
