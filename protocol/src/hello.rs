//! The greeting: fixed layouts outside any codec, frozen permanently, so that every version can read the
//! refusal of any other version.
//!
//! ```text
//! hello    0 magic "apikeyd?"  8 length u16  10 major u16  12 minor u16  14 zero u16  16 features u64
//! welcome  0 magic "apikeyd!"  8 length u16  10 code u16   12 major u16  14 minor u16
//!         16 features u64  24 max body u32  28 max in flight u32  32 rights u32  36 zero u32  40 instance u64
//! ```
//!
//! All integers are little-endian. `length` counts the whole greeting; bytes after the fields that a reader
//! knows are a tail of a later version and are skipped.

use crate::limit::{MAX_BODY_BYTES_U32, MAX_GREETING_BYTES, MAX_IN_FLIGHT_U32};
use crate::right::RightSet;

/// First bytes of a hello.
pub const HELLO_MAGIC: [u8; 8] = *b"apikeyd?";
/// First bytes of a welcome.
pub const WELCOME_MAGIC: [u8; 8] = *b"apikeyd!";
/// Bytes of a hello without a tail.
pub const HELLO_BYTES: usize = HELLO_LENGTH as usize;
/// Bytes of a welcome without a tail.
pub const WELCOME_BYTES: usize = WELCOME_LENGTH as usize;
/// Bytes after which the length of a greeting is known.
pub const GREETING_PREFIX_BYTES: usize = 10;

const HELLO_LENGTH: u16 = 24;
const WELCOME_LENGTH: u16 = 48;

/// The version that this crate speaks. A major version changes what a peer must understand; a minor one
/// adds opcodes.
pub const VERSION: Version = Version { major: 1, minor: 0 };

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Peers with different major versions do not talk to each other.
    pub major: u16,
    /// Peers use the lower of the two minor versions.
    pub minor: u16,
}

impl core::fmt::Display for Version {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// What a client says first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The client's version.
    pub version: Version,
    /// Optional features, one bit each; none is defined yet.
    pub features: u64,
}

/// What the daemon answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// Whether frames may follow; if not, why.
    pub code: WelcomeCode,
    /// The version that both sides use; in a refusal, the daemon's own.
    pub version: Version,
    /// The features that both sides have.
    pub features: u64,
    /// The longest body that the daemon reads, in bytes.
    pub max_body: u32,
    /// The number of unanswered requests at which the daemon stops reading.
    pub max_in_flight: u32,
    /// What the caller may do. Informational: the daemon checks each request.
    pub rights: RightSet,
    /// The start count of the daemon on its database: a different value means that drafts are gone. Not the
    /// instance of the revocation page.
    pub instance: u64,
}

/// The outcome of a greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WelcomeCode {
    /// Frames may follow.
    #[error("accepted")]
    Accepted,
    /// The first bytes were not a hello.
    #[error("the daemon did not understand the hello: this is not its protocol")]
    BadHello,
    /// The daemon speaks another major version.
    #[error("the daemon speaks another major version of the protocol")]
    UnsupportedVersion,
    /// The kernel did not identify the caller, or the caller has no rights at all.
    #[error("this user may not use the daemon; an administrator can grant rights in its configuration")]
    NotPermitted,
    /// The connection limit of the daemon or of this user is reached.
    #[error("too many connections are open")]
    TooManyConnections,
    /// The daemon is shutting down.
    #[error("the daemon is shutting down")]
    ShuttingDown,
    /// A code of a later version.
    #[error("the daemon refused with the unknown code {0}")]
    Other(u16),
}

impl WelcomeCode {
    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Accepted => 0,
            Self::BadHello => 1,
            Self::UnsupportedVersion => 2,
            Self::NotPermitted => 3,
            Self::TooManyConnections => 4,
            Self::ShuttingDown => 5,
            Self::Other(code) => code,
        }
    }

    const fn from_code(code: u16) -> Self {
        match code {
            0 => Self::Accepted,
            1 => Self::BadHello,
            2 => Self::UnsupportedVersion,
            3 => Self::NotPermitted,
            4 => Self::TooManyConnections,
            5 => Self::ShuttingDown,
            other => Self::Other(other),
        }
    }
}

/// Bytes that are not a greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GreetingError {
    /// The magic differs.
    #[error("the first bytes are not those of this protocol")]
    Magic,
    /// The length is shorter than the fixed fields or longer than [`MAX_GREETING_BYTES`].
    #[error("a greeting of {0} bytes is outside the limits")]
    Length(usize),
}

impl Hello {
    /// A hello with this crate's version.
    pub const CURRENT: Self = Self { version: VERSION, features: 0 };

