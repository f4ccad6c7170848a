//! Imports point down: `ctl ► client ► protocol ◄ daemon`, and inside the daemon from `main` to `domain`.

use crate::support::{root, sources};
use std::fs;
use std::path::{Path, PathBuf};

/// A package and the packages of this workspace that it may name.
const PACKAGES: [(&str, &[&str]); 6] = [
    ("protocol", &[]),
    ("protocol/policy", &[]),
    ("client", &["apikeyd-protocol", "apikeyd-policy"]),
    ("client/ctl", &["apikeyd-client", "apikeyd-protocol", "apikeyd-policy"]),
    ("daemon/keystore", &["apikeyd-protocol"]),
    ("daemon", &["apikeyd-keystore", "apikeyd-protocol", "apikeyd-policy"]),
];

#[test]
fn packages_depend_downwards() {
    for (package, allowed) in PACKAGES {
        let manifest = fs::read_to_string(root().join(package).join("Cargo.toml")).expect("a manifest");
        let dependencies = manifest.split("[dependencies]").nth(1).expect("a table of dependencies");
        for line in dependencies.lines().take_while(|line| !line.starts_with("[dev-")) {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            let ours = name.starts_with("apikey");
            assert!(!ours || allowed.contains(&name), "{package} may not depend on {name}");
        }
    }
}

/// The features of the packages that ship: what a user may leave out, and nothing for tests.
const FEATURES: [(&str, &[&str]); 6] = [
    ("protocol", &[]),
    ("protocol/policy", &["file"]),
    ("client", &["tokio"]),
    ("client/ctl", &[]),
    ("daemon/keystore", &[]),
    ("daemon", &[]),
];

#[test]
fn what_ships_is_what_is_tested() {
    for (package, features) in FEATURES {
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
                // The condition of an attribute over several lines stands in the next one.
                let condition = lines[number..].iter().take(2).copied().collect::<String>();
                let of_feature = |feature: &&str| condition.contains(&format!("feature = \"{feature}\""));
                assert!(
                    of_tests || condition.contains("target_") || features.iter().any(of_feature),
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

#[test]
fn the_protocol_does_no_io_and_reads_no_clock() {
    for file in
        sources(&root().join("protocol/src")).into_iter().chain(sources(&root().join("protocol/policy/src")))
    {
        assert_names_none(
            &file,
            &[
                "std::fs",
                "std::net",
                "std::os::",
                "std::io",
                "SystemTime",
                "Instant::",
                "tokio",
                "redb",
                "std::env",
            ],
        );
    }
}

/// The rules of a key's life: no IO, no clock, no randomness, no runtime, no wire messages.
#[test]
fn the_domain_is_pure() {
    let domain = sources(&root().join("daemon/keystore/src/domain"));
    assert!(domain.len() > 5, "the domain is gone");
    for file in domain {
        assert_names_none(
            &file,
            &[
                "std::fs",
                "std::io",
                "std::net",
                "SystemTime",
                "Instant",
                "getrandom",
                "redb",
                "async fn",
                "crate::database",
                "crate::keystore",
            ],
        );
    }
}

/// No socket, no wire messages, no wall clock, no runtime.
#[test]
fn the_keystore_knows_no_wire() {
    for file in sources(&root().join("daemon/keystore/src")) {
        assert_names_none(
            &file,
            &[
                "apikeyd_protocol::message",
                "apikeyd_protocol::frame",
                "apikeyd_protocol::codec",
                "SystemTime",
                "tokio",
                "async fn",
                "std::net",
                "std::os::unix::net",
            ],
        );
    }
}

#[test]
fn only_the_keystore_names_redb() {
    for file in sources(&root().join("daemon/src")) {
        assert_names_none(&file, &["redb::"]);
    }
}

/// Beside the parts only the log takes the time by itself, for its lines, and nobody draws.
#[test]
fn the_wall_clock_and_randomness_are_parts() {
    for file in module("parts") {
        assert_names_none(&file, &["crate::"]);
    }
    let allowed = [module("parts"), module("logging")].concat();
    let keystore = sources(&root().join("daemon/keystore/src"));
    for file in sources(&root().join("daemon/src")).into_iter().chain(keystore) {
        if !allowed.contains(&file) && !file.ends_with("tests.rs") {
            assert_names_none(&file, &["SystemTime", "Clock::system"]);
        }
        let is_a_part = file.parent().is_some_and(|folder| folder.ends_with("parts"));
        if !is_a_part
            && !module("parts").contains(&file)
            && !file.ends_with("daemon/src/main.rs")
            && !file.ends_with("tests.rs")
        {
            assert_names_none(
                &file,
                &["getrandom::fill", "getrandom::u", "Randomness::system", "Parts::system"],
            );
        }
    }
}

/// What campaigns take hold of the daemon by is no part of its own ways.
#[test]
fn the_daemon_does_not_name_what_campaigns_hold_it_by() {
    for file in sources(&root().join("daemon/src")) {
        assert_names_none(&file, &["embedded::", "codecs::", "Embedded::", "Codecs::"]);
    }
}

/// The daemon's modules from the top down: none names one that stands before it.
const ORDER: [&str; 5] = ["run", "server", "connection", "dispatch", "service"];

#[test]
fn inside_the_daemon_imports_point_down() {
    for (place, name) in ORDER.iter().enumerate() {
        let above: Vec<String> = ORDER[..place].iter().map(|above| format!("crate::{above}::")).collect();
        let above: Vec<&str> = above.iter().map(String::as_str).collect();
        for file in module(name) {
            assert_names_none(&file, &above);
        }
    }
}

/// The files of one module of the daemon.
fn module(name: &str) -> Vec<PathBuf> {
    let source = root().join("daemon/src");
    let mut files = sources(&source.join(name));
    files.extend([source.join(format!("{name}.rs"))].into_iter().filter(|file| file.exists()));
    assert!(!files.is_empty(), "the module {name} is gone");
    files
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
