//! The transcripts in the README are what a reader gets.

use crate::support::{House, root};
use apikeyd_protocol::key::KeyId;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A command of the README and what stands under it.
struct Shown {
    command: String,
    output: String,
}

#[test]
fn the_readme_shows_what_happens() {
    let house = House::open();
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).expect("the README");
    let transcript = transcript(&readme);
    assert!(transcript.len() > 10, "the README has lost its transcripts");
    for Shown { command, output } in transcript {
        let run = Command::new("sh")
            .arg("-c")
            .arg(format!("{{ {command}; }} 2>&1"))
            .current_dir(house.scratch.dir())
            .env(
                "PATH",
                format!("{}:{}", house.scratch.dir().display(), std::env::var("PATH").unwrap_or_default()),
            )
            .env("APIKEYD_SOCKET", house.scratch.socket())
            .stdin(Stdio::null())
            .output()
            .expect("a shell");
        let got = String::from_utf8_lossy(&run.stdout);
        assert_eq!(blurred(&got), blurred(&output), "\n$ {command}\n{got}");
    }
}

/// The `sh` block of the README that holds a word.
fn block(word: &str) -> String {
    let readme = fs::read_to_string(root().join("README.md")).expect("the README");
    let blocks = readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let found: Vec<_> = blocks.filter(|block| block.contains(word)).collect();
    let [block] = found[..] else { panic!("{} blocks hold {word:?}", found.len()) };
    block.to_owned()
}

/// A host with nothing on it but what the commands put there, below a folder. What would change the real one is noted down.
struct EmptyHost(TempDir);

