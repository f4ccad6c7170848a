//! Every limit of the protocol. A peer that exceeds one is told which, and nothing is allocated first.

use core::time::Duration;

/// Bytes of a frame's body. A page with the largest records fits, a decode bomb does not.
pub const MAX_BODY_BYTES: usize = MAX_BODY_BYTES_U32 as usize;
pub(crate) const MAX_BODY_BYTES_U32: u32 = 64 * 1024;

/// Unanswered requests of one connection at which the daemon stops reading.
pub const MAX_IN_FLIGHT: usize = MAX_IN_FLIGHT_U32 as usize;
pub(crate) const MAX_IN_FLIGHT_U32: u32 = 128;

/// Time from accept to the last byte of the hello.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(2);

/// Bytes of a hello or a welcome, including the tail. Far above today's 24 and 48, which leaves room for later
/// versions, and far below what a peer could do harm with.
pub const MAX_GREETING_BYTES: usize = 1024;

/// Bytes of a user id.
pub const MAX_USER_BYTES: usize = 255;

/// Bytes of a label.
pub const MAX_LABEL_BYTES: usize = 128;

/// Records, audit rows or policy rows in one page: the largest 128 records or audit rows stay below
/// [`MAX_BODY_BYTES`]. A reader refuses a page with more.
pub const MAX_PAGE_ITEMS: u16 = 128;

/// Uses in one report, which stays below half of [`MAX_BODY_BYTES`]. The daemon refuses more.
pub const MAX_USES: u16 = 1024;

/// Counters in one answer to `Statistics`. A reader refuses more.
pub const MAX_COUNTERS: u16 = 1024;
