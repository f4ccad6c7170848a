//! docs/UNSAFE.md lists every file with unsafe code and how often the keyword stands in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const FOLDERS: [&str; 4] = ["client", "daemon", "protocol", "tests"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn every_unsafe_block_is_in_the_list() {
    let mut found = BTreeMap::new();
    FOLDERS.iter().for_each(|folder| count_below(&root().join(folder), &mut found));
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

fn count_below(folder: &Path, found: &mut BTreeMap<String, usize>) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        // What cargo builds is not ours.
        if entry.is_dir() && !entry.ends_with("target") {
            count_below(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") && !entry.ends_with(file!()) {
            let text = fs::read_to_string(&entry).expect("a source");
            let uses = text.lines().map(uses).sum();
            if uses > 0 {
                let name = entry.strip_prefix(root()).expect("below the root").display().to_string();
                found.insert(name, uses);
            }
        }
    }
}

/// How often the keyword stands in a line of code; comments and names that contain it do not count.
fn uses(line: &str) -> usize {
    let code = line.split("//").next().unwrap_or_default();
    [" {", " fn ", " impl"].iter().map(|follows| code.matches(&format!("unsafe{follows}")).count()).sum()
}
