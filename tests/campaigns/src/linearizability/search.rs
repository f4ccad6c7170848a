//! Is there an order that explains a history? The search of Wing and Gong, with Lowe's memory of what was tried.
//!
//! An operation can come next if it had begun before the first of the open ones returned. It is tried on the model;
//! where the answers do not fit, the search goes back. A set of operations that led to a state once need not be gone
//! through again.

use super::history::Operation;
use super::model::{Numbered, State};
use std::collections::HashSet;

/// Why a history has no explanation.
#[derive(Debug)]
pub(super) struct Unexplained {
    /// The most operations that have one together.
    pub(super) explained: usize,
    /// The next ones then, one of which cannot be.
    pub(super) stuck_at: Vec<Operation>,
}

/// Whether an order of the operations, each of them somewhere between its two times, explains all answers.
///
/// The user must have no active key and no draft before; keys that are not generated in the history have ended.
#[must_use]
pub fn explain(history: &[Operation]) -> bool {
    search(history).is_ok()
}

/// As [`explain`], with the steps that it took, or where it got stuck.
pub(super) fn search(history: &[Operation]) -> Result<u64, Unexplained> {
    let mut sorted = history.to_vec();
    sorted.sort_by_key(|operation| operation.invoked);
    let model = Numbered::new(&sorted);
    let done = Done(vec![0; sorted.len().div_ceil(64)].into());
    let mut search = Search { model: &model, tried: HashSet::new(), steps: 0, best: (0, done.clone()) };
    if search.go_on(&model.initial(), &done, 0) {
        return Ok(search.steps);
    }
    let (explained, done) = search.best;
    Err(Unexplained { explained, stuck_at: next(&sorted, &done).map(|at| sorted[at]).collect() })
}

struct Search<'s> {
    model: &'s Numbered<'s>,
    /// What was done in whatever order, and the state after it.
    tried: HashSet<(Done, State)>,
    steps: u64,
    best: (usize, Done),
}

/// A set of operations.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Done(Box<[u64]>);

impl Search<'_> {
    fn go_on(&mut self, state: &State, done: &Done, count: usize) -> bool {
        let operations = self.model.operations;
        if count == operations.len() {
            return true;
        }
        if count > self.best.0 {
            self.best = (count, done.clone());
        }
        for at in next(operations, done) {
            self.steps += 1;
            let Some(after) = self.model.step(state, at) else { continue };
            let done = done.with(at);
            if self.tried.insert((done.clone(), after.clone())) && self.go_on(&after, &done, count + 1) {
                return true;
            }
        }
        false
    }
}

/// Operations that may come next: those that began before any of the open ones returned.
fn next<'s>(operations: &'s [Operation], done: &'s Done) -> impl Iterator<Item = usize> + 's {
    let mut first_return = u64::MAX;
    (done.first_open()..operations.len()).filter(|at| !done.has(*at)).map_while(move |at| {
        let Operation { invoked, returned, .. } = operations[at];
        let may_come = invoked <= first_return;
        first_return = first_return.min(returned);
        may_come.then_some(at)
    })
}

impl Done {
    fn has(&self, at: usize) -> bool {
        self.0[at / 64] & 1 << (at % 64) != 0
    }

    fn with(&self, at: usize) -> Self {
        let mut more = self.clone();
        more.0[at / 64] |= 1 << (at % 64);
        more
    }

    /// Everything before it is done.
    fn first_open(&self) -> usize {
        let word = self.0.iter().take_while(|word| **word == u64::MAX).count();
        word * 64 + self.0.get(word).map_or(0, |word| usize::try_from(word.trailing_ones()).unwrap_or(0))
    }
}
