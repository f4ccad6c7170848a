//! The database: what is in the file, and the single transaction in which it changes.
//!
//! | module | has |
//! |---|---|
//! | `schema` | tables and metadata; fields of a value |
//! | `record_codec`, `audit_codec`, `files_codec` | the bytes of their values |
//! | `view` | reading one consistent state |
//! | `batch` | writing: facts out, changes in |
//! | `overlay` | reading while the disk fails |

pub(crate) mod audit_codec;
pub(crate) mod batch;
pub(crate) mod files_codec;
pub(crate) mod overlay;
pub(crate) mod record_codec;
pub(crate) mod schema;
pub(crate) mod view;
