//! A key as its holder presents it: parsed already, or still text.

use apikeyd_protocol::key::{ApiKey, KeyFormatError};

/// A key to validate, made from an [`ApiKey`] or from the text of one: `&str`, `&String`, `&[u8]`, `&Vec<u8>`.
///
/// Nothing is trimmed: white space around a key makes it another text, which is refused. A key that was read from text
/// is wiped when this is dropped.
///
/// ```
/// use apikeyd_client::{KeyFormatError, PresentedKey};
///
/// assert!(matches!(PresentedKey::try_from("no key"), Err(KeyFormatError::Length { bytes: 6 })));
/// ```
#[derive(Debug)]
pub struct PresentedKey<'k>(Presented<'k>);

#[derive(Debug)]
enum Presented<'k> {
    Parsed(&'k ApiKey),
    Read(ApiKey),
}

impl PresentedKey<'_> {
    #[inline]
    pub(crate) const fn key(&self) -> &ApiKey {
        match &self.0 {
            Presented::Parsed(key) => key,
            Presented::Read(key) => key,
        }
    }
}

impl<'k> TryFrom<&'k ApiKey> for PresentedKey<'k> {
    type Error = KeyFormatError;

    #[inline]
    fn try_from(key: &'k ApiKey) -> Result<Self, KeyFormatError> {
        Ok(Self(Presented::Parsed(key)))
    }
}

impl<'k> TryFrom<&'k &ApiKey> for PresentedKey<'k> {
    type Error = KeyFormatError;

    #[inline]
    fn try_from(key: &'k &ApiKey) -> Result<Self, KeyFormatError> {
        Ok(Self(Presented::Parsed(key)))
    }
}

impl<'k> TryFrom<&'k [u8]> for PresentedKey<'k> {
    type Error = KeyFormatError;

    #[inline]
    fn try_from(text: &'k [u8]) -> Result<Self, KeyFormatError> {
        ApiKey::parse(text).map(Presented::Read).map(Self)
    }
}

macro_rules! from_texts {
    ($( $text:ty ),*) => { $(
        impl<'k> TryFrom<&'k $text> for PresentedKey<'k> {
            type Error = KeyFormatError;

            #[inline]
            fn try_from(text: &'k $text) -> Result<Self, KeyFormatError> {
                let bytes: &[u8] = text.as_ref();
                bytes.try_into()
            }
        }
    )* };
}

from_texts!(str, &str, String, &String, Vec<u8>, &[u8]);

impl<'k, const BYTES: usize> TryFrom<&'k [u8; BYTES]> for PresentedKey<'k> {
    type Error = KeyFormatError;

    #[inline]
    fn try_from(text: &'k [u8; BYTES]) -> Result<Self, KeyFormatError> {
        text.as_slice().try_into()
    }
}
