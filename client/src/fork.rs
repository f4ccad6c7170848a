//! Telling a forked child from its parent, without a system call.
//!
//! A child of `fork` has a copy of everything that its parent had: connections, locks that another thread held, cached
//! verdicts. [`memory`] is what a child finds empty, [`mark`] tells by it whose process this is, and [`per_process`]
//! gives each process a value of its own.

mod mark;
mod memory;
mod per_process;

pub(crate) use mark::ForkMark;
pub(crate) use memory::WipeOnFork;
pub(crate) use per_process::PerProcess;
