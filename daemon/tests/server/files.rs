//! A missing file never opens anything: what happens to a file that the daemon runs by, and what comes of it.

mod credential;
mod fault;
mod memory;
mod site;

use apikeyd_protocol::frame::Status;
use fault::Fault;
use site::{Site, Source};

/// What comes of each fault, at a start and at a reload, whichever file it is. A start ends with exit code 78; a reload
/// is refused with `InvalidConfiguration` and changes nothing; both name the file and say what the table says. The
/// operation that the policy file denied, and the compiled-in table allows, is denied before, between and after.
///
/// The second column is what is said of a file that somebody named: the policy file of `--policy` or of the
/// configuration, or the configuration of `--config`. The third is what is said of the configuration at its default
/// place, whose absence from the very first start on would mean the defaults.
const TABLE: [(Fault, &str, &str); 13] = [
    (Fault::Renamed, "does not exist", "was in force"),
    (Fault::Deleted, "does not exist", "was in force"),
    (Fault::Unreadable, "may not be read by the daemon's user", "may not be read by the daemon's user"),
    (
        Fault::DirectoryClosed,
        "may not be searched by the daemon's user",
        "may not be searched by the daemon's user",
    ),
    (Fault::Unmounted, "does not exist", "was in force"),
    (Fault::DanglingLink, "a dangling symbolic link", "a dangling symbolic link"),
    (Fault::LinkToItself, "too many symbolic links", "too many symbolic links"),
    (Fault::Emptied, "", "is empty"),
    (Fault::ForeignOwner, "belongs to uid 4002", "belongs to uid 4002"),
    (Fault::GroupWritable, "chmod go-w", "chmod go-w"),
    (Fault::WorldWritable, "chmod go-w", "chmod go-w"),
    (Fault::Directory, "is not a regular file", "is not a regular file"),
    (Fault::Fifo, "is not a regular file", "is not a regular file"),
];

/// What is said of an empty file depends on what it should have been.
fn said_of_empty(source: Source) -> &'static str {
    match source {
        Source::PolicyOfConfiguration | Source::PolicyArgument => "default",
        Source::ConfigurationArgument | Source::DefaultConfiguration => "is empty",
    }
}

#[test]
fn the_policy_file_that_the_configuration_names() {
    try_all(Source::PolicyOfConfiguration);
}

#[test]
fn the_policy_file_of_the_command_line() {
    try_all(Source::PolicyArgument);
}

#[test]
fn the_configuration_of_the_command_line() {
    try_all(Source::ConfigurationArgument);
}

#[test]
fn the_configuration_at_its_default_place() {
    try_all(Source::DefaultConfiguration);
}

/// Every fault, one after the other, on one store.
fn try_all(source: Source) {
    let Some(mut site) = Site::new(source) else { return };
    site.start();
    let mut wrong = Vec::new();
    for (fault, named, default) in TABLE {
        if !site.can(fault) {
            eprintln!("skipped: {source:?} {fault:?} needs root and a mount namespace");
            continue;
        }
        let said = match (fault, source) {
            (Fault::Emptied, _) => said_of_empty(source),
            (_, Source::DefaultConfiguration) => default,
            _ => named,
        };
        wrong.extend(try_one(&mut site, fault, said).into_iter().map(|what| format!("{fault:?}: {what}")));
    }
    assert!(wrong.is_empty(), "{source:?}\n{}", wrong.join("\n"));
}

/// One fault: a reload under it, a start under it, and a start once it is mended. Gives what was not as it must be.
fn try_one(site: &mut Site, fault: Fault, said: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut must = |holds: bool, what: &str, message: &str| {
        if !holds {
            wrong.push(format!("{what}: {message:?}"));
        }
    };
    must(site.denies(), "allowed before", "");
    site.spoil(fault);
    let (status, message) = site.reload();
    must(status == Status::InvalidConfiguration, "the reload was not refused", &message);
    must(message.contains(&site.name()), "the reload does not name the file", &message);
    must(message.contains(said), &format!("the reload does not say {said:?}"), &message);
    must(site.denies(), "the reload allowed what was denied", &message);
    site.stop();
    let (code, log) = site.refused_start();
    must(code == Some(78), &format!("the start ended with {code:?}"), &log);
    must(log.contains(&site.name()), "the start does not name the file", &log);
    must(log.contains(said), &format!("the start does not say {said:?}"), &log);
    site.mend();
    site.start();
    must(site.denies(), "allowed after it was mended", "");
    must(site.reload().0 == Status::Ok, "no reload after it was mended", "");
    wrong
}
