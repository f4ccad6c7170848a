//! `[rights]`: from names to numbers.

use super::written::Diagnostics;
use super::written::{RawAccount, RawHolders, RawRights};
use crate::rights::{OVERFLOW_ID, RightsTable};
use apikeyd_protocol::right::Right;
use nix::unistd::{Group, User};
use toml::Spanned;

/// The group that may issue and validate by default.
pub(super) const ISSUERS: &str = "apikeyd-issuers";
/// The group that may validate by default.
pub(super) const CLIENTS: &str = "apikeyd-clients";

/// The rights if the configuration has no such section: root and the daemon's own user have all, the two
/// default groups those they are named for. If a host lacks these groups, nobody there uses them.
pub(super) fn shipped(own_uid: u32, accounts: &dyn Accounts, diagnostics: &mut Diagnostics) -> RightsTable {
    let mut table = RightsTable::of_owner(own_uid);
    for (group, rights) in [(ISSUERS, &[Right::Issue, Right::Validate][..]), (CLIENTS, &[Right::Validate])] {
        match accounts.group(group) {
            Ok(Some(gid)) => rights.iter().for_each(|right| table.grant_group(gid, *right)),
            Ok(None) => {}
            Err(sentence) => diagnostics.outside(sentence),
        }
    }
    table
}

/// The rights that the configuration lists.
pub(super) fn explicit(
    raw: &RawRights,
    own_uid: u32,
    accounts: &dyn Accounts,
    diagnostics: &mut Diagnostics,
) -> RightsTable {
    let mut table = RightsTable::of_owner(own_uid);
    for (right, RawHolders(holders)) in sections(raw) {
        for user in &holders.users {
            if let Some(uid) = number(user, "user", |name| accounts.user(name), diagnostics) {
                table.grant_user(uid, right);
            }
        }
        for group in &holders.groups {
            if let Some(gid) = number(group, "group", |name| accounts.group(name), diagnostics) {
                table.grant_group(gid, right);
            }
        }
    }
    table
}

fn sections(raw: &RawRights) -> [(Right, &RawHolders); 4] {
    Right::ALL.map(|right| match right {
        Right::Validate => (right, &raw.validate),
        Right::Issue => (right, &raw.issue),
        Right::Inspect => (right, &raw.inspect),
        Right::Admin => (right, &raw.admin),
    })
}

fn number(
    account: &Spanned<RawAccount>,
    what: &str,
    find: impl FnOnce(&str) -> Result<Option<u32>, String>,
    diagnostics: &mut Diagnostics,
) -> Option<u32> {
    let found = match account.get_ref() {
        RawAccount::Number(number) => u32::try_from(*number).map_err(|_| {
            format!("{number} is not the number of a {what}; it must be from 0 to {}", u32::MAX - 1)
        }),
        RawAccount::Name(name) => find(name).and_then(|found| {
            found.ok_or_else(|| format!("this host has no {what} {name:?}; create it or correct the name"))
        }),
    };
    // The kernel shows every user that it cannot name as 65534, and uses u32::MAX for "no change".
    let usable = found.and_then(|number| match number {
        OVERFLOW_ID | u32::MAX => Err(format!(
            "{number} represents every {what} that the kernel cannot name, so it cannot have a right; remove it"
        )),
        usable => Ok(usable),
    });
    usable.map_err(|message| diagnostics.at(account.span().start, message)).ok()
}

/// Looks up users and groups by name.
pub trait Accounts {
    /// The number of a user, `None` if there is no such user.
    ///
    /// # Errors
    /// A sentence, if the user database could not be queried.
    fn user(&self, name: &str) -> Result<Option<u32>, String>;

    /// The number of a group, `None` if there is no such group.
    ///
    /// # Errors
    /// A sentence, if the group database could not be queried.
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
    format!("the {what} database could not be queried for {name:?}: {}", errno.desc())
}
