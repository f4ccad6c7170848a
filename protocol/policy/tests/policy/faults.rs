//! Faulty files, with every message that they bring: line, column, what is wrong, what to do.

use apikeyd_policy::{
    MAX_DIAGNOSTICS, MAX_FILE_BYTES, MAX_NAME_CHARS, MAX_NAMED_METHODS, MAX_ROWS, PolicyTable,
};

/// Compares all faults of a file with the expected lines.
#[track_caller]
fn assert_faults(text: &str, expected: &[&str]) {
    let faults: Vec<_> = PolicyTable::parse(text).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(faults, expected, "\n{text}");
}

const NO_DEFAULT: &str = "line 1, column 1: the file has no default for operations that match no row; \
                          add default = \"allow\" or default = \"deny\" above the first row";

#[test]
fn every_fault_of_a_file_is_told_at_once() {
    assert_faults(
        r#"default = "permit"
case_sensitive = "no"
colour = "blue"

[[operation]]
method = "get"
path = "api/user/{}"
effects = "deny"
name = " "

[[operation]]
method = "GET"
path = "/a//{a}{b}/%2f/*/"
effect = "forbid"

[[operation]]
name = "no path nor method"

[[operation]]
method = 7
path = ["/a"]
default = "deny"

[operation.x]
"#,
        &[
            "line 1, column 11: default must be \"allow\" or \"deny\"",
            "line 2, column 18: case_sensitive must be true or false, without quotes",
            "line 3, column 1: unknown key \"colour\"; a file has default, case_sensitive and [[operation]] rows",
            "line 6, column 10: methods are case-sensitive and in upper case; write \"GET\"",
            "line 7, column 9: the path must start with a slash; write \"/api/user/{}\"",
            "line 7, column 18: the parameter has no name; write one between the braces, such as {id}",
            "line 8, column 1: unknown key \"effects\" in a row; a row has method, path, effect and name",
            "line 9, column 8: the name is empty; say what the operation does, or remove the key",
            "line 13, column 11: remove the doubled slash; a row names its segments without empty ones",
            "line 13, column 13: a parameter must be a whole segment; put a slash between it and the text beside it",
            "line 13, column 20: paths are written decoded; write the character itself, or a {parameter}",
            "line 13, column 24: there are no wildcards; write {name} for one segment of any text",
            "line 13, column 25: remove the trailing slash; one in a request is ignored anyway",
            "line 14, column 10: effect must be \"allow\" or \"deny\"",
            "line 16, column 1: the row has no method; add method = \"GET\", or another one, or \"*\" for all",
            "line 16, column 1: the row has no path; add path = \"/api/apikey/{id}\"",
            "line 20, column 10: method must be text in quotes, such as \"GET\", or another one, or \"*\" for all",
            "line 21, column 8: path must be text in quotes, such as \"/api/apikey/{id}\"",
            "line 22, column 1: unknown key \"default\" in a row; move it above the first [[operation]]",
            "line 24, column 12: unknown key \"x\" in a row; a row has method, path, effect and name",
        ],
    );
}

#[test]
fn a_broken_row_does_not_hide_the_faults_of_others() {
    assert_faults(
        r#"default = "allow"
[[operation]]
method "GET"
path = "/a"
[[operation]]
method = "GET
path = "/b/"
[[operation]]
method = GET
path = "/c"
effect = "no"
[[operation]]
name = "bad\q"
method = "GET"
path = "/d/../e"
"#,
        &[
            "line 3, column 8: not valid TOML: key with no value, expected `=`",
            "line 6, column 14: not valid TOML: invalid basic string, expected `\"`",
            "line 7, column 11: remove the trailing slash; one in a request is ignored anyway",
            "line 9, column 10: not valid TOML: string values must be quoted, expected literal string",
            "line 11, column 10: effect must be \"allow\" or \"deny\"",
            "line 13, column 13: not valid TOML: missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\\`, `\"`, `x`, `u`, `U`",
            "line 15, column 12: servers drop the segment \"..\" from a path; remove it",
        ],
    );
}

