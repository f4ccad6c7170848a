//! The threat model names tests: each of them exists, and each threat and each attack has one.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn document() -> String {
    std::fs::read_to_string(root().join("docs/THREAT_MODEL.md")).unwrap()
}

/// The threats, each from its number on.
fn threats(document: &str) -> Vec<&str> {
    let (threats, _) = document.split_once("## What happened to others").unwrap();
    threats.split("\n**T").skip(1).collect()
}

/// What stands in backquotes and names a test.
fn named_in(text: &str) -> Vec<(&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter_map(|quoted| quoted.split_once("::")).filter(|(file, _)| file.ends_with(".rs")).collect()
}

#[test]
fn every_test_that_is_named_exists() {
    let document = document();
    let named = named_in(&document);
    assert!(named.len() > 100, "{} tests are found in the document", named.len());
    for (file, name) in named {
        let source =
            std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let at = source.find(&format!("fn {name}(")).unwrap_or_else(|| panic!("{file} has no test {name}"));
        let before: Vec<&str> = source[..at].lines().rev().take(4).collect();
        let is_test = before.iter().any(|line| line.contains("#[test]") || line.contains("::test]"));
        assert!(is_test, "{file}::{name} is no test");
    }
}

#[test]
fn every_threat_has_a_test_and_its_number() {
    let document = document();
    let threats = threats(&document);
    assert!(threats.len() > 30, "{} threats are found in the document", threats.len());
    for (number, threat) in (1..).zip(threats) {
        assert!(threat.starts_with(&format!("{number} ·")), "T{number} is where {threat} stands");
        assert!(!named_in(threat).is_empty(), "T{number} names no test");
    }
}

#[test]
fn every_attack_that_was_seen_has_a_threat_and_a_test() {
    let document = document();
    let threats = threats(&document).len();
    let (_, attacks) = document.split_once("## What happened to others").unwrap();
    let rows: Vec<&str> =
        attacks.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| #")).collect();
    assert_eq!(rows.len(), 60);
    for (number, row) in (1..).zip(rows) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(cells[1], number.to_string());
        let threat: usize = cells[3].strip_prefix('T').and_then(|threat| threat.parse().ok()).unwrap();
        assert!((1..=threats).contains(&threat), "{row}");
        assert_eq!(named_in(cells[4]).len(), 1, "{row}");
    }
}
