//! Fuzzing with coverage: what must hold for any bytes at all.
//!
//! Each function here takes bytes, does with them what a hostile peer, file or disk could have done, and panics
//! where a promise breaks. `tests/fuzz` has a target of one line over each; `tests/short/corpora.rs` replays
//! every input that a target found worth keeping; [`smoke`] mutates those by chance, for a short search without a nightly compiler.
//!
//! | property | whose bytes | what must hold |
//! |---|---|---|
//! | [`hello`] | a peer | a greeting is read the same however it arrives, and written as it was read |
//! | [`frames`] | a peer | frames in pieces are the frames in one piece |
//! | [`message`] | a peer | what is read as a body is written in its one shortest form, and reads the same again |
//! | [`key_text`] | a client's user | a text is a key by the grammar, or is not |
//! | [`names`] | a service | user ids and labels are those of the specification, byte for byte |
//! | [`policy_target`] | whoever sends HTTP | the judge says what a second judge says that was written from the rules |
//! | [`policy_file`] | an operator | a table, or faults that lie inside the text |
//! | [`configuration`] | an operator | values within their limits, or faults that lie inside the text |
//! | [`records`] | a disk | records and audit rows are what was sealed, or nothing |
//! | [`database_image`] | a disk | a file that was altered is refused, or answers right |
//! | [`connection`] | a peer | every request is answered once, an ended key is never accepted |
//!
//! Each of them also bounds what is allocated meanwhile: [`allocation`].

pub mod allocation;
mod configuration;
mod connection;
mod database_image;
mod frames;
mod hello;
mod input;
mod key_text;
mod message;
mod names;
mod place;
mod policy_file;
mod policy_target;
mod records;
pub mod smoke;

pub use configuration::configuration;
pub use connection::connection;
pub use database_image::database_image;
pub use frames::frames;
pub use hello::hello;
pub use key_text::key_text;
pub use message::message;
pub use names::names;
pub use policy_file::policy_file;
pub use policy_target::policy_target;
pub use records::records;

/// A property: panics when the bytes break it.
pub type Property = fn(&[u8]);

/// Every property under the name of its target and of its folder of inputs.
pub const ALL: [(&str, Property); 11] = [
    ("hello", hello),
    ("frames", frames),
    ("message", message),
    ("key_text", key_text),
    ("names", names),
    ("policy_target", policy_target),
    ("policy_file", policy_file),
    ("configuration", configuration),
    ("records", records),
    ("database_image", database_image),
    ("connection", connection),
];