#[test]
fn rows_for_the_same_operation_are_told_by_their_lines() {
    let text = |case_sensitive: &str| {
        format!(
            r#"default = "allow"
case_sensitive = {case_sensitive}
[[operation]]
method = "GET"
path = "/api/{{id}}/x"
[[operation]]
method = "GET"
path = "/API/{{other}}/X"
effect = "allow"
[[operation]]
method = "*"
path = "/api/{{id}}/x"
"#
        )
    };
    let fault =
        "line 6, column 1: GET /API/{other}/X is the same operation as the row on line 3; remove one of them";
    assert_faults(&text("false"), &[fault]);
    assert_eq!(PolicyTable::parse(&text("true")).unwrap().rows().len(), 3);
}

#[test]
fn keys_given_twice() {
    assert_faults(
        "default = \"allow\"\ndefault = \"deny\"\n",
        &["line 2, column 1: not valid TOML: duplicate key"],
    );
    assert_faults(
        "default = \"allow\"\noperation = []\n[[operation]]\nmethod = \"GET\"\npath = \"/\"\n",
        &["line 3, column 3: not valid TOML: duplicate key"],
    );
}

#[test]
fn rows_in_another_form() {
    assert_faults(
        "[operation]\nmethod = \"GET\"\n",
        &[NO_DEFAULT, "line 1, column 1: rows are a list; write [[operation]] with two brackets"],
    );
    assert_faults(
        "default = \"deny\"\noperation = [ \"GET /\", { method = \"GET\", path = \"/é\" } ]\n",
        &[
            "line 2, column 15: a row must be a table with method and path",
            "line 2, column 51: literal segments are ASCII, and 'é' is not; use a {parameter} for this segment",
        ],
    );
}

#[test]
fn an_empty_file_is_no_table() {
    for text in ["", "\n", "# nothing\n"] {
        assert_faults(text, &[NO_DEFAULT]);
    }
    assert!(PolicyTable::parse("default = \"deny\"").unwrap().rows().is_empty());
}

#[test]
fn a_byte_order_mark_is_named() {
    assert_faults(
        "\u{feff}default = \"allow\"\n",
        &["line 1, column 1: the file starts with a byte-order mark; save it as UTF-8 without one"],
    );
}

#[test]
fn places_in_text_with_escapes_are_those_of_the_value() {
    assert_faults(
        "default = \"allow\"\n[[operation]]\nmethod = \"GET\"\npath = \"/a/\\u0062/*\"\nname = \"\\u001b[2J\"\n",
        &[
            "line 4, column 8: there are no wildcards; write {name} for one segment of any text",
            "line 5, column 8: the name holds the invisible character '\\u{1b}'; remove it",
        ],
    );
}

#[test]
fn names_are_one_visible_line() {
    let row = |name: &str| {
        format!("default = \"allow\"\n[[operation]]\nmethod = \"GET\"\npath = \"/\"\nname = \"{name}\"\n")
    };
    assert!(PolicyTable::parse(&row(&"é".repeat(MAX_NAME_CHARS))).is_ok());
    let long = "line 5, column 8: the name is longer than 128 characters; shorten it";
    assert_faults(&row(&"é".repeat(MAX_NAME_CHARS + 1)), &[long]);
    for hidden in ["\\n", "\\u202e", "\\u200b", "\\u0085", "\\u0000"] {
        let fault = PolicyTable::parse(&row(&format!("a{hidden}b"))).unwrap_err().remove(0);
        assert!(fault.message.contains("invisible"), "{fault}");
    }
    assert_faults(&row("a "), &["line 5, column 8: the name starts or ends with a blank; remove it"]);
}

fn rows(count: usize) -> String {
    let row = |row| format!("[[operation]]\nmethod = \"GET\"\npath = \"/r{row}\"\n");
    "default = \"allow\"\n".to_owned() + &(0..count).map(row).collect::<String>()
}

#[test]
fn ten_thousand_rows_and_no_more() {
    assert_eq!(PolicyTable::parse(&rows(MAX_ROWS)).unwrap().rows().len(), MAX_ROWS);
    assert_faults(
        &rows(MAX_ROWS + 5),
        &["line 30002, column 1: the table has more than 10000 rows; remove some"],
    );
}

#[test]
fn large_files_are_refused_unread() {
    let text = rows(1) + &"#".repeat(MAX_FILE_BYTES);
    assert_faults(&text, &["line 1, column 1: the file is larger than 4194304 bytes; shorten the table"]);
    let text = rows(1);
    let padded = format!("{text}{}", "#".repeat(MAX_FILE_BYTES - text.len()));
    assert!(PolicyTable::parse(&padded).is_ok());
}

