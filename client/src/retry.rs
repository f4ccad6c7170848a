//! Whether and when a request is tried again. Decides only; the drivers wait.

use crate::deadline::Deadline;
use crate::error::Error;
use apikeyd_protocol::hello::WelcomeCode;
use apikeyd_protocol::operation::Opcode;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// Connections that may break under one request. A request that crashes the daemon must not be repeated until the
/// deadline.
const MAX_LOSSES: u32 = 3;

/// The first pause, doubled each time.
const SHORTEST_PAUSE: Duration = Duration::from_millis(4);

/// Doubling the pause ends here: a restarted daemon is noticed within a quarter of a second.
const DOUBLINGS: u32 = 6;

/// How a request on a connection failed.
pub(crate) enum Failed {
    /// The connection broke before all of the frame had left: the daemon cannot have done anything.
    Unsent(Error),
    /// The connection broke later: the daemon may have done it.
    Unanswered(Error),
    /// Another attempt would be wrong or useless.
    Final(Error),
}

/// The attempts of one request.
pub(crate) struct Retry {
    deadline: Deadline,
    repeatable: bool,
    losses: u32,
    pauses: u32,
    /// Why the last attempt failed. It says more than that the next one timed out.
    earlier: Option<Error>,
}

impl Retry {
    /// Before the first attempt.
    pub(crate) const fn new(opcode: Opcode, deadline: Deadline) -> Self {
        Self { deadline, repeatable: opcode.is_repeatable(), losses: 0, pauses: 0, earlier: None }
    }

    /// After a connection could not be made: how long to wait before the next attempt.
    ///
    /// A daemon that says it is shutting down will be back; so will one whose connection broke under this very request.
    /// Where no daemon listens from the start, the caller learns it at once.
    ///
    /// # Errors
    /// The error that the caller gets, if there is to be no other attempt.
    pub(crate) fn after_connecting(&mut self, error: Error) -> Result<Duration, Error> {
        if matches!(error, Error::TimedOut { .. }) {
            return Err(self.earlier.take().unwrap_or(error));
        }
        let again = match &error {
            Error::Refused { code, .. } => *code == WelcomeCode::ShuttingDown,
            Error::Unreachable { .. } => self.losses > 0,
            Error::NoWelcome { .. } => self.lose(),
            Error::SocketPath { .. }
            | Error::NotASocket { .. }
            | Error::SocketForbidden { .. }
            | Error::WrongServer { .. }
            | Error::TimedOut { .. }
            | Error::ConnectionLost { .. }
            | Error::Answered { .. }
            | Error::TooLong { .. }
            | Error::Protocol(_)
            | Error::System { .. } => false,
        };
        if again { self.pause(error) } else { Err(error) }
    }

    /// After a request failed on a connection: how long to wait before the next attempt.
    ///
    /// # Errors
    /// The error that the caller gets, if there is to be no other attempt.
    pub(crate) fn after_asking(&mut self, failed: Failed) -> Result<Duration, Error> {
        match failed {
            // Most often an idle connection that the daemon closed; a new one is likely to be fine.
            Failed::Unsent(error) if self.losses == 0 => {
                self.lose();
                if self.deadline.allows(Duration::ZERO) { Ok(Duration::ZERO) } else { Err(error) }
            }
            Failed::Unsent(error) if self.lose() => self.pause(error),
            Failed::Unanswered(error) if self.repeatable && self.lose() => self.pause(error),
            Failed::Unsent(error) | Failed::Unanswered(error) | Failed::Final(error) => Err(error),
        }
    }

    /// Counts a loss; whether there may be another attempt.
    const fn lose(&mut self) -> bool {
        self.losses += 1;
        self.losses < MAX_LOSSES
    }

    fn pause(&mut self, error: Error) -> Result<Duration, Error> {
        let pause = jittered(SHORTEST_PAUSE * 2_u32.pow(self.pauses.min(DOUBLINGS)));
        self.pauses += 1;
        if !self.deadline.allows(pause) {
            return Err(error);
        }
        self.earlier = Some(error);
        Ok(pause)
    }
}

