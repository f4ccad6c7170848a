//! Names of users and groups.
//!
//! Asked through `getpwnam_r` and `getgrnam_r`, so that users of LDAP, SSSD or systemd-userdb are found like
//! those of `/etc/passwd`; the `nix` crate wraps both calls safely.

use nix::unistd::{Group, User};

/// What knows users and groups by name.
pub trait Accounts {
    /// The number of a user, `None` when there is no such user.
    ///
    /// # Errors
    /// A sentence, when the user database could not be asked.
    fn user(&self, name: &str) -> Result<Option<u32>, String>;

    /// The number of a group, `None` when there is no such group.
    ///
    /// # Errors
    /// A sentence, when the group database could not be asked.
    fn group(&self, name: &str) -> Result<Option<u32>, String>;
}

/// The accounts of this host.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemAccounts;

impl Accounts for SystemAccounts {
    fn user(&self, name: &str) -> Result<Option<u32>, String> {
        let found = User::from_name(name).map_err(|errno| cannot_ask("user", name, errno))?;
        Ok(found.map(|user| user.uid.as_raw()))
    }

    fn group(&self, name: &str) -> Result<Option<u32>, String> {
        let found = Group::from_name(name).map_err(|errno| cannot_ask("group", name, errno))?;
        Ok(found.map(|group| group.gid.as_raw()))
    }
}

fn cannot_ask(what: &str, name: &str, errno: nix::errno::Errno) -> String {
    format!("the {what} database could not be asked for {name:?}: {}", errno.desc())
}
