//! A sentence put together without an allocation.

use core::fmt::{self, Display, Write};

/// More than the longest reason of the policy crate; what does not fit is cut off.
const CAPACITY: usize = 256;

/// A text on the stack.
pub(super) struct Words {
    bytes: [u8; CAPACITY],
    len: usize,
}

impl Words {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; CAPACITY], len: 0 }
    }

    /// Appends what something says of itself, and gives all of the text.
    pub(super) fn write(&mut self, what: &impl Display) -> &str {
        // Only a full buffer fails, and a cut sentence is better than none.
        let _ = write!(self, "{what}");
        self.bytes.get(..self.len).and_then(|text| core::str::from_utf8(text).ok()).unwrap_or_default()
    }
}

impl Write for Words {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = CAPACITY - self.len;
        let fits = (0..=room.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        let places = self.bytes.iter_mut().skip(self.len);
        places.zip(text.bytes().take(fits)).for_each(|(to, from)| *to = from);
        self.len += fits;
        if fits == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "é".repeat(200);
        let mut words = Words::new();
        assert_eq!(words.write(&format_args!("x{long}")), format!("x{}", "é".repeat(127)));
        for ambiguity in apikeyd_policy::Ambiguity::ALL {
            assert_eq!(Words::new().write(&ambiguity), ambiguity.to_string());
        }
    }
}
