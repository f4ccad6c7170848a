//! Who may do what: rights of users and groups, and none for everybody else.

use crate::peer::Peer;
use apikeyd_protocol::right::{Right, RightSet};
use std::collections::HashMap;

/// The number by which the kernel shows a user or group that it cannot name here: one of another user
/// namespace, or one too large for an old interface (user_namespaces(7)). It identifies nobody, so it never has
/// a right.
pub const OVERFLOW_ID: u32 = 65_534;

const ROOT: u32 = 0;

/// The rights of users and groups, by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightsTable {
    users: HashMap<u32, RightSet>,
    groups: HashMap<u32, RightSet>,
}

impl RightsTable {
    /// Root and the daemon's own user have all rights; nobody else has any.
    #[must_use]
    pub fn of_owner(own_uid: u32) -> Self {
        let mut table = Self { users: HashMap::new(), groups: HashMap::new() };
        table.grant_user(ROOT, Right::Admin);
        table.grant_user(own_uid, Right::Admin);
        table
    }

    /// Grants a user another right.
    pub fn grant_user(&mut self, uid: u32, right: Right) {
        grant(&mut self.users, uid, right);
    }

    /// Grants a group another right.
    pub fn grant_group(&mut self, gid: u32, right: Right) {
        grant(&mut self.groups, gid, right);
    }

    /// The rights of a caller: the union of those of its user, its group and its supplementary groups.
    #[must_use]
    pub fn of(&self, peer: &Peer) -> RightSet {
        if peer.uid == OVERFLOW_ID {
            return RightSet::EMPTY;
        }
        let of_user = self.users.get(&peer.uid).copied().unwrap_or_default();
        core::iter::once(&peer.gid)
            .chain(&peer.groups)
            .filter(|gid| **gid != OVERFLOW_ID)
            .filter_map(|gid| self.groups.get(gid))
            .fold(of_user, |rights, more| rights.union(*more))
    }

    /// Users and groups with a right, for `--check-config`.
    pub fn holders(&self) -> impl Iterator<Item = (Holder, RightSet)> {
        let users = self.users.iter().map(|(uid, rights)| (Holder::User(*uid), *rights));
        let groups = self.groups.iter().map(|(gid, rights)| (Holder::Group(*gid), *rights));
        users.chain(groups)
    }
}

/// What a right was granted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// A user.
    User(u32),
    /// A group.
    Group(u32),
}

fn grant(table: &mut HashMap<u32, RightSet>, id: u32, right: Right) {
    let rights = table.entry(id).or_default();
    *rights = rights.with(right);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(uid: u32, gid: u32, groups: &[u32]) -> Peer {
        Peer { uid, gid, pid: 1, groups: groups.into() }
    }

    #[test]
    fn default_is_to_deny() {
        let table = RightsTable::of_owner(500);
        assert_eq!(table.of(&peer(1000, 1000, &[0, 4, 500])), RightSet::EMPTY, "gid 0 is not root");
        assert_eq!(table.of(&peer(0, 0, &[])), RightSet::EMPTY.with(Right::Admin));
        assert_eq!(table.of(&peer(500, 500, &[])), RightSet::EMPTY.with(Right::Admin));
    }

    #[test]
    fn user_group_and_supplementary_groups_add_up() {
        let mut table = RightsTable::of_owner(0);
        table.grant_user(1000, Right::Inspect);
        table.grant_group(20, Right::Validate);
        table.grant_group(30, Right::Issue);
        assert_eq!(table.of(&peer(1000, 1, &[])), RightSet::EMPTY.with(Right::Inspect));
        assert_eq!(table.of(&peer(1001, 20, &[])), RightSet::EMPTY.with(Right::Validate));
        assert_eq!(table.of(&peer(1001, 1, &[7, 30])), RightSet::EMPTY.with(Right::Issue));
        let all_three = RightSet::EMPTY.with(Right::Inspect).with(Right::Validate).with(Right::Issue);
        assert_eq!(table.of(&peer(1000, 20, &[30])), all_three);
        assert!(!table.of(&peer(1000, 20, &[30])).contains(Right::Admin));
    }

    #[test]
    fn who_the_kernel_cannot_name_has_no_right_even_if_a_table_says_so() {
        let mut table = RightsTable::of_owner(OVERFLOW_ID);
        table.grant_user(OVERFLOW_ID, Right::Admin);
        table.grant_group(OVERFLOW_ID, Right::Admin);
        table.grant_group(7, Right::Validate);
        assert_eq!(table.of(&peer(OVERFLOW_ID, 7, &[7])), RightSet::EMPTY);
        assert_eq!(table.of(&peer(1000, OVERFLOW_ID, &[OVERFLOW_ID])), RightSet::EMPTY);
    }
}
