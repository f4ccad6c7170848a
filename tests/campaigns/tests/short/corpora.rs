//! Replays every input that fuzzing found worth keeping, and every input that once broke a promise.

use apikeyd_campaigns::fuzz::{self, Property, allocation, smoke};
use apikeyd_policy::MAX_FILE_BYTES;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

// So that the bound on memory is checked in the replay as it is in the fuzz targets.
#[global_allocator]
static ALLOCATOR: allocation::Counting = allocation::Counting;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus")
}

#[test]
fn every_kept_input_still_holds() {
    for (name, property) in fuzz::ALL {
        replay(name, property);
    }
}

/// Each input by itself, so that a failure names its file.
fn replay(name: &str, property: Property) {
    for (input, bytes) in inputs(name) {
        let held = std::panic::catch_unwind(|| property(&bytes));
        assert!(held.is_ok(), "{name} does not hold for {}", input.display());
    }
}

fn inputs(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder().join(name));
    let entries = entries.unwrap_or_else(|error| panic!("the corpus of {name}: {error}"));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{name} has no inputs");
    files.into_iter().map(|file| (file.clone(), fs::read(&file).unwrap())).collect()
}

/// The kept inputs, mutated by chance: a short search on a stable compiler. The long one is `tests/fuzz/run`.
#[test]
fn mutated_inputs_hold() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let time = Duration::from_millis(number("APIKEYD_FUZZ_MILLIS").unwrap_or(300));
    let seed = number("APIKEYD_FUZZ_SEED").unwrap_or(1);
    for (name, property) in fuzz::ALL {
        let kept: Vec<Vec<u8>> = inputs(name).into_iter().map(|(_, bytes)| bytes).collect();
        let searched = smoke::search(property, &kept, time, seed);
        println!("{name:<16} {:>9} inputs", searched.tried);
        if let Some(input) = searched.broken {
            panic!("seed {seed}: {name} does not hold for {:?}", input.escape_ascii().to_string());
        }
    }
}

#[test]
fn every_corpus_belongs_to_a_target_and_every_target_to_a_property() {
    let names = |path: PathBuf| -> Vec<String> {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<String> =
            entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    let mut properties: Vec<String> = fuzz::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    properties.sort();
    assert_eq!(names(folder()), properties);
    assert_eq!(names(folder().join("../fuzz_targets")), properties);
}

#[test]
fn the_allocator_counts() {
    let held =
        |bytes: usize| std::panic::catch_unwind(|| allocation::within(bytes, || vec![1_u8; 1024].len()));
    assert!(held(1024).is_ok());
    assert!(held(1023).is_err(), "one byte more than the bound is noticed");
    assert!(
        std::panic::catch_unwind(|| {
            allocation::within(1024, || allocation::within(usize::MAX, || vec![1_u8; 2048].len()))
        })
        .is_err(),
        "what an inner measurement counted counts outside, too"
    );
}

/// Policy files made so that a TOML parser holds as much as it can: as large as a file may be, most of which are refused
/// for what they would open, and as many units as are just not refused for that.
#[test]
fn costly_policy_files_hold_no_more_than_the_bound() {
    type Unit = fn(usize) -> String;
    let units: [(usize, Unit); 7] = [
        (1, |_| format!("k{} = 1\n", ".a".repeat(16))),
        (20_000, |line| format!("[k{line}]\na=1\n")),
        (249_000, |line| format!("k{line}=1\n")),
        (32_000, |_| "=\n".to_owned()),
        (499_000, |_| "=\n".to_owned()),
        (10_000, |_| format!("[[operation]]\n{}", "=\n".repeat(45))),
        (10_000, |line| {
            format!("[[operation]]\nmethod = \"GET\"\npath = \"/{line}{}\"\n", "/{a}/b".repeat(60))
        }),
    ];
    for (count, unit) in units {
        let mut text = "default = \"deny\"\n".to_owned();
        for line in 0.. {
            if line == count {
                fuzz::policy_file(text.as_bytes());
            }
            let more = unit(line);
            if text.len() + more.len() > MAX_FILE_BYTES {
                break;
            }
            text += &more;
        }
        fuzz::policy_file(text.as_bytes());
    }
}

#[test]
fn dotted_keys_of_a_configuration_hold_no_more_than_the_bound() {
    for dots in [1, 8, 24, 25, 79] {
        let key = format!("k{} = 1\n", ".a".repeat(dots));
        fuzz::configuration(key.as_bytes());
        let keys: String = (0..1_000).map(|line| format!("k{line}{}=1\n", ".a".repeat(dots))).collect();
        fuzz::configuration(keys.as_bytes());
    }
}
