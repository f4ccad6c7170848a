//! How text and sequences are read: nothing is allocated because of a length alone.
//!
//! Derived code would reserve up to a mebibyte for a sequence with a false length, and the whole claimed length
//! of a text before checking that its bytes are there.

use crate::limit::{MAX_COUNTERS, MAX_PAGE_ITEMS, MAX_USES};
use core::fmt;
use core::marker::PhantomData;
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::Serializer;

/// A byte string in one piece instead of byte by byte; the encoding is the same.
pub(super) fn bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// Text that is copied only once all of it is known to be there.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = String;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }
    }
    deserializer.deserialize_str(Text)
}

/// The same for an optional text.
pub(super) fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(serde::Deserialize)]
    struct Text(#[serde(deserialize_with = "text")] String);
    Ok(Option::<Text>::deserialize(deserializer)?.map(|text| text.0))
}

/// The items of a page, at most [`MAX_PAGE_ITEMS`].
pub(super) fn page<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(Items { limit: MAX_PAGE_ITEMS, item: PhantomData })
}

/// Uses in a report, at most [`MAX_USES`].
pub(super) fn uses<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(Items { limit: MAX_USES, item: PhantomData })
}

/// Names with values, at most [`MAX_COUNTERS`].
pub(super) fn counters<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, u64)>, D::Error> {
    let items: Vec<(&str, u64)> =
        deserializer.deserialize_seq(Items { limit: MAX_COUNTERS, item: PhantomData })?;
    Ok(items.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

struct Items<T> {
    limit: u16,
    item: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} items", self.limit)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
        let limit = usize::from(self.limit);
        let mut items = Vec::with_capacity(sequence.size_hint().unwrap_or(0).min(limit));
        while let Some(item) = sequence.next_element()? {
            if items.len() == limit {
                return Err(de::Error::custom(format_args!("there are more than {limit} items")));
            }
            items.push(item);
        }
        Ok(items)
    }
}
