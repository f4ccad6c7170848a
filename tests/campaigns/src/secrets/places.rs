//! Where the canaries are looked for, and the whole run.

use super::client::{Client, Way};
use super::memory::{core_of, memory_of};
use super::needles::Needles;
use super::operations::{Canary, through_the_command_line, through_the_socket};
use apikeyd_kit::ctl::Ctl;
use apikeyd_kit::daemon::{Daemon, Start};
use apikeyd_kit::scratch::Scratch;
use std::collections::BTreeSet;
use std::path::Path;

/// Contexts of the keys that are derived from the pepper, as the daemon has them.
const DERIVED: [&str; 3] =
    ["apikeyd 2026 key tag v1", "apikeyd 2026 record seal v1", "apikeyd 2026 audit link v1"];

/// What a run does.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Times that everything is done.
    pub rounds: usize,
    /// Whether cores are written and read, too.
    pub cores: bool,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Keys that were looked for.
    pub canaries: usize,
    /// Bytes that were searched, by place.
    pub searched: Vec<(String, usize)>,
    /// What was found and must not be.
    pub found: BTreeSet<String>,
    /// Pieces in the part of the stacks of a client for threads that belongs to calls that have returned.
    pub in_dead_stack: usize,
    /// Pieces in the memory of a client for tasks.
    pub with_tasks: usize,
}

/// Whose memory is searched.
#[derive(Clone, Copy, Debug)]
enum Process {
    Daemon,
    Threads,
    Tasks,
}

impl Report {
    /// Searches one place.
    fn search(&mut self, needles: &Needles, place: &str, bytes: &[u8]) {
        for (what, at) in needles.find_in(bytes) {
            self.found.insert(format!("{what} in {place} at {at:#x}"));
        }
        self.searched.push((place.into(), bytes.len()));
    }

    /// Searches a process's memory; false where that is forbidden.
    fn search_memory(&mut self, needles: &Needles, who: Process, pid: u32) -> bool {
        let Ok(memory) = memory_of(pid) else { return false };
        let size = memory.iter().map(|mapping| mapping.bytes.len()).sum();
        for mapping in &memory {
            for (what, at) in needles.find_in(&mapping.bytes) {
                match who {
                    Process::Threads if at < mapping.dead => self.in_dead_stack += 1,
                    Process::Tasks => self.with_tasks += 1,
                    Process::Daemon | Process::Threads => {
                        self.found
                            .insert(format!("{what} in memory: {who:?} at {at:#x} of {}", mapping.name));
                    }
                }
            }
        }
        self.searched.push((format!("memory: {who:?}"), size));
        true
    }
}

/// Does everything with canaries and looks for them everywhere.
#[must_use]
pub fn run(scratch: &Scratch, program: &Path, plan: Plan) -> Report {
    let daemon = Start::new(scratch).env("APIKEYD_LOG", "debug").ready();
    let ctl = Ctl::new(scratch);
    let backup = scratch.path("backup");
    let mut clients = [Way::Threads, Way::Tasks].map(|way| Client::start(program, way, &scratch.socket()));
    let mut canaries = Vec::new();
    for number in 0..plan.rounds {
        let made = through_the_command_line(&ctl, number, &backup);
        for canary in &made {
            through_the_socket(&scratch.socket(), canary);
            for client in &mut clients {
                canaries.push(Canary::of(&client.ask_about(&canary.text)));
            }
        }
        canaries.extend(made);
    }
    let mut needles = Needles::default();
    canaries.iter().for_each(|canary| canary.add_to(&mut needles));
    let mut report = Report { canaries: canaries.len(), ..Report::default() };
    search_files(&mut report, &needles, scratch, &daemon, &ctl);
    search_processes(&mut report, needles, scratch, &daemon, &clients, plan);
    let [threads, _tasks] = &mut clients;
    prove_the_search(threads, &canaries);
    assert!(daemon.stop().success());
    report
}

