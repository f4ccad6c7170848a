//! A key as people hold it, its public id, and the digest that represents it.
//!
//! ```text
//! akd_1QwErTy0123_<43 characters of secret><6 of checksum>
//! └┬┘ │└───┬────┘ └──────────┬───────────┘└──────┬───────┘
//! prefix version  id, base62  256 bits, base62    CRC-32 of all before it, base62
//! ```

mod base62;
mod digest;
mod id;
mod prefix;
mod text;

pub use digest::KeyDigest;
pub use id::{KeyId, KeyIdError};
pub use prefix::{KeyPrefix, KeyPrefixError};
pub use text::{ApiKey, KeyFormatError, looks_like_key};
