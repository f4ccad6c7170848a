//! The plan of the house: packages depend downwards, imports inside a package make no circle and never climb, and what
//! ships has nothing for tests. `docs/ARCHITECTURE.md` draws the plan that is held here.

mod imports;
mod rules;

use crate::support::{root, sources};
use imports::Package;
use std::fs;
use std::path::{Path, PathBuf};

/// A package that ships, the packages of this workspace that it may name, and its features: what a user may leave out,
/// and nothing for tests.
const PACKAGES: [(&str, &[&str], &[&str]); 6] = [
    ("protocol", &[], &[]),
    ("protocol/policy", &[], &["file"]),
    ("client", &["apikeyd-protocol", "apikeyd-policy"], &["tokio"]),
    ("client/ctl", &["apikeyd-client", "apikeyd-protocol", "apikeyd-policy"], &[]),
    ("daemon/keystore", &["apikeyd-protocol"], &[]),
    ("daemon", &["apikeyd-keystore", "apikeyd-protocol", "apikeyd-policy"], &[]),
];

#[test]
fn packages_depend_downwards() {
    for (package, allowed, _) in PACKAGES {
        let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).expect("a manifest");
        let dependencies = manifest.split("[dependencies]").nth(1).expect("a table of dependencies");
        for line in dependencies.lines().take_while(|line| !line.starts_with("[dev-")) {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            let ours = name.starts_with("apikey");
            assert!(!ours || allowed.contains(&name), "{package} may not depend on {name}");
        }
    }
}

#[test]
fn imports_make_no_circle_and_never_climb() {
    for (package, _, _) in PACKAGES {
        let read = Package::read(&root().join(package));
        assert!(read.modules.len() > 5, "{package}: the modules are not found");
        let faults = rules::faults(&read);
        assert!(faults.is_empty(), "{package}:\n{}", faults.join("\n"));
    }
}

/// The daemon's modules from the top down: none names one that stands before it.
const DAEMON: [&[&str]; 7] = [
    &["process", "embedded"],
    &["front"],
    &["operations"],
    &["revocation", "logging"],
    &["config"],
    &["rights", "exit"],
    &["peer", "parts"],
];

/// The keystore's modules from the top down.
const KEYSTORE: [&[&str]; 7] = [
    &["keystore"],
    &["writing", "audit", "codecs", "first_start"],
    &["opening"],
    &["database", "state_dir"],
    &["disk", "pace"],
    &["open_error", "error", "secrets"],
    &["domain", "parts"],
];

#[test]
fn every_module_has_its_floor_and_imports_go_down() {
    for (package, floors) in [("daemon", DAEMON.as_slice()), ("daemon/keystore", KEYSTORE.as_slice())] {
        let package = Package::read(&root().join(package));
        let floor = |name: &str| floors.iter().position(|floor| floor.contains(&name));
        for module in package.modules.keys().filter(|module| !module.is_empty()) {
            let own = floor(&module[0]).unwrap_or_else(|| panic!("{} has no floor in this test", module[0]));
            for (target, path) in package.imports(module) {
                let Some(other) = target.first().filter(|name| **name != module[0]) else { continue };
                let other = floor(other).unwrap_or_else(|| panic!("{other} has no floor in this test"));
                assert!(own < other, "{} names {path}, which is not below it", module.join("::"));
            }
        }
    }
}

/// `use crate::{a::B}`, `super::super`, a path in an expression, a path in a macro: each was once a way around the test.
#[test]
fn every_form_of_an_import_is_seen() {
    let forms = [
        "use crate::{top::Thing};",
        "use super::super::top::Thing;",
        "fn f() { let _ = crate::top::Thing; }",
        "fn f() { println!(\"{:?}\", crate::top::Thing); }",
        "use super::super::top as other; fn f() { let _ = other::Thing; }",
        "use crate::top::*;",
    ];
    for form in forms {
        let files = [
            ("lib.rs", "mod low; mod top;"),
            (
                "top.rs",
                "use crate::low::inner::Other; #[derive(Debug)] pub struct Thing; pub struct Uses(Other);",
            ),
            ("low.rs", "pub mod inner;"),
            ("low/inner.rs", &format!("{form} pub struct Other;")),
        ];
        let faults = faults_of(&files);
        assert!(faults.iter().any(|fault| fault.contains("a circle: low and top")), "{form}: {faults:?}");
    }
    let climbing = [
        ("lib.rs", "mod low;"),
        ("low.rs", "mod inner; pub struct Thing;"),
        ("low/inner.rs", "use super::Thing;"),
    ];
    assert_eq!(faults_of(&climbing), ["low::inner climbs: it names super::Thing"]);
    let through_a_re_export = [
        ("lib.rs", "mod low;"),
        ("low.rs", "mod a; mod b; pub use b::B;"),
        ("low/a.rs", "use super::B; pub struct A;"),
        ("low/b.rs", "use super::a::A; pub struct B;"),
    ];
    assert_eq!(faults_of(&through_a_re_export).len(), 2, "{:?}", faults_of(&through_a_re_export));
}

