//! Every bound of the protocol. A peer that goes past one is told which, and nothing is allocated first.

use core::time::Duration;

/// Bytes of a frame's body. A list page of the largest records fits, a decode bomb does not.
pub const MAX_BODY_BYTES: usize = MAX_BODY_BYTES_U32 as usize;
pub(crate) const MAX_BODY_BYTES_U32: u32 = 64 * 1024;

/// Requests of one connection that may wait for their answer; past it the daemon stops reading.
pub const MAX_IN_FLIGHT: usize = MAX_IN_FLIGHT_U32 as usize;
pub(crate) const MAX_IN_FLIGHT_U32: u32 = 128;

/// Time from accept to the last byte of the hello.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(2);

/// Bytes of a hello or a welcome, tail included. Far above today's 24 and 48, so that a later version
/// has room, and far below what a peer could hurt with.
pub const MAX_GREETING_BYTES: usize = 1024;

/// Bytes of a user id.
pub const MAX_USER_BYTES: usize = 255;

/// Bytes of a label.
pub const MAX_LABEL_BYTES: usize = 128;

/// Records, audit rows or policy rows in one page: the largest 128 records or audit rows stay below
/// [`MAX_BODY_BYTES`]. A reader refuses a page of more.
pub const MAX_PAGE_ITEMS: u16 = 128;

/// Uses in one report: it stays below half of [`MAX_BODY_BYTES`]. The daemon refuses more.
pub const MAX_USES: u16 = 1024;

/// Counters in one answer to `Statistics`. A reader refuses more.
pub const MAX_COUNTERS: u16 = 1024;
