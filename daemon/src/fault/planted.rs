//! Stores that are wrong: those of a thread, or those of a whole process.

use crate::parts::Parts;
use std::cell::Cell;
use std::process::ExitCode;
use std::sync::OnceLock;

/// The variable that names the fault of a process: `reply-before-commit`, `not-durable` or `row-left-out`.
#[doc(hidden)]
pub const FAULT_VARIABLE: &str = "APIKEYD_FAULT";

thread_local! {
    static PLANTED: Cell<Option<Planted>> = const { Cell::new(None) };
}

static EVERYWHERE: OnceLock<Planted> = OnceLock::new();

/// A way to be wrong.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    /// Answers leave before the commit.
    ReplyBeforeCommit,
    /// Commits are not synced.
    NotDurable,
    /// Keys end without their audit row.
    RowLeftOut,
}

/// [`main`](crate::main) of a daemon with the fault that [`FAULT_VARIABLE`] names, if it names one.
#[doc(hidden)]
#[must_use]
pub fn main_with_planted_fault() -> ExitCode {
    if let Some(fault) = std::env::var(FAULT_VARIABLE).ok().and_then(|name| Planted::named(&name)) {
        EVERYWHERE.get_or_init(|| fault);
    }
    crate::main(Parts::system())
}

/// Makes the stores of this thread wrong, or right again.
#[doc(hidden)]
pub fn plant(fault: Option<Planted>) {
    PLANTED.set(fault);
}

/// Whether this thread's stores are wrong in this way.
pub(crate) fn is_planted(fault: Planted) -> bool {
    PLANTED.get() == Some(fault) || EVERYWHERE.get() == Some(&fault)
}

impl Planted {
    /// The name in the variable.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReplyBeforeCommit => "reply-before-commit",
            Self::NotDurable => "not-durable",
            Self::RowLeftOut => "row-left-out",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::ReplyBeforeCommit, Self::NotDurable, Self::RowLeftOut]
            .into_iter()
            .find(|fault| fault.name() == name)
    }
}
