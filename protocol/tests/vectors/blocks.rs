//! Reads `[name]` blocks of `hex | field = value` lines: the form of `messages.txt` and of the examples in
//! `PROTOCOL.md`.

/// One named run of bytes.
pub(crate) struct Block {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) fn golden() -> Vec<Block> {
    read(include_str!("messages.txt").lines())
}

/// The blocks inside the document's fences that are marked `hex`.
pub(crate) fn document() -> Vec<Block> {
    let mut inside = false;
    read(include_str!("../../PROTOCOL.md").lines().filter(move |line| {
        let fence = line.starts_with("```");
        inside = if fence { *line == "```hex" } else { inside };
        inside && !fence
    }))
}

/// Bytes written as pairs of digits with blanks between them.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace()
        .map(|pair| {
            assert_eq!(pair.len(), 2, "{text:?} is not written as pairs of digits");
            u8::from_str_radix(pair, 16).unwrap_or_else(|why| panic!("{text:?}: {why}"))
        })
        .collect()
}

fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            blocks.push(Block { name: name.to_owned(), bytes: Vec::new() });
        } else {
            let (bytes, field) = line.split_once('|').unwrap_or_else(|| panic!("no `|` in {line:?}"));
            assert!(!field.trim().is_empty(), "no field's name in {line:?}");
            blocks.last_mut().expect("a name comes first").bytes.extend(hex(bytes));
        }
    }
    blocks
}
