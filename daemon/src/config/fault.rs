//! What is wrong with a configuration, and where.

use apikeyd_policy::Position;
use std::path::{Path, PathBuf};

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line and column, both from 1, the column in characters. `None` when it concerns the file as a
    /// whole, or something that is not in the file.
    pub position: Option<(usize, usize)>,
    /// What is wrong and what to do.
    pub message: String,
}

/// All that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file, if one was read.
    pub file: Option<PathBuf>,
    /// At least one fault, in the order of the file.
    pub faults: Vec<Fault>,
}

impl ConfigError {
    pub(super) fn of_file(file: &Path, message: String) -> Self {
        Self { file: Some(file.to_owned()), faults: vec![Fault { position: None, message }] }
    }
}

impl core::error::Error for ConfigError {}

/// One line for each fault, `FILE:LINE:COLUMN: message`, as editors jump to it.
impl core::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut separator = "";
        for fault in &self.faults {
            f.write_str(separator)?;
            separator = "\n";
            match (&self.file, fault.position) {
                (Some(file), Some((line, column))) => write!(f, "{}:{line}:{column}: ", file.display())?,
                (Some(file), None) => write!(f, "{}: ", file.display())?,
                (None, _) => {}
            }
            f.write_str(&fault.message)?;
        }
        Ok(())
    }
}

/// Faults on their way, with byte offsets that become lines and columns at the end.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<(Option<usize>, String)>);

impl Faults {
    /// A fault at a byte of the file.
    pub(super) fn at(&mut self, offset: usize, message: impl Into<String>) {
        self.0.push((Some(offset), message.into()));
    }

    /// A fault of an argument or of the surroundings.
    pub(super) fn outside(&mut self, message: impl Into<String>) {
        self.0.push((None, message.into()));
    }

    /// A fault at a byte of the file, or outside of it.
    pub(super) fn add(&mut self, offset: Option<usize>, message: impl Into<String>) {
        self.0.push((offset, message.into()));
    }

    /// The error, unless there were no faults.
    pub(super) fn into_error(mut self, text: &str, file: Option<PathBuf>) -> Option<ConfigError> {
        self.0.sort_by_key(|(offset, _)| *offset);
        let mut position = Position::start(text);
        let located = |(offset, message): (Option<usize>, String)| Fault {
            position: offset.map(|offset| position.advance(offset)),
            message,
        };
        let faults: Vec<_> = self.0.into_iter().map(located).collect();
        (!faults.is_empty()).then_some(ConfigError { file, faults })
    }
}