fn faults_of(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let file = folder.path().join("src").join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    }
    rules::faults(&Package::read(folder.path()))
}

#[test]
fn what_ships_is_what_is_tested() {
    for (package, _, features) in PACKAGES {
        let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).expect("a manifest");
        let named = manifest.split("[features]").nth(1).unwrap_or_default();
        let named = named.lines().take_while(|line| !line.starts_with('['));
        for name in named.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name) {
            assert!(name == "default" || features.contains(&name), "{package} has the feature {name}");
        }
        for file in sources(&root().join(package).join("src")) {
            let text = fs::read_to_string(&file).expect("a source file");
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for (number, line) in lines.iter().enumerate().filter(|(_, line)| is_condition(line)) {
                let of_tests = *line == "#[cfg(test)]"
                    && lines[number + 1..].iter().find(|line| !line.starts_with("#[")).is_some_and(is_module);
                // The condition of an attribute that spans several lines is in the next line.
                let condition = lines[number..].iter().take(2).copied().collect::<String>();
                let of_feature = |feature: &&str| condition.contains(&format!("feature = \"{feature}\""));
                assert!(
                    of_tests
                        || condition.contains("target_")
                        || condition.contains("docsrs")
                        || features.iter().any(of_feature),
                    "{}:{} depends on how it is built: {line}",
                    file.display(),
                    number + 1
                );
            }
        }
    }
}

fn is_condition(line: &&str) -> bool {
    ["[cfg(", "cfg_attr(", "cfg!("].iter().any(|condition| line.contains(condition))
}

fn is_module(line: &&str) -> bool {
    line.starts_with("mod ")
}

/// What a folder's files may not name, and why they are called pure.
#[test]
fn pure_code_stays_pure() {
    let io = [
        "std::fs",
        "std::net",
        "std::io",
        "std::os::",
        "std::env",
        "SystemTime",
        "Instant::",
        "tokio",
        "redb",
    ];
    for folder in ["protocol/src", "protocol/policy/src"] {
        assert_folder_names_none(folder, &io);
    }
    assert_folder_names_none(
        "daemon/keystore/src/domain",
        &[io.as_slice(), &["getrandom", "async fn"]].concat(),
    );
    let wire = ["apikeyd_protocol::message", "apikeyd_protocol::frame", "apikeyd_protocol::codec"];
    let runtime =
        ["apikeyd_protocol::operation", "SystemTime", "tokio", "async fn", "std::net", "std::os::unix::net"];
    assert_folder_names_none("daemon/keystore/src", &[wire.as_slice(), &runtime].concat());
    assert_folder_names_none("daemon/src", &["redb::"]);
    // Terms have no encoding.
    assert_folder_names_none("protocol/src/term", &["serde", "bincode", "crate::message", "crate::codec"]);
}

/// Beside the parts only the log takes the time by itself, for its lines, and nobody draws.
#[test]
fn the_wall_clock_and_randomness_are_parts() {
    let of_parts = |file: &PathBuf| {
        file.components().any(|part| part.as_os_str() == "parts" || part.as_os_str() == "parts.rs")
    };
    let of_log = |file: &PathBuf| file.components().any(|part| part.as_os_str() == "logging");
    let files = ["daemon/src", "daemon/keystore/src"].map(|folder| sources(&root().join(folder))).concat();
    for file in files.iter().filter(|file| !file.ends_with("tests.rs") && !of_parts(file)) {
        if !of_log(file) {
            assert_names_none(file, &["SystemTime", "Clock::system"]);
        }
        if !file.ends_with("daemon/src/main.rs") {
            let drawing = ["getrandom::fill", "getrandom::u", "Randomness::system", "Parts::system"];
            assert_names_none(file, &drawing);
        }
    }
}

/// What campaigns take hold of the daemon by is no part of its own ways.
#[test]
fn the_daemon_does_not_name_what_campaigns_hold_it_by() {
    assert_folder_names_none("daemon/src", &["embedded::", "codecs::", "Embedded::", "Codecs::"]);
}

fn assert_folder_names_none(folder: &str, names: &[&str]) {
    let files = sources(&root().join(folder));
    assert!(!files.is_empty(), "{folder} is gone");
    files.iter().for_each(|file| assert_names_none(file, names));
}

/// Looks at code, not at comments, and not at the unit tests at a file's end.
fn assert_names_none(file: &Path, names: &[&str]) {
    let text = fs::read_to_string(file).expect("a source file");
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    for (number, line) in code.lines().enumerate() {
        let line = line.split("//").next().unwrap_or_default();
        for name in names {
            assert!(!line.contains(name), "{}:{} names {name}", file.display(), number + 1);
        }
    }
}
