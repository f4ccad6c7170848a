//! What docs/ARCHITECTURE.md states of packages and modules, compared with the sources.

use crate::support::{root, sources};
use std::collections::BTreeSet;
use std::fs;

fn document() -> String {
    fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("the document")
}

/// The names in the first column of the table below a heading.
fn first_column(heading: &str) -> BTreeSet<String> {
    let document = document();
    let section = document.split(heading).nth(1).unwrap_or_else(|| panic!("no {heading}"));
    let rows = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let cells = rows.take_while(|line| line.starts_with('|')).filter_map(|line| line.split('|').nth(1));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(String::from).collect::<Vec<_>>()).collect()
}

/// The modules that a crate's root declares.
fn modules(root_file: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(root_file)).expect("a source");
    let declared = text.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    declared.filter_map(|name| name.strip_suffix(';')).map(String::from).collect()
}

#[test]
fn the_code_map_names_every_module_and_no_other() {
    assert_eq!(first_column("### The daemon, from the top down"), modules("daemon/src/lib.rs"));
    assert_eq!(first_column("### The keystore, from the top down"), modules("daemon/keystore/src/lib.rs"));
}

#[test]
fn the_list_of_packages_is_that_of_the_workspace() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let members =
        manifest.split("members = [").nth(1).and_then(|rest| rest.split(']').next()).expect("members");
    let document = document();
    for folder in members.split('"').skip(1).step_by(2) {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("a manifest");
        let name = manifest.lines().find_map(|line| line.strip_prefix("name = ")).expect("a name");
        let row = format!("| `{}` | `{folder}` |", name.trim_matches('"'));
        assert!(document.contains(&row), "docs/ARCHITECTURE.md has no row {row}");
    }
}

/// Each of these stands in one place; the invariants say so.
#[test]
fn what_one_place_alone_may_name_is_named_there_alone() {
    let only = |name: &str, folder: &str, places: &[&str]| {
        for file in sources(&root().join(folder)) {
            let at = file.strip_prefix(root()).expect("below the root").display().to_string();
            let text = fs::read_to_string(&file).expect("a source");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let named = code.lines().any(|line| line.split("//").next().unwrap_or_default().contains(name));
            assert!(!named || places.iter().any(|place| at.starts_with(place)), "{at} names {name}");
        }
    };
    only("bincode::", "protocol/src", &["protocol/src/codec.rs"]);
    only("bincode::", "daemon", &[]);
    only("fn apply(", "daemon/keystore/src", &["daemon/keystore/src/database/batch.rs"]);
    only("Permit {", "daemon/src", &["daemon/src/operations/permit.rs"]);
    only("apikeyd_client", "daemon/src", &[]);
    only(".try_read(", "daemon/src", &["daemon/src/front/reading.rs"]);
}

/// The table in PROTOCOL.md names every counter that the daemon has, and no other.
#[test]
fn the_counters_are_those_of_the_protocol_document() {
    let source =
        fs::read_to_string(root().join("daemon/src/operations/state/counters.rs")).expect("the source");
    let of_service =
        source.split("\ncounters! {").nth(1).and_then(|rest| rest.split("\n}").next()).expect("a list");
    let of_traffic = source.split("fn counters(&self)").nth(1).expect("another list");
    let quoted = |text: &str| text.split('"').skip(1).step_by(2).map(String::from).collect::<BTreeSet<_>>();
    let counted: BTreeSet<String> = quoted(of_service).union(&quoted(of_traffic)).cloned().collect();
    assert!(counted.len() > 20, "{counted:?}");

    let document = fs::read_to_string(root().join("protocol/PROTOCOL.md")).expect("the document");
    let section = document.split("\n### Statistics\n").nth(1).and_then(|rest| rest.split("\n### ").next());
    let table = section
        .and_then(|section| section.split("| counter | counts |\n|---|---|\n").nth(1))
        .expect("the table");
    let told: Vec<String> = table
        .lines()
        .map_while(|line| line.strip_prefix("| `")?.split('`').next().map(String::from))
        .collect();
    assert_eq!(told.iter().cloned().collect::<BTreeSet<_>>(), counted);
    assert_eq!(told.len(), counted.len(), "a counter has two rows");
}

/// The jobs that CONTRIBUTING.md tells are those of `.ci/run`, in its order.
#[test]
fn the_jobs_are_those_of_the_script() {
    let script = fs::read_to_string(root().join(".ci/run")).expect("the script");
    let jobs = script.lines().find_map(|line| line.split("jobs=(format").nth(1)).expect("the list of jobs");
    let jobs: Vec<&str> =
        std::iter::once("format").chain(jobs.split(')').next().unwrap_or_default().split(' ')).collect();
    let jobs: Vec<&str> = jobs.into_iter().filter(|job| !job.is_empty()).collect();
    let page = fs::read_to_string(root().join("CONTRIBUTING.md")).expect("the page");
    let told: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(told, jobs);
    for job in jobs {
        assert!(script.contains(&format!("\n{job}() {{")), "{job} is no function of .ci/run");
    }
}
