//! Noticing panics, also those that the daemon catches.

use super::inspection::Broken;
use core::cell::RefCell;
use core::panic::AssertUnwindSafe;
use std::panic::{catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs something, in which a panic of this thread is a broken promise.
pub(crate) fn none_in<T>(run: impl FnOnce() -> Result<T, Broken>) -> Result<T, Broken> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            LAST.set(Some(panic.to_string()));
            before(panic);
        }));
    });
    LAST.set(None);
    let outcome = catch_unwind(AssertUnwindSafe(run));
    match (LAST.take(), outcome) {
        (None, Ok(outcome)) => outcome,
        (panic, _) => Err(format!("a panic: {}", panic.unwrap_or_default())),
    }
}
