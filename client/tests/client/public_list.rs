//! What the crate exports: one flat list, told in the table of its documentation.

use std::collections::BTreeMap;

const LIB: &str = include_str!("../../src/lib.rs");

/// The names of all `pub use`, with how often each is exported.
fn exported() -> BTreeMap<&'static str, usize> {
    let mut names = BTreeMap::new();
    for tree in LIB.split("pub use ").skip(1).map(|rest| rest.split(';').next().unwrap()) {
        let (_, last) = tree.trim_end_matches('}').rsplit_once(['{', ':']).unwrap();
        for name in last.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            assert!(!name.contains(' '), "{name}: exported under another name than its own");
            *names.entry(name).or_default() += 1;
        }
    }
    names
}

/// The names in the table "What is here", with how often each is told.
fn told() -> BTreeMap<&'static str, usize> {
    let table = LIB.split("# What is here").nth(1).unwrap().split("//! # ").next().unwrap();
    let mut names = BTreeMap::new();
    for name in table.split('`').skip(1).step_by(2) {
        *names.entry(name).or_default() += 1;
    }
    names
}

#[test]
fn each_name_is_exported_once_and_told_once() {
    let exported = exported();
    assert!(exported.len() > 50, "{exported:?}");
    assert!(exported.values().all(|count| *count == 1), "{exported:?}");
    assert_eq!(told(), exported);
}

#[test]
fn the_list_is_flat() {
    assert!(!LIB.contains("pub mod "), "a public module");
    for name in exported().into_keys() {
        let is_function = ["default_socket", "looks_like_key"].contains(&name);
        assert!(is_function || name.starts_with(char::is_uppercase), "{name}: a module?");
    }
}