/// Between half of a pause and all of it, so that clients that lost the same daemon do not all reconnect at once.
pub(crate) fn jittered(pause: Duration) -> Duration {
    // Every RandomState has other keys; that is random enough to spread clients in time.
    let random = RandomState::new().build_hasher().finish();
    let half = pause / 2;
    half + half.mul_f64(f64::from(u32::try_from(random & 0xffff).unwrap_or_default()) / 65536.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use apikeyd_protocol::frame::Status;
    use apikeyd_protocol::hello::VERSION;
    use apikeyd_protocol::operation::Opcode;
    use std::io;

    fn long() -> Deadline {
        Deadline::after(Duration::from_secs(60))
    }

    fn lost() -> Error {
        Error::ConnectionLost { opcode: Opcode::Status, source: None }
    }

    fn absent() -> Error {
        Error::Unreachable { socket: "/s".into(), source: io::ErrorKind::NotFound.into() }
    }

    fn refused(code: WelcomeCode) -> Error {
        Error::Refused { code, version: VERSION }
    }

    #[test]
    fn what_may_have_been_done_is_repeated_only_if_that_is_safe() {
        assert!(Retry::new(Opcode::Status, long()).after_asking(Failed::Unanswered(lost())).is_ok());
        assert!(Retry::new(Opcode::Backup, long()).after_asking(Failed::Unanswered(lost())).is_err());
        assert!(Retry::new(Opcode::Backup, long()).after_asking(Failed::Unsent(lost())).is_ok());
        let answered = Error::Answered { status: Status::Busy, message: String::new() };
        assert!(Retry::new(Opcode::Status, long()).after_asking(Failed::Final(answered)).is_err());
    }

    #[test]
    fn a_request_does_not_break_connection_after_connection() {
        let mut retry = Retry::new(Opcode::Status, long());
        let outcomes: Vec<_> =
            (0..4).map(|_| retry.after_asking(Failed::Unanswered(lost())).is_ok()).collect();
        assert_eq!(outcomes, [true, true, false, false]);
    }

    #[test]
    fn an_absent_daemon_is_waited_for_only_after_it_was_there() {
        assert!(Retry::new(Opcode::Status, long()).after_connecting(absent()).is_err());
        let mut retry = Retry::new(Opcode::Status, long());
        retry.after_asking(Failed::Unanswered(lost())).unwrap();
        let pauses: Vec<_> = (0..20).map(|_| retry.after_connecting(absent()).unwrap()).collect();
        let longest = SHORTEST_PAUSE * 2_u32.pow(DOUBLINGS);
        assert!(pauses.iter().all(|pause| *pause <= longest), "{pauses:?}");
        assert!(pauses.last().is_some_and(|pause| *pause >= longest / 2), "{pauses:?}");
    }

    #[test]
    fn of_the_refusals_only_a_daemon_that_ends_is_waited_for() {
        let mut retry = Retry::new(Opcode::Status, long());
        assert!(retry.after_connecting(refused(WelcomeCode::ShuttingDown)).is_ok());
        assert!(retry.after_connecting(refused(WelcomeCode::TooManyConnections)).is_err());
        assert!(retry.after_connecting(refused(WelcomeCode::NotPermitted)).is_err());
    }

    #[test]
    fn when_the_time_ends_in_connecting_the_reason_for_trying_again_is_told() {
        let timed_out = || long().passed(crate::error::Waiting::Connect);
        let mut retry = Retry::new(Opcode::Status, long());
        retry.after_connecting(refused(WelcomeCode::ShuttingDown)).unwrap();
        assert!(matches!(retry.after_connecting(timed_out()), Err(Error::Refused { .. })));
        let mut retry = Retry::new(Opcode::Status, long());
        assert!(matches!(retry.after_connecting(timed_out()), Err(Error::TimedOut { .. })));
    }

    #[test]
    fn no_pause_outlasts_the_deadline() {
        let mut retry = Retry::new(Opcode::Status, Deadline::after(Duration::ZERO));
        assert!(retry.after_connecting(refused(WelcomeCode::ShuttingDown)).is_err());
        assert!(retry.after_asking(Failed::Unsent(lost())).is_err());
    }
}
