//! The files by which the daemon runs, and when the loss of one would silently loosen what they decide.
//!
//! Rights and policy table come from files, and without files from the program itself. A file that is gone must not
//! become that other case by itself: so the daemon remembers by what it ran last, and holds against it what it finds.

use core::fmt;
use std::path::{Path, PathBuf};

/// Bytes of a table's hash that are shown to people.
const SHOWN_HASH_BYTES: usize = 8;

/// Where the policy table comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PolicySource {
    /// Nobody named one: the compiled-in table, if no other was in force before.
    #[default]
    Unnamed,
    /// The compiled-in table, by its name `compiled-in`.
    CompiledIn,
    /// A file.
    File(PathBuf),
}

impl PolicySource {
    /// The file, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Unnamed | Self::CompiledIn => None,
        }
    }
}

/// Where a start or a reload found rights and policy table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// The configuration file, if there is one with text.
    pub configuration: Option<PathBuf>,
    /// A configuration file that is there and has no text.
    pub empty: Option<PathBuf>,
    /// Where the policy table comes from.
    pub policy: PolicySource,
}

/// Those of a program that makes its own table and means it, without any file.
impl Default for Sources {
    fn default() -> Self {
        Self { configuration: None, empty: None, policy: PolicySource::CompiledIn }
    }
}

/// The policy table in force, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableFacts {
    /// Its rows.
    pub rows: u32,
    /// Whether what no row matches is allowed.
    pub default_allow: bool,
    /// BLAKE3 of its text.
    pub hash: [u8; 32],
}

/// The files in force, and the table that came of them. The store remembers them from start to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesInForce {
    /// The configuration file; none: the defaults.
    pub configuration: Option<PathBuf>,
    /// The policy file; none: the compiled-in table.
    pub policy: Option<PathBuf>,
    /// The table.
    pub table: TableFacts,
}

/// What was in force last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// These files.
    Files(FilesInForce),
    /// A table of this hash, by the word of a daemon that did not write down more. None: no table was ever in force.
    Table(Option<[u8; 32]>),
}

impl FilesInForce {
    /// What is in force once the table of these sources is.
    #[must_use]
    pub fn of(sources: &Sources, table: TableFacts) -> Self {
        let policy = sources.policy.file().map(Path::to_path_buf);
        Self { configuration: sources.configuration.clone(), policy, table }
    }
}

/// Holds what a start or a reload finds against what was in force.
///
/// # Errors
/// [`Lost`], when a configuration was in force and there is none now; or when a file's table was in force, nobody names
/// a table now, and the compiled-in one is another.
pub fn check_files(before: &Before, sources: &Sources, table: &TableFacts) -> Result<(), Lost> {
    let mut losses = Vec::new();
    if let Before::Files(FilesInForce { configuration: Some(was), .. }) = before
        && sources.configuration.is_none()
    {
        losses.push(match &sources.empty {
            Some(empty) => Loss::Emptied { was: was.clone(), empty: empty.clone() },
            None => Loss::Configuration { was: was.clone() },
        });
    }
    let was = match before {
        Before::Files(FilesInForce { policy: Some(path), table, .. }) => {
            Some((Some(path), table.hash, Some(table)))
        }
        Before::Table(Some(hash)) => Some((None, *hash, None)),
        Before::Files(FilesInForce { policy: None, .. }) | Before::Table(None) => None,
    };
    if let Some((path, hash, facts)) = was
        && sources.policy == PolicySource::Unnamed
        && hash != table.hash
    {
        losses.push(Loss::Policy { path: path.cloned(), hash, facts: facts.copied(), now: table.rows });
    }
    if losses.is_empty() { Ok(()) } else { Err(Lost(losses)) }
}

/// Files that were in force and are lost. One line for each, which says what was in force and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost(Vec<Loss>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Loss {
    Configuration { was: PathBuf },
    Emptied { was: PathBuf, empty: PathBuf },
    Policy { path: Option<PathBuf>, hash: [u8; 32], facts: Option<TableFacts>, now: u32 },
}

impl core::error::Error for Lost {}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for loss in &self.0 {
            write!(f, "{separator}{loss}")?;
            separator = "\n";
        }
        Ok(())
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration { was } => write!(
                f,
                "{}: this configuration was in force last, and now there is none: put it back, or name another one with \
                 --config; if the defaults are meant, name a file that holds only a comment",
                was.display()
            ),
            Self::Emptied { was, empty } => write!(
                f,
                "{}: the file is empty, and {} was in force last: put its text back; if the defaults are meant, write a \
                 comment into the file",
                empty.display(),
                was.display()
            ),
            Self::Policy { path, hash, facts, now } => {
                match path {
                    Some(path) => {
                        write!(f, "{}: the table of this policy file was in force last (", path.display())?
                    }
                    None => {
                        f.write_str("another policy table than the compiled-in one was in force last (")?
                    }
                }
                if let Some(TableFacts { rows, default_allow, .. }) = facts {
                    let default = if *default_allow { "allow" } else { "deny" };
                    write!(f, "{rows} rows, default {default}, ")?;
                }
                f.write_str("BLAKE3 ")?;
                hash.iter().take(SHOWN_HASH_BYTES).try_for_each(|byte| write!(f, "{byte:02x}"))?;
                write!(
                    f,
                    "…), and now no policy file is named: put back the file or the configuration that names it; if the \
                     compiled-in table ({now} rows) is meant, write policy = \"compiled-in\" in the configuration"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests;