#[test]
fn methods_beyond_the_set_are_refused() {
    let row = |method| format!("[[operation]]\nmethod = \"M-{method}\"\npath = \"/\"\n");
    let text = |count: usize| "default = \"allow\"\n".to_owned() + &(0..count).map(row).collect::<String>();
    assert!(PolicyTable::parse(&text(MAX_NAMED_METHODS)).is_ok());
    assert_faults(
        &text(MAX_NAMED_METHODS + 1),
        &["line 174, column 10: the table names more than 57 unusual methods; write \"*\" in some rows"],
    );
}

#[test]
fn a_hundred_faults_are_told_and_that_there_are_more() {
    let row = "{ method = \"get\", path = \"a\", x = 1 },";
    let one_line = format!("default = \"allow\"\noperation = [ {} ]\n", row.repeat(MAX_ROWS));
    let broken_rows = format!("default = \"allow\"\n{}", "[[operation]]\n= 1\n".repeat(MAX_ROWS));
    for text in [one_line, broken_rows] {
        let faults = PolicyTable::parse(&text).unwrap_err();
        assert_eq!(faults.len(), MAX_DIAGNOSTICS + 1);
        let (more, told) = faults.split_last().unwrap();
        assert!(
            told.iter().all(|fault| fault.line <= 2 * MAX_DIAGNOSTICS + 1),
            "not the first ones of the file"
        );
        assert_eq!(more.message, "more faults than these 100; fix them and check again");
        assert_eq!(more.line, text.lines().count() + 1);
    }
}

/// What no table is gets one line, and the parser does not see it.
#[test]
fn files_of_another_kind_are_refused_by_their_shape() {
    let start = "default = \"allow\"\n";
    let words = "a file has default, case_sensitive and up to 10000 [[operation]] rows";
    let nested = format!("{start}operation = {}", "[".repeat(100_000));
    assert_faults(&nested, &[&format!("line 2, column 20113: more than 20100 brackets and braces; {words}")]);
    let dotted = format!("{start}{}", "a.b = 1\n".repeat(17));
    assert_faults(&dotted, &[&format!("line 18, column 2: more than 16 dots outside of quotes; {words}")]);
    let tokens = format!("{start}{}", "=\n".repeat(1_000_000));
    let fault = PolicyTable::parse(&tokens).unwrap_err().remove(0);
    assert!(fault.message.starts_with("more than 1000000 names, values and signs;"), "{fault}");
}

/// A long part without a row may have a fault in each second byte. Its first one is told.
#[test]
fn a_long_part_that_is_no_toml_is_not_read_on() {
    let text = format!("default = \"allow\"\n{}[[operation]]\n", "=\n".repeat(40_000));
    assert_faults(
        &text,
        &[
            "line 2, column 1: not valid TOML: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`",
        ],
    );
}

/// Whatever the text, faults lie inside it, in order, and their messages are one printable line.
#[test]
fn faults_of_damaged_files_have_a_place_and_printable_words() {
    let mut random = crate::random::Random::new(11);
    let mut faulty = 0;
    // Behind the comments, where damage does nothing.
    let good = &apikeyd_policy::SHIPPED[apikeyd_policy::SHIPPED.find("\ndefault").unwrap()..];
    for _ in 0..1_000 {
        let mut bytes = good.as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            let byte = *random.pick(b"\"'[]{}=#/\\\n\0\x1b%*.a");
            if random.one_in(2) { bytes[at] = byte } else { bytes.insert(at, byte) }
        }
        let text = String::from_utf8(bytes).unwrap();
        let Err(faults) = PolicyTable::parse(&text) else { continue };
        faulty += 1;
        let lines: Vec<_> = text.split('\n').collect();
        assert!(!faults.is_empty());
        assert!(
            faults.windows(2).all(|pair| (pair[0].line, pair[0].column) <= (pair[1].line, pair[1].column))
        );
        for fault in faults {
            let line = lines.get(fault.line - 1).unwrap_or_else(|| panic!("{fault} in\n{text}"));
            assert!((1..=line.chars().count() + 1).contains(&fault.column), "{fault} in\n{text}");
            assert!(!fault.message.chars().any(char::is_control), "{fault:?}");
        }
    }
    assert!(faulty > 500, "{faulty}");
}
