//! The ways in which the writer is wrong on purpose.

use super::Command;
use crate::fault::{Planted, is_planted};
use crate::store::error::StoreError;
use redb::{Durability, WriteTransaction};

/// Between the decisions and the commit.
pub(super) fn misbehave(
    txn: &mut WriteTransaction,
    commands: &mut Vec<Box<dyn Command>>,
) -> Result<(), StoreError> {
    if is_planted(Planted::ReplyBeforeCommit) {
        commands.drain(..).for_each(|command| command.answer(Ok(())));
    }
    if is_planted(Planted::NotDurable) {
        txn.set_durability(Durability::None).map_err(|error| StoreError::unavailable(error.to_string()))?;
    }
    Ok(())
}
