//! Random bytes.

/// Fills with random bytes of the operating system.
///
/// # Errors
/// When it gives none; there is no other source to fall back on.
pub(crate) fn fill(out: &mut [u8]) -> Result<(), getrandom::Error> {
    #[cfg(feature = "fault-injection")]
    if crate::fault::fill(out) {
        return Ok(());
    }
    getrandom::fill(out)
}
