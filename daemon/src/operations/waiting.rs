//! Waiting on the runtime for the keystore's writer, which answers by callbacks.

use apikeyd_keystore::{Batch, Keystore, StoreError, Ticket};
use tokio::sync::oneshot;

/// Has a command decided in the writer's transaction; the answer comes once it is durable.
pub(super) async fn write<T: Send + 'static>(
    keystore: &Keystore,
    ticket: Ticket,
    decide: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (sender, receiver) = oneshot::channel();
    // A caller that went away does not want the answer; the change is made all the same.
    keystore.submit(ticket, decide, move |answer| drop(sender.send(answer)))?;
    if keystore.is_driven() {
        // All tasks that are ready queue their commands first.
        tokio::task::yield_now().await;
        keystore.drive();
    }
    receiver.await.unwrap_or(Err(StoreError::Closed))
}

/// Tries to open a failed database again; nothing to do when it never failed.
pub(super) async fn recover(keystore: &Keystore) {
    if keystore.is_failed() {
        let (sender, receiver) = oneshot::channel();
        if keystore.recover(move || _ = sender.send(())).is_ok() {
            // Dropped without an answer when the writer has ended: there is nothing to wait for then.
            let _ = receiver.await;
        }
    }
}

/// Closes the database, after all that is queued. A second time there is nothing to do.
pub(super) async fn close(keystore: &Keystore) -> Result<(), StoreError> {
    let (sender, receiver) = oneshot::channel();
    match keystore.close(move |outcome| drop(sender.send(outcome))) {
        Err(_) => Ok(()),
        Ok(()) => {
            let outcome = receiver.await.unwrap_or(Ok(()));
            keystore.join();
            outcome
        }
    }
}