    /// The bytes to send.
    #[must_use]
    pub fn encode(&self) -> [u8; HELLO_BYTES] {
        let mut out = [0; HELLO_BYTES];
        let mut fields = Fields::new(&mut out);
        fields.put(&HELLO_MAGIC);
        fields.put(&HELLO_LENGTH.to_le_bytes());
        fields.put(&self.version.major.to_le_bytes());
        fields.put(&self.version.minor.to_le_bytes());
        fields.put(&[0; 2]);
        fields.put(&self.features.to_le_bytes());
        out
    }

    /// Reads a hello at the start of `bytes`: `Ok(None)` if more bytes are needed, otherwise the hello and the
    /// number of bytes it took, including the tail.
    ///
    /// # Errors
    /// [`GreetingError`] as soon as the bytes cannot become a hello.
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, GreetingError> {
        let Some(length) = complete(bytes, HELLO_MAGIC, HELLO_BYTES)? else { return Ok(None) };
        let version = Version { major: u16_at(bytes, 10), minor: u16_at(bytes, 12) };
        Ok(Some((Self { version, features: u64_at(bytes, 16) }, length)))
    }
}

impl Welcome {
    /// A refusal by this crate's version.
    #[must_use]
    pub const fn refusal(code: WelcomeCode) -> Self {
        Self {
            code,
            version: VERSION,
            features: 0,
            max_body: 0,
            max_in_flight: 0,
            rights: RightSet::EMPTY,
            instance: 0,
        }
    }

    /// An acceptance with the version that both sides know.
    #[must_use]
    pub fn accept(hello: &Hello, rights: RightSet, instance: u64) -> Self {
        Self {
            code: WelcomeCode::Accepted,
            version: hello.version.min(VERSION),
            features: 0,
            max_body: MAX_BODY_BYTES_U32,
            max_in_flight: MAX_IN_FLIGHT_U32,
            rights,
            instance,
        }
    }

    /// The bytes to send.
    #[must_use]
    pub fn encode(&self) -> [u8; WELCOME_BYTES] {
        let mut out = [0; WELCOME_BYTES];
        let mut fields = Fields::new(&mut out);
        fields.put(&WELCOME_MAGIC);
        fields.put(&WELCOME_LENGTH.to_le_bytes());
        fields.put(&self.code.code().to_le_bytes());
        fields.put(&self.version.major.to_le_bytes());
        fields.put(&self.version.minor.to_le_bytes());
        fields.put(&self.features.to_le_bytes());
        fields.put(&self.max_body.to_le_bytes());
        fields.put(&self.max_in_flight.to_le_bytes());
        fields.put(&self.rights.bits().to_le_bytes());
        fields.put(&[0; 4]);
        fields.put(&self.instance.to_le_bytes());
        out
    }

    /// Reads a welcome at the start of `bytes`: `Ok(None)` if more bytes are needed, otherwise the welcome and
    /// the number of bytes it took, including the tail.
    ///
    /// # Errors
    /// [`GreetingError`] as soon as the bytes cannot become a welcome.
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, GreetingError> {
        let Some(length) = complete(bytes, WELCOME_MAGIC, WELCOME_BYTES)? else { return Ok(None) };
        let welcome = Self {
            code: WelcomeCode::from_code(u16_at(bytes, 10)),
            version: Version { major: u16_at(bytes, 12), minor: u16_at(bytes, 14) },
            features: u64_at(bytes, 16),
            max_body: u32_at(bytes, 24),
            max_in_flight: u32_at(bytes, 28),
            rights: RightSet::from_bits(u32_at(bytes, 32)),
            instance: u64_at(bytes, 40),
        };
        Ok(Some((welcome, length)))
    }
}

/// The length of a greeting once all of it has arrived.
fn complete(bytes: &[u8], magic: [u8; 8], least: usize) -> Result<Option<usize>, GreetingError> {
    if bytes.iter().zip(magic).any(|(is, wanted)| *is != wanted) {
        return Err(GreetingError::Magic);
    }
    if bytes.len() < GREETING_PREFIX_BYTES {
        return Ok(None);
    }
    let length = usize::from(u16_at(bytes, 8));
    if !(least..=MAX_GREETING_BYTES).contains(&length) {
        return Err(GreetingError::Length(length));
    }
    Ok((bytes.len() >= length).then_some(length))
}

/// Fills a fixed layout from the front.
struct Fields<'a>(core::slice::IterMut<'a, u8>);

impl<'a> Fields<'a> {
    fn new(out: &'a mut [u8]) -> Self {
        Self(out.iter_mut())
    }

    fn put(&mut self, bytes: &[u8]) {
        bytes.iter().zip(&mut self.0).for_each(|(from, to)| *to = *from);
    }
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; N])
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array_at(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}
