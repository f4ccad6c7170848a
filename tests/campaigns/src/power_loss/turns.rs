//! The order in which the writer takes changes that are asked for at once: revocations first, of each uid one in turn
//! (`daemon/keystore/src/writing/lanes.rs`). The model carries changes out one by one, so they are asked for in that order.

use apikeyd_kit::life::Action;
use apikeyd_protocol::term::SaveMode;
use std::collections::VecDeque;

/// Other changes that a transaction with revocations takes along.
const BESIDE_REVOCATIONS: usize = 32;

/// The changes of each transaction, in their order.
pub(crate) fn transactions(deeds: Vec<(u32, Action)>) -> Vec<Vec<(u32, Action)>> {
    let (revocations, changes): (Vec<_>, Vec<_>) = deeds.into_iter().partition(|(_, action)| revokes(action));
    let (mut first, mut changes) = (in_turn(revocations), in_turn(changes));
    let rest =
        if first.is_empty() { Vec::new() } else { changes.split_off(changes.len().min(BESIDE_REVOCATIONS)) };
    first.append(&mut changes);
    [first, rest].into_iter().filter(|transaction| !transaction.is_empty()).collect()
}

fn revokes(action: &Action) -> bool {
    !matches!(action, Action::Save { mode: SaveMode::Add, .. })
}

/// One of each uid in turn, in the order in which the uids came.
fn in_turn(deeds: Vec<(u32, Action)>) -> Vec<(u32, Action)> {
    let mut queues: VecDeque<VecDeque<(u32, Action)>> = VecDeque::new();
    for (uid, action) in deeds {
        match queues.iter_mut().find(|queue| queue.front().is_some_and(|(other, _)| *other == uid)) {
            Some(queue) => queue.push_back((uid, action)),
            None => queues.push_back(VecDeque::from([(uid, action)])),
        }
    }
    let mut ordered = Vec::new();
    while let Some(mut queue) = queues.pop_front() {
        ordered.extend(queue.pop_front());
        if !queue.is_empty() {
            queues.push_back(queue);
        }
    }
    ordered
}