impl EmptyHost {
    fn new() -> Self {
        let host = Self(TempDir::new().expect("a folder"));
        for folder in ["root", "bin", "built/target/release"] {
            fs::create_dir_all(host.path(folder)).expect("a folder");
        }
        symlink(root().join("systemd"), host.path("built/systemd")).expect("a link");
        for program in ["apikeyd", "apikeyctl"] {
            fs::write(host.path("built/target/release").join(program), "a program").expect("a file");
        }
        for tool in ["cargo", "systemctl", "systemd-sysusers", "systemd-tmpfiles"] {
            let noting = format!("#!/bin/sh\necho {tool} \"$@\" >>{}\n", host.path("noted").display());
            fs::write(host.path("bin").join(tool), noting).expect("a file");
            fs::set_permissions(host.path("bin").join(tool), Permissions::from_mode(0o755))
                .expect("its mode");
        }
        host
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    /// A file of the host.
    fn installed(&self, path: &str) -> std::path::PathBuf {
        self.path("root").join(path.trim_start_matches('/'))
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.installed(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    }

    /// Runs commands as they stand, but below the folder and as whoever runs the test; gives what was noted down.
    fn run(&self, commands: &str) -> Vec<String> {
        let mut commands = format!("set -e\n{commands}");
        for top in ["usr", "etc", "var"] {
            let below = format!(" {}/", self.installed(top).display());
            commands = commands.replace(&format!(" /{top}/"), &below);
        }
        let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        commands = commands.replace("-o apikeyd -g apikeyd", &format!("-o {uid} -g {gid}"));
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(&commands).current_dir(self.path("built")).env("PATH", path);
        let output = shell.output().expect("a shell");
        assert!(output.status.success(), "{commands}\n{}", String::from_utf8_lossy(&output.stderr));
        let noted = self.path("noted");
        let lines = fs::read_to_string(&noted).unwrap_or_default().lines().map(str::to_owned).collect();
        let _none = fs::remove_file(noted);
        lines
    }

    fn mode(&self, path: &str) -> u32 {
        fs::metadata(self.installed(path))
            .unwrap_or_else(|error| panic!("{path}: {error}"))
            .permissions()
            .mode()
            & 0o7777
    }
}

#[test]
fn the_install_block_puts_every_file_where_the_service_looks_for_it() {
    let host = EmptyHost::new();
    let noted = host.run(&block("systemd-sysusers"));
    let expected = [
        "cargo build --release -p apikeyd -p apikeyctl",
        "systemd-sysusers apikeyd.conf",
        "systemd-tmpfiles --create apikeyd.conf",
        "systemctl daemon-reload",
        "systemctl enable --now apikeyd.socket apikeyd.service",
    ];
    assert_eq!(noted, expected);
    for (from, to, mode) in [
        ("target/release/apikeyd", "/usr/bin/apikeyd", 0o755),
        ("target/release/apikeyctl", "/usr/bin/apikeyctl", 0o755),
        ("systemd/apikeyd.service", "/etc/systemd/system/apikeyd.service", 0o644),
        ("systemd/apikeyd.socket", "/etc/systemd/system/apikeyd.socket", 0o644),
        ("systemd/sysusers.d/apikeyd.conf", "/etc/sysusers.d/apikeyd.conf", 0o644),
        ("systemd/tmpfiles.d/apikeyd.conf", "/etc/tmpfiles.d/apikeyd.conf", 0o644),
        ("systemd/apikeyd.toml", "/etc/apikeyd/apikeyd.toml", 0o644),
    ] {
        assert_eq!(host.mode(to), mode, "{to}");
        let read = |path: &Path| fs::read(path).expect("a file");
        assert_eq!(read(&host.installed(to)), read(&host.path("built").join(from)), "{to}");
    }
    let unit = fs::read_to_string(host.installed("/etc/systemd/system/apikeyd.service")).expect("the unit");
    assert!(unit.contains("\nExecStart=/usr/bin/apikeyd --config /etc/apikeyd/apikeyd.toml\n"), "{unit}");

    host.write("/etc/apikeyd/apikeyd.toml", "# edited\n");
    host.run(&block("systemd-sysusers"));
    let kept = fs::read_to_string(host.installed("/etc/apikeyd/apikeyd.toml")).expect("a configuration");
    assert_eq!(kept, "# edited\n", "an upgrade keeps the configuration");
}

#[test]
fn the_restore_block_stops_the_socket_too_and_keeps_the_database() {
    let host = EmptyHost::new();
    let database = "/var/lib/apikeyd/apikeyd.redb";
    host.write(database, "of before");
    fs::write(host.path("built/apikeyd.backup"), "of the backup").expect("a file");
    let commands = block("apikeyd.redb");
    let lines: Vec<_> = commands.lines().collect();
    assert_eq!(lines.first(), Some(&"systemctl stop apikeyd.socket apikeyd.service"));
    assert!(commands.contains("install -o apikeyd -g apikeyd -m 0600 "), "{commands}");
    let noted = host.run(&commands);
    assert_eq!(noted, [lines[0], "systemctl start apikeyd.socket apikeyd.service"]);
    assert_eq!(fs::read_to_string(host.installed(database)).expect("a database"), "of the backup");
    assert_eq!(host.mode(database), 0o600);
    let before = host.installed("/var/lib/apikeyd/apikeyd.redb.before");
    assert_eq!(fs::read_to_string(before).expect("the database of before"), "of before");
}

/// The `console` blocks: lines with `$` are commands, the others what they print.
fn transcript(readme: &str) -> Vec<Shown> {
    let mut shown = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        match (inside, line.strip_prefix("$ "), shown.last_mut()) {
            _ if line == "```console" => inside = true,
            _ if line.starts_with("```") => inside = false,
            (true, Some(command), _) => {
                shown.push(Shown { command: command.to_owned(), output: String::new() })
            }
            (true, None, Some(Shown { output, .. })) => {
                output.push_str(line);
                output.push('\n');
            }
            _ => {}
        }
    }
    shown
}

/// The text with key ids, hashes and numbers blurred: they differ from run to run. An id may look like any
/// word of ten letters, so those are blurred, too.
fn blurred(text: &str) -> String {
    text.split_inclusive(|character: char| !character.is_ascii_alphanumeric())
        .map(|piece| {
            let word = piece.trim_end_matches(|character: char| !character.is_ascii_alphanumeric());
            let end = &piece[word.len()..];
            let is_hash = word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
            // One id in 230 has no capital, one in 6,000 is of small letters alone, as a word is.
            let is_id = KeyId::parse(word.as_bytes()).is_ok()
                && !is_number
                && word.bytes().any(|byte| !byte.is_ascii_lowercase());
            match (is_id, is_hash, is_number) {
                (true, _, _) => format!("ID{end}"),
                (_, true, _) => format!("HASH{end}"),
                (_, _, true) => format!("N{end}"),
                _ => piece.to_owned(),
            }
        })
        .collect()
}
