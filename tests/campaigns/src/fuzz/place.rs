//! Whether a line and a column lie in a text.

/// Panics when the place, both numbers from 1, is not a character of the text or the end of one of its lines.
pub(super) fn lies_in(text: &str, line: usize, column: usize) {
    let found = text.split('\n').nth(line.checked_sub(1).expect("lines count from 1"));
    let found = found.unwrap_or_else(|| panic!("the text has no line {line}"));
    let columns = found.chars().count() + 1;
    assert!(
        (1..=columns).contains(&column),
        "line {line} has {columns} columns, and column {column} is named"
    );
}

/// Panics when a message is not one line of text that a terminal shows as it is.
pub(super) fn is_one_line(message: &str) {
    assert!(!message.trim().is_empty(), "a fault says nothing");
    assert!(!message.chars().any(char::is_control), "a fault would move the cursor: {message:?}");
}
