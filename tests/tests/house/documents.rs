//! What the documents name is there: a reader who follows a path finds a file.

use crate::support::root;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Endings by which a word is taken for a file of this house.
const ENDINGS: [&str; 6] = ["rs", "md", "toml", "tsv", "service", "socket"];

/// The folders at the top of the house: a word that begins with one is a path, whatever it ends in.
const FOLDERS: [&str; 6] = ["client/", "daemon/", "docs/", "protocol/", "systemd/", "tests/"];

#[test]
fn every_file_that_a_document_names_exists() {
    let documents = documents();
    assert!(documents.len() > 5, "only {documents:?}");
    let (mut named, mut missing) = (BTreeSet::new(), Vec::new());
    for document in &documents {
        let text = fs::read_to_string(document).expect("a document");
        for word in words(&text).filter(|word| is_path(word)) {
            if !is_there(document, word) {
                missing.push(format!("{} names {word}", document.display()));
            }
            named.insert(word.to_owned());
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    // It would also be so if no word were taken for a path.
    assert!(named.len() > 40, "{named:?}");
}

#[test]
fn paths_are_told_from_other_words() {
    let text = "see `tests/no/such.rs`, [it](docs/NOWHERE.md#part) or client/none; /etc/apikeyd/apikeyd.toml";
    let paths: Vec<_> = words(text).filter(|word| is_path(word)).collect();
    assert_eq!(paths, ["tests/no/such.rs", "docs/NOWHERE.md", "client/none"]);
    assert!(paths.iter().all(|path| !is_there(&root().join("README.md"), path)));
}

/// README, SECURITY and the like, and all of `docs`.
fn documents() -> Vec<PathBuf> {
    let in_folder = |folder: PathBuf| {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect::<Vec<_>>()
    };
    [in_folder(root()), in_folder(root().join("docs"))].concat()
}

/// The pieces between white space, brackets, quotes and commas, without what ends a sentence, and without the part
/// of a document that a link points to.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| character.is_whitespace() || "()[]`'\",;:|*".contains(character))
        .filter_map(|word| word.split('#').next())
        .map(|word| word.trim_end_matches('.'))
}

fn is_path(word: &str) -> bool {
    let is_plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
    let has_folder = FOLDERS.iter().any(|folder| word.starts_with(folder) && word.len() > folder.len());
    let ending = Path::new(word).extension().and_then(|ending| ending.to_str());
    let is_file = word.contains('/') && ending.is_some_and(|ending| ENDINGS.contains(&ending));
    is_plain && !word.starts_with('/') && (has_folder || is_file)
}

/// From the top, or from the document's own folder.
fn is_there(document: &Path, path: &str) -> bool {
    let beside = document.parent().expect("a folder");
    root().join(path).exists() || beside.join(path).exists()
}
