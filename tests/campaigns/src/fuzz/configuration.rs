//! The daemon's configuration file.

use super::allocation::within;
use super::place::lies_in;
use apikeyd::config::{Accounts, CommandLine, Config, ConfigError, Place, load};
use core::time::Duration;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::NamedTempFile;

/// Bytes that reading may hold for each byte of a file, and for an empty one.
const BOUND_PER_BYTE: usize = 512;
const BOUND: usize = 64 * 1024;

/// A host whose names all tests share, so that no server of the network is asked.
struct Host;

impl Accounts for Host {
    fn user(&self, name: &str) -> Result<Option<u32>, String> {
        match name {
            "alice" => Ok(Some(1000)),
            "unreachable" => Err("the user database does not answer".to_owned()),
            _ => Ok(None),
        }
    }

    fn group(&self, name: &str) -> Result<Option<u32>, String> {
        Ok(["web", "apikeyd-issuers", "apikeyd-clients"]
            .iter()
            .zip([33, 901, 902])
            .find_map(|(group, gid)| (*group == name).then_some(gid)))
    }
}

/// Bytes as a configuration file, read by the system's daemon and by a user's own.
pub fn configuration(bytes: &[u8]) {
    let file = written(bytes);
    let command_line = CommandLine { config: Some(file.path().to_owned()), ..CommandLine::default() };
    for uid in [0, 1000] {
        let place = Place {
            uid,
            state_directory: None,
            xdg_state_home: None,
            xdg_runtime_dir: Some("/run/user/1000".into()),
            home: Some("/home/alice".into()),
            log: None,
        };
        match within(BOUND + BOUND_PER_BYTE * bytes.len(), || load(&command_line, &place, &Host)) {
            Ok(config) => within_limits(&config, file.path()),
            Err(error) => points_into(bytes, &error, file.path()),
        }
    }
}

/// In memory if there is a place, as a file of its own mode.
fn written(bytes: &[u8]) -> NamedTempFile {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
    let mut file = tempfile::Builder::new().prefix("apikeyd-fuzz-").tempfile_in(folder).unwrap();
    file.write_all(bytes).unwrap();
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).unwrap();
    file
}

fn within_limits(config: &Config, file: &Path) {
    const MINUTE: Duration = Duration::from_secs(60);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    assert_eq!(config.file.as_deref(), Some(file));
    assert!((MINUTE..=DAY).contains(&config.draft_ttl));
    assert!(config.retention.is_none_or(|kept| (DAY..=36_500 * DAY).contains(&kept)));
    assert!((1 << 20..=1 << 40).contains(&config.cache_bytes));
    assert!((1..=65_536).contains(&config.limits.connections));
    assert!((1..=65_536).contains(&config.limits.connections_per_uid));
    assert!((MINUTE..=DAY).contains(&config.limits.idle));
    assert!(config.socket.mode <= 0o777 && config.socket.mode & 0o600 == 0o600);
    let paths =
        [Some(&*config.state_dir), Some(&*config.socket.path), config.page.as_deref(), config.policy.file()];
    for path in paths.into_iter().flatten() {
        assert!(path.is_absolute() && !path.as_os_str().as_encoded_bytes().contains(&0), "{path:?}");
    }
}

fn points_into(bytes: &[u8], error: &ConfigError, file: &Path) {
    assert!(!error.diagnostics.is_empty());
    assert_eq!(error.file.as_deref(), Some(file));
    // Columns count in the text behind a byte order mark.
    let text = core::str::from_utf8(bytes).map(|text| text.strip_prefix('\u{FEFF}').unwrap_or(text));
    for fault in &error.diagnostics {
        assert!(!fault.message.trim().is_empty());
        assert!(
            !fault.message.contains(['\u{1b}', '\r']),
            "a fault would move the cursor: {:?}",
            fault.message
        );
        if let Some((line, column)) = fault.position {
            lies_in(text.expect("a place in bytes that are no text"), line, column);
        }
    }
}
