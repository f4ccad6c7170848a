//! The files in force, and when losing one would silently weaken what they decide.
//!
//! Rights and policy table come from files or, without files, from the program itself. A lost file must not
//! select the latter by accident: so the daemon records which files were in force last, and compares what it
//! finds.

use core::fmt;
use std::path::{Path, PathBuf};

/// Bytes of a table's hash that are shown to people.
const SHOWN_HASH_BYTES: usize = 8;

/// Where the policy table comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PolicySource {
    /// Not named: the compiled-in table, unless another one was in force before.
    #[default]
    Unnamed,
    /// The compiled-in table, named explicitly as `compiled-in`.
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
    /// A configuration file that exists and has no text.
    pub empty: Option<PathBuf>,
    /// Where the policy table comes from.
    pub policy: PolicySource,
}

/// For a program that deliberately supplies its own table, without any file.
impl Default for Sources {
    fn default() -> Self {
        Self { configuration: None, empty: None, policy: PolicySource::CompiledIn }
    }
}

/// Facts about the policy table in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableFacts {
    /// Its rows.
    pub rows: u32,
    /// Whether operations that match no row are allowed.
    pub default_allow: bool,
    /// BLAKE3 of its text.
    pub hash: [u8; 32],
}

/// The files in force, and the table read from them. The store records them from start to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesInForce {
    /// The configuration file; none: the defaults.
    pub configuration: Option<PathBuf>,
    /// The policy file; none: the compiled-in table.
    pub policy: Option<PathBuf>,
    /// The table.
    pub table: TableFacts,
}

/// What was last in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// These files.
    Files(FilesInForce),
    /// A table with this hash, as recorded by a daemon that recorded no more. None: no table was ever in force.
    Table(Option<[u8; 32]>),
}

impl FilesInForce {
    /// What is in force once the table from these sources is.
    #[must_use]
    pub fn of(sources: &Sources, table: TableFacts) -> Self {
        let policy = sources.policy.file().map(Path::to_path_buf);
        Self { configuration: sources.configuration.clone(), policy, table }
    }
}

/// Compares what a start or a reload finds with what was in force.
///
/// # Errors
/// [`Lost`] if a configuration was in force and none exists now; or if a file's table was in force, no table is
/// named now, and the compiled-in one differs.
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

/// Files that were in force and are lost. One line for each, with what was in force and what to do.
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
