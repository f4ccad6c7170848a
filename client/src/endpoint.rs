//! Where the daemon is, and which server is trusted to be it.

use crate::error::Error;
use apikeyd_protocol::socket::{MAX_SOCKET_PATH_BYTES, SOCKET_VARIABLE, SYSTEM_SOCKET, user_socket};
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Permission bits of group and others to write, from `sys/stat.h`.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// The uid of root.
const ROOT: u32 = 0;

/// A socket's path that has been checked, and the uid that its server must have.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    socket: PathBuf,
    server_uid: Option<u32>,
}

impl Endpoint {
    /// Checks the path; no IO.
    pub(crate) fn new(socket: PathBuf, server_uid: Option<u32>) -> Result<Self, Error> {
        let bytes = socket.as_os_str().as_bytes();
        if bytes.is_empty() || bytes.len() > MAX_SOCKET_PATH_BYTES || bytes.contains(&0) {
            return Err(Error::SocketPath { path: socket });
        }
        Ok(Self { socket, server_uid })
    }

    /// The path.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Whether a server of this uid may be the daemon.
    ///
    /// With a required uid, only that one. Without, the server must be one that could harm the caller anyway, or was put
    /// there by such a user:
    /// * root, or the caller itself;
    /// * the owner of the directory that holds the socket, if nobody else may write there: the path leads to
    ///   that user's own directory;
    /// * anybody, if that directory is root's and nobody else may write there: only root can have arranged
    ///   that server. The packaged daemon runs so, under a user of its own.
    ///
    /// The owner of the socket file alone proves nothing: in a directory that all may write, an impostor
    /// owns the socket that it made.
    ///
    /// # Errors
    /// [`Error::WrongServer`] otherwise.
    pub(crate) fn check_server(&self, uid: u32) -> Result<(), Error> {
        let trusted = match self.server_uid {
            Some(required) => uid == required,
            None => uid == ROOT || uid == own_uid() || self.is_in_trusted_directory(uid),
        };
        if trusted { Ok(()) } else { Err(Error::WrongServer { socket: self.socket.clone(), uid }) }
    }

    fn is_in_trusted_directory(&self, uid: u32) -> bool {
        let directory = self.socket.parent().filter(|parent| !parent.as_os_str().is_empty());
        let Ok(directory) = directory.unwrap_or(Path::new(".")).metadata() else { return false };
        let owner = directory.uid();
        directory.mode() & WRITABLE_BY_OTHERS == 0 && (owner == ROOT || owner == uid)
    }
}

/// The socket that is used when none is given: `$APIKEYD_SOCKET` unless it is empty; for root the system's; for other
/// users their own daemon's, or the system's if it is certain that their own does not exist. One that cannot be examined
/// is used, so that connecting says what is wrong: another daemon knows other keys.
#[must_use]
pub fn default_socket() -> PathBuf {
    choose_socket(std::env::var_os(SOCKET_VARIABLE), own_uid(), std::env::var_os("XDG_RUNTIME_DIR"))
}

fn choose_socket(named: Option<OsString>, uid: u32, runtime_dir: Option<OsString>) -> PathBuf {
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        return named.into();
    }
    let own = if uid == ROOT { None } else { user_socket(runtime_dir.as_deref().map(Path::new)) };
    own.filter(|socket| !is_absent(socket)).unwrap_or_else(|| SYSTEM_SOCKET.into())
}

/// A dangling link is not absent.
fn is_absent(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_named_socket_comes_first_then_the_users_own_then_the_systems() {
        let dir = tempfile::tempdir().unwrap();
        let runtime = || Some(dir.path().as_os_str().to_owned());
        let system = PathBuf::from(SYSTEM_SOCKET);
        assert_eq!(choose_socket(Some("/x/y".into()), 7, runtime()), PathBuf::from("/x/y"));
        assert_eq!(choose_socket(Some("".into()), 7, runtime()), system, "no socket there yet");

        let own = dir.path().join("apikeyd/apikeyd.sock");
        std::fs::create_dir(dir.path().join("apikeyd")).unwrap();
        std::fs::write(&own, "").unwrap();
        assert_eq!(choose_socket(None, 7, runtime()), own);
        assert_eq!(choose_socket(None, ROOT, runtime()), system);
        std::fs::remove_file(&own).unwrap();
        std::os::unix::fs::symlink("nowhere", &own).unwrap();
        assert_eq!(choose_socket(None, 7, runtime()), own, "a dangling symbolic link");
        std::fs::remove_dir_all(own.parent().unwrap()).unwrap();
        std::fs::write(own.parent().unwrap(), "").unwrap();
        assert_eq!(choose_socket(None, 7, runtime()), own, "what cannot be looked at is not absent");
        std::fs::remove_file(own.parent().unwrap()).unwrap();
        assert_eq!(choose_socket(None, 7, runtime()), system);
        assert_eq!(choose_socket(None, 7, Some("relative".into())), system);
        assert_eq!(choose_socket(None, 7, None), system);
    }

    #[test]
    fn a_path_that_cannot_be_a_sockets_is_refused() {
        for bad in [String::new(), "x".repeat(MAX_SOCKET_PATH_BYTES + 1), "a\0b".into()] {
            assert!(matches!(Endpoint::new(bad.into(), None), Err(Error::SocketPath { .. })));
        }
        assert!(Endpoint::new("x".repeat(MAX_SOCKET_PATH_BYTES).into(), None).is_ok());
    }

    #[test]
    fn who_is_believed_depends_on_who_could_have_put_the_socket_there() {
        let stranger = own_uid() + 1000;
        let dir = tempfile::tempdir().unwrap();
        let endpoint = Endpoint::new(dir.path().join("s"), None).unwrap();
        let mode = |mode| std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(mode)).unwrap();

        mode(0o1777);
        assert!(endpoint.check_server(ROOT).is_ok());
        assert!(endpoint.check_server(own_uid()).is_ok());
        assert!(
            matches!(endpoint.check_server(stranger), Err(Error::WrongServer { uid, .. }) if uid == stranger)
        );
        mode(0o755);
        assert_eq!(
            endpoint.check_server(stranger).is_ok(),
            own_uid() == ROOT,
            "a directory of {}",
            own_uid()
        );

        let strict = Endpoint::new(dir.path().join("s"), Some(stranger)).unwrap();
        assert!(strict.check_server(stranger).is_ok());
        assert!(strict.check_server(ROOT).is_err());
        assert!(strict.check_server(own_uid()).is_err());
    }
}
