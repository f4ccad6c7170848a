//! What happens to the daemon: a random sequence of everything that it does.

use super::inspection::Broken;
use super::site::{RETENTION, Site};
use crate::seeded::Seeded;
use apikeyd::operations::ErrorKind;
use apikeyd_kit::life::Action;
use apikeyd_kit_service::{actor, peer, permit};
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::name::{Label, UserId};
use apikeyd_protocol::term::{CredentialsCause, SaveMode};
use std::time::Duration;

/// Uids that ask.
const CALLERS: u64 = 3;

/// What one run of the workload is like.
#[derive(Debug)]
pub(crate) struct Workload {
    users: Vec<UserId>,
    seeded: Seeded,
    /// Backups go through a file of the system and are dear; they are few.
    backups: u64,
}

impl Workload {
    pub(crate) fn new(seeded: &mut Seeded) -> Self {
        let mut seeded = seeded.split();
        let many = seeded.one_in(4);
        let count = if many { 60 } else { 2 + seeded.below(6) };
        // Long names make records of half a kilobyte, and the file grows.
        let padding = if seeded.one_in(3) { 200 } else { 1 };
        let name = |user| UserId::parse(&format!("user-{user}-{}", "x".repeat(padding))).expect("a name");
        Self { users: (0..count).map(name).collect(), seeded, backups: 1 }
    }

    /// One step. Ends early when the disk fails; what was not acknowledged is a candidate then.
    pub(crate) fn step(&mut self, site: &mut Site) -> Result<(), Broken> {
        match self.seeded.below(40) {
            0..=25 => self.changes(site),
            26..=29 => {
                self.advance(site);
                Ok(())
            }
            30..=32 => maintain(site),
            33..=35 => site.check_verdicts(),
            36..=37 => self.load_policy(site),
            38 if self.backups > 0 => {
                self.backups -= 1;
                back_up(site)
            }
            _ => restart(site),
        }
    }

    fn changes(&mut self, site: &mut Site) -> Result<(), Broken> {
        let count = match self.seeded.below(10) {
            0..=5 => 1,
            6..=8 => 2 + self.seeded.below(5),
            _ => 7 + self.seeded.below(54),
        };
        let deeds: Vec<_> = (0..count).filter_map(|_| self.action(site)).collect();
        site.change(deeds)
    }

    fn action(&mut self, site: &mut Site) -> Option<(u32, Action)> {
        let seeded = &mut self.seeded;
        let user = seeded.pick(&self.users)?.clone();
        let caller = 1000 + u32::try_from(seeded.below(CALLERS)).ok()?;
        match seeded.below(20) {
            0..=10 => {
                let (key_id, uid) = self.draft(site, &user, caller)?;
                let active = site.model.world.active(&user, site.now());
                let usual = if active.is_some() { SaveMode::Replace } else { SaveMode::Add };
                let mode = if self.seeded.one_in(12) { other(usual) } else { usual };
                let uid = if self.seeded.one_in(20) { caller + 1 } else { uid };
                Some((uid, Action::Save { key_id, mode }))
            }
            11..=13 => {
                let shown = seeded.pick(&site.keys)?;
                let key_id = shown.key.id();
                let mode = if seeded.one_in(2) { SaveMode::Add } else { SaveMode::Replace };
                Some((shown.uid, Action::Save { key_id, mode }))
            }
            14..=16 => Some((caller, Action::Delete { key_id: seeded.pick(&site.keys)?.key.id() })),
            17..=18 => {
                let reset = seeded.one_in(2);
                let cause = if reset { CredentialsCause::Reset } else { CredentialsCause::Change };
                Some((caller, Action::Credentials { user, cause }))
            }
            _ => Some((caller, Action::DeleteUser { user })),
        }
    }

    fn draft(&mut self, site: &mut Site, user: &UserId, caller: u32) -> Option<(KeyId, u32)> {
        let label = self.seeded.one_in(2).then(|| {
            let length = usize::try_from(1 + self.seeded.below(120)).unwrap_or(1);
            Label::parse(&"l".repeat(length)).expect("a label")
        });
        let dated = self.seeded.one_in(3);
        let expires_at =
            dated.then(|| site.now().saturating_add(Duration::from_secs(1 + self.seeded.below(7200))));
        site.generate(user, caller, label, expires_at);
        site.keys.last().map(|shown| (shown.key.id(), shown.uid))
    }

    fn advance(&mut self, site: &Site) {
        let seconds = match self.seeded.below(3) {
            0 => self.seeded.below(60),
            1 => self.seeded.below(1200),
            _ => self.seeded.below(2 * 3600),
        };
        site.advance(Duration::from_millis(seconds * 1000 + self.seeded.below(3)));
    }

    fn load_policy(&mut self, site: &mut Site) -> Result<(), Broken> {
        let index = usize::try_from(self.seeded.below(3)).unwrap_or(0);
        match site.load_policy(index) {
            (Ok(changed), expected) if changed == expected => Ok(()),
            (Err(ErrorKind::StorageUnavailable), _) if has_failed(site) => Ok(()),
            (answer, expected) => Err(format!("a policy load gave {answer:?} instead of {expected}")),
        }
    }
}

/// Housekeeping: three kinds of transactions, of which nobody is told.
fn maintain(site: &mut Site) -> Result<(), Broken> {
    let uses = site.uses();
    let (now, before) = (site.now(), site.model.clone());
    site.run(site.service().maintain());
    let mut expired = before.clone();
    expired.world.expire_all(now);
    let mut purged = expired.clone();
    purged.world.purge(now, RETENTION);
    if has_failed(site) {
        site.conclude(expired, false);
        site.conclude(purged, false);
    } else {
        site.conclude(purged, true);
        site.uses_are_written(uses);
    }
    Ok(())
}

fn back_up(site: &mut Site) -> Result<(), Broken> {
    let caller = peer(1000);
    match site.service().backup(&permit(site.service(), &caller), &|| false) {
        Ok((ready, _)) if ready.head.revision == site.model.world.rows.len() as u64 => {}
        Err(error) if error.kind == ErrorKind::StorageUnavailable && has_failed(site) => return Ok(()),
        answer => return Err(format!("a backup gave {answer:?}")),
    }
    let mut after = site.model.clone();
    after.world.take_backup(site.now(), actor(1000));
    match site.run(site.service().backup_handed_over(actor(1000))) {
        Ok(()) => {
            site.conclude(after, true);
            site.acknowledged += 1;
            Ok(())
        }
        Err(error) if error.kind == ErrorKind::StorageUnavailable && has_failed(site) => {
            site.conclude(after, false);
            Ok(())
        }
        answer => Err(format!("the row of a backup gave {answer:?}")),
    }
}

/// A clean stop and a start.
fn restart(site: &mut Site) -> Result<(), Broken> {
    let uses = site.uses();
    let closed = site.close();
    if has_failed(site) {
        return Ok(());
    }
    closed.map_err(|error| format!("the service was not closed: {error}"))?;
    site.uses_are_written(uses);
    match site.start() {
        Ok(()) => {
            let loaded = site.candidates[0].clone();
            site.settle(loaded);
            Ok(())
        }
        Err(_) if has_failed(site) => Ok(()),
        Err(error) => Err(format!("the service does not start again: {error}")),
    }
}

fn has_failed(site: &Site) -> bool {
    site.disk.is_cut() || site.disk.hits() > 0
}

const fn other(mode: SaveMode) -> SaveMode {
    match mode {
        SaveMode::Add => SaveMode::Replace,
        SaveMode::Replace => SaveMode::Add,
    }
}