fn search_files(report: &mut Report, needles: &Needles, scratch: &Scratch, daemon: &Daemon, ctl: &Ctl) {
    let pepper = std::fs::read(scratch.state().join("pepper")).unwrap();
    let mut needles = needles.clone();
    needles.add("pepper", &pepper);
    add_derived(&mut needles, &pepper);
    let audit = ctl.run(["--json", "audit", "list"]);
    assert_eq!(audit.code, 0);
    report.search(&needles, "the audit", audit.stdout.as_bytes());
    let log = daemon.log();
    assert!(!log.is_empty(), "the daemon logs");
    report.search(&needles, "the log", log.as_bytes());
    let files = [scratch.state(), scratch.dir().to_path_buf()];
    for entry in files.iter().flat_map(|dir| std::fs::read_dir(dir).unwrap()) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // Not the programs, which are links, and not the pepper's own file.
        if path.symlink_metadata().unwrap().is_file() && name != "pepper" {
            report.search(&needles, &format!("the file {name}"), &std::fs::read(&path).unwrap());
        }
    }
    for name in ["cmdline", "environ"] {
        let bytes = std::fs::read(format!("/proc/{}/{name}", daemon.pid())).unwrap_or_default();
        report.search(&needles, &format!("the daemon's {name}"), &bytes);
    }
}

fn search_processes(
    report: &mut Report,
    needles: Needles,
    scratch: &Scratch,
    daemon: &Daemon,
    clients: &[Client; 2],
    plan: Plan,
) {
    let [threads, tasks] = clients;
    for (who, client) in [(Process::Threads, threads), (Process::Tasks, tasks)] {
        assert!(report.search_memory(&needles, who, client.pid()), "a child's memory can be read");
    }
    let pepper = std::fs::read(scratch.state().join("pepper")).unwrap();
    let mut with_pepper = needles;
    with_pepper.add("pepper", &pepper);
    if !report.search_memory(&with_pepper, Process::Daemon, daemon.pid()) {
        eprintln!("only root can read the daemon's memory: not searched");
        return;
    }
    report.found.extend(wrong_copies_of_derived_keys(daemon, &pepper));
    if !plan.cores {
        return;
    }
    let mut in_core = with_pepper;
    add_derived(&mut in_core, &pepper);
    match core_of(daemon.pid(), scratch.dir()) {
        Some(core) => report.search(&in_core, "a core of the daemon", &std::fs::read(core).unwrap()),
        None => eprintln!("there is no gcore here: no core searched"),
    }
}

fn add_derived(needles: &mut Needles, pepper: &[u8]) {
    for context in DERIVED {
        needles.add(context, &blake3::derive_key(context, pepper));
    }
}

/// The derived keys are used for each request, so they are in memory: once, and in pages that no core has.
fn wrong_copies_of_derived_keys(daemon: &Daemon, pepper: &[u8]) -> Vec<String> {
    let memory = memory_of(daemon.pid()).unwrap();
    let mut wrong = Vec::new();
    for context in DERIVED {
        let mut needles = Needles::default();
        needles.add(context, &blake3::derive_key(context, pepper)[..16]);
        let found = memory.iter().flat_map(|mapping| {
            let places = needles.find_in(&mapping.bytes).into_iter();
            places.map(move |(_, at)| (format!("{at:#x} of {}", mapping.name), mapping.is_in_no_core))
        });
        // The piece at the start is the piece at the end: each place counts twice.
        let places: BTreeSet<(String, bool)> = found.collect();
        if places.len() != 1 || places.iter().any(|(_, is_in_no_core)| !is_in_no_core) {
            wrong.push(format!("{context}: in the daemon's memory at (place, in no core) {places:?}"));
        }
    }
    wrong
}

/// A search that finds nothing says nothing until it has found something.
fn prove_the_search(client: &mut Client, canaries: &[Canary]) {
    let kept = &canaries[0];
    client.keep(&kept.text);
    let mut needles = Needles::default();
    kept.add_to(&mut needles);
    let memory = memory_of(client.pid()).unwrap();
    let found = memory.iter().any(|mapping| !needles.find_in(&mapping.bytes).is_empty());
    assert!(found, "a key that the client keeps is not found in its memory");
}
