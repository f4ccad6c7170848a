//! `--check-config`: what would be used.

use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::rights::Holder;
use apikeyd_policy::PolicyTable;
use std::io::{self, Write};
use std::path::Path;

/// Writes the configuration as it would be used to standard output.
pub(super) fn report(config: &Config, policy: &PolicyTable) -> Result<(), Failure> {
    write(&mut io::stdout().lock(), config, policy).map_err(|error| {
        Failure::new(Exit::InputOutput, format!("standard output cannot be written: {error}"))
    })
}

fn write(out: &mut impl Write, config: &Config, policy: &PolicyTable) -> io::Result<()> {
    let shown =
        |path: Option<&Path>, none: &str| path.map_or(none.to_owned(), |path| path.display().to_string());
    writeln!(out, "configuration  {}", shown(config.file.as_deref(), "none; the defaults"))?;
    writeln!(out, "state          {}", config.state_dir.display())?;
    writeln!(out, "socket         {} (mode {:04o})", config.socket.path.display(), config.socket.mode)?;
    let file = shown(config.policy.file(), "compiled in");
    writeln!(out, "policy         {file}, {} rows", policy.rows().len())?;
    writeln!(out, "key prefix     {}", config.key_prefix)?;
    writeln!(out, "drafts live    {} min", config.draft_ttl.as_secs() / 60)?;
    match config.retention {
        Some(time) => writeln!(out, "ended keys     kept for {} days", time.as_secs() / 86_400)?,
        None => writeln!(out, "ended keys     kept for ever")?,
    }
    let limits = config.limits;
    writeln!(
        out,
        "connections    {} in all, {} for each user",
        limits.connections, limits.connections_per_uid
    )?;
    let mut holders: Vec<_> = config.rights.holders().collect();
    holders.sort_by_key(|(holder, _)| *holder);
    for (holder, rights) in holders {
        match holder {
            Holder::User(uid) => writeln!(out, "rights         user {uid}: {rights}")?,
            Holder::Group(gid) => writeln!(out, "rights         group {gid}: {rights}")?,
        }
    }
    Ok(())
}
