//! A message with its name: what a block of bytes has to mean.

use apikeyd_protocol::codec::DecodeError;

/// What reading some bytes as an example's type gave.
pub(crate) struct Reading {
    /// Whether they are the example's value.
    pub(crate) is_the_value: bool,
    /// What was read, written again.
    pub(crate) written_again: Vec<u8>,
}

type Read = Box<dyn Fn(&[u8]) -> Result<Reading, DecodeError>>;

/// A named value of one of the protocol's types.
pub(crate) struct Example {
    pub(crate) name: &'static str,
    pub(crate) encoded: Vec<u8>,
    pub(crate) read: Read,
}

/// `example!("Opcode.side.case", Type, value)`; for types without `PartialEq`, a comparison behind it.
macro_rules! example {
    ($name:literal, $type:ty, $value:expr) => {
        example!($name, $type, $value, |one: &$type, other: &$type| one == other)
    };
    ($name:literal, $type:ty, $value:expr, $same:expr) => {{
        let value: $type = $value;
        $crate::example::Example {
            name: $name,
            encoded: $crate::example::encode(&value),
            read: Box::new(move |bytes| {
                let read: $type = apikeyd_protocol::codec::decode(bytes)?;
                let same: fn(&$type, &$type) -> bool = $same;
                let written_again = $crate::example::encode(&read);
                Ok($crate::example::Reading { is_the_value: same(&read, &value), written_again })
            }),
        }
    }};
}
pub(crate) use example;

pub(crate) fn encode<T: serde::Serialize>(message: &T) -> Vec<u8> {
    let mut out = Vec::new();
    apikeyd_protocol::codec::encode(message, &mut out).expect("it fits a body");
    out
}
