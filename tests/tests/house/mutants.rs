//! The faults of `tests/mutants`, most of which are built by hand only: each is still there to be built.

use crate::support::root;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

#[test]
fn every_patch_applies_and_has_a_campaign_that_must_find_it() {
    let folder = root().join("tests/mutants");
    let list = fs::read_to_string(folder.join("list.tsv")).expect("a list");
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    let listed: BTreeSet<_> = lines
        .map(|line| match *line.split('\t').collect::<Vec<_>>() {
            [name, command, words] if !command.is_empty() && !words.is_empty() => format!("{name}.patch"),
            _ => panic!("no name, command and words: {line}"),
        })
        .collect();
    let entries = fs::read_dir(&folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("a file").file_name().into_string().expect("a name"));
    let patches: BTreeSet<_> = names.filter(|name| name.ends_with(".patch")).collect();
    assert_eq!(patches, listed);
    for name in patches {
        let mut git = Command::new("git");
        git.current_dir(root()).args(["apply", "--check"]).arg(folder.join(&name));
        let Ok(applied) = git.output() else {
            eprintln!("skipped: there is no git");
            return;
        };
        assert!(applied.status.success(), "{name}: {}", String::from_utf8_lossy(&applied.stderr));
    }
}
