use super::*;
use crate::database::batch::Batch;
use std::sync::Arc;

/// A command that has a name and does nothing.
struct Named(Arc<Mutex<Vec<String>>>, String);

impl Command for Named {
    fn decide(&mut self, _: &mut Batch<'_>) {}

    fn answer(self: Box<Self>, _: Result<(), StoreError>) {
        self.0.lock().unwrap().push(self.1);
    }
}

#[derive(Default)]
struct Queue {
    lanes: Lanes,
    answered: Arc<Mutex<Vec<String>>>,
}

impl Queue {
    fn queue(&self, ticket: Ticket, name: impl ToString) -> Result<(), StoreError> {
        self.lanes.queue(ticket, Box::new(Named(Arc::clone(&self.answered), name.to_string())))
    }

    /// The names of the next batch, in order.
    fn batch(&self) -> Vec<String> {
        let mut taken = Taken::default();
        while let Some(command) = self.lanes.take(&mut taken) {
            command.answer(Ok(()));
        }
        std::mem::take(&mut self.answered.lock().unwrap())
    }
}

#[test]
fn each_uid_has_its_turn_however_much_another_one_queues() {
    let queue = Queue::default();
    (0..1_000).for_each(|number| queue.queue(Ticket::change(1), number).unwrap());
    queue.queue(Ticket::change(2), "a").unwrap();
    queue.queue(Ticket::change(2), "b").unwrap();
    queue.queue(Ticket::DAEMON, "own").unwrap();
    assert_eq!(queue.batch()[..6], ["0", "a", "own", "1", "b", "2"]);
    assert_eq!(queue.batch().len(), MAX_BATCH);
}

#[test]
fn a_revocation_waits_for_no_other_change_and_its_batch_is_short() {
    let queue = Queue::default();
    (0..1_000).for_each(|number| queue.queue(Ticket::change(1), number).unwrap());
    queue.queue(Ticket::revocation(2), "revoke").unwrap();
    queue.queue(Ticket::URGENT, "reload").unwrap();
    let batch = queue.batch();
    assert_eq!(batch[..3], ["revoke", "reload", "0"]);
    assert_eq!(batch.len(), 2 + MAX_BESIDE_REVOCATIONS);
}

#[test]
fn a_revocation_that_arrives_while_a_batch_is_formed_joins_it_and_closes_it() {
    let queue = Queue::default();
    (0..1_000).for_each(|number| queue.queue(Ticket::change(1), number).unwrap());
    let mut taken = Taken::default();
    for _ in 0..100 {
        queue.lanes.take(&mut taken).unwrap().answer(Ok(()));
    }
    queue.queue(Ticket::revocation(2), "revoke").unwrap();
    queue.lanes.take(&mut taken).unwrap().answer(Ok(()));
    assert_eq!(queue.answered.lock().unwrap().last().unwrap(), "revoke");
    assert!(queue.lanes.take(&mut taken).is_none());
}

#[test]
fn a_flood_of_revocations_leaves_room_for_other_changes() {
    let queue = Queue::default();
    (0..1_000).for_each(|number| queue.queue(Ticket::revocation(1), number).unwrap());
    queue.queue(Ticket::revocation(3), "another").unwrap();
    queue.queue(Ticket::change(2), "save").unwrap();
    let batch = queue.batch();
    assert_eq!((batch[1].as_str(), batch.last().unwrap().as_str()), ("another", "save"));
    assert_eq!(batch.len(), MAX_REVOCATIONS + 1);
}

#[test]
fn a_full_lane_refuses_until_something_was_carried_out_and_the_other_lane_goes_on() {
    let queue = Queue::default();
    let fill = || (0..).take_while(|number| queue.queue(Ticket::change(1), number).is_ok()).count();
    assert_eq!(fill(), MAX_QUEUED);
    assert_eq!(queue.queue(Ticket::change(2), "one too many"), Err(StoreError::Busy));
    queue.queue(Ticket::revocation(2), "revoke").unwrap();
    assert_eq!(queue.batch()[0], "revoke");
    assert_eq!(fill(), MAX_BESIDE_REVOCATIONS);
}

#[test]
fn a_recovery_does_not_wait_for_commands_that_fail_until_it_has_come() {
    let queue = Queue::default();
    queue.queue(Ticket::revocation(1), "fails").unwrap();
    queue.lanes.queue_other(Task::Recover(Box::new(|| ()))).unwrap();
    assert!(matches!(queue.lanes.wait(), Task::Recover(_)));
    assert!(matches!(queue.lanes.wait(), Task::Commands));
}

#[test]
fn a_close_comes_behind_every_command_and_nothing_behind_it() {
    let queue = Queue::default();
    queue.queue(Ticket::change(1), "first").unwrap();
    queue.lanes.queue_other(Task::Close(Box::new(drop))).unwrap();
    assert_eq!(queue.queue(Ticket::revocation(1), "late"), Err(StoreError::Closed));
    assert!(queue.lanes.queue_other(Task::Close(Box::new(drop))).is_err());
    assert!(matches!(queue.lanes.wait(), Task::Commands));
    assert_eq!(queue.batch(), ["first"]);
    assert!(matches!(queue.lanes.wait(), Task::Close(_)));
}
