//! docs/UNSAFE.md lists every file with unsafe code and how often the keyword stands in it.

use crate::support::{root, sources};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const FOLDERS: [&str; 4] = ["client", "daemon", "protocol", "tests"];

#[test]
fn every_unsafe_block_is_in_the_list() {
    let files = FOLDERS.iter().flat_map(|folder| sources(&root().join(folder)));
    let found: BTreeMap<_, _> =
        files.filter(|file| !file.ends_with(file!())).filter_map(|file| counted(&file)).collect();
    let document = fs::read_to_string(root().join("docs/UNSAFE.md")).expect("the list");
    let listed: BTreeMap<String, usize> = document.lines().filter_map(row).collect();
    assert_eq!(listed, found, "left: docs/UNSAFE.md, right: the sources");
    assert!(found.len() > 6, "the search finds what is there");
}

/// `` | `FILE` | USES | ... ``
fn row(line: &str) -> Option<(String, usize)> {
    let mut cells = line.strip_prefix("| `")?.split('|');
    let file = cells.next()?.trim_end().strip_suffix('`')?;
    Some((file.to_owned(), cells.next()?.trim().parse().ok()?))
}

/// The file with its count, unless that is zero.
fn counted(file: &Path) -> Option<(String, usize)> {
    let text = fs::read_to_string(file).expect("a source");
    let uses: usize = text.lines().map(uses).sum();
    let name = file.strip_prefix(root()).expect("below the root").display().to_string();
    (uses > 0).then_some((name, uses))
}

/// How often the keyword stands in a line of code; comments and names that contain it do not count.
fn uses(line: &str) -> usize {
    let code = line.split("//").next().unwrap_or_default();
    [" {", " fn ", " impl"].iter().map(|follows| code.matches(&format!("unsafe{follows}")).count()).sum()
}
