//! How a run goes.

use std::time::Duration;

const USAGE: &str = "\
revocation-stress [--seconds N] [--clients N] [--threads N] [--checks N] [--revokers N] [--restarts N] [--fault]

  --seconds N    time of the run; default 600
  --clients N    client processes; default 4
  --threads N    threads of each; default 2
  --checks N     validations of a key in a row, before the next one's turn; default 32
  --revokers N   threads that issue and revoke; default 16
  --restarts N   kills of the daemon on the way; default one a minute
  --fault        with a daemon that moves the generation on only after its answer: succeeds when that is noticed";

/// How a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How long it takes.
    pub time: Duration,
    /// How many keys must have ended in each way, though it take longer.
    pub ends: u64,
    /// Client processes.
    pub clients: usize,
    /// Threads of each.
    pub threads: usize,
    /// Validations of a key in a row.
    pub checks: u32,
    /// Threads that issue and revoke.
    pub revokers: usize,
    /// Kills of the daemon, evenly spread.
    pub restarts: u32,
    /// Whether the daemon is the one that moves the generation on too late.
    pub fault: bool,
}

impl Plan {
    /// From a command line, or how to use it.
    ///
    /// # Errors
    /// The usage, when an argument is not understood.
    pub fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Self, &'static str> {
        let mut plan = Self {
            time: Duration::from_secs(600),
            ends: 1,
            clients: 4,
            threads: 2,
            checks: 32,
            revokers: 16,
            restarts: 0,
            fault: false,
        };
        let mut restarts = None;
        while let Some(option) = arguments.next() {
            if option == "--fault" {
                plan.fault = true;
                continue;
            }
            let number: u16 = arguments.next().and_then(|value| value.parse().ok()).ok_or(USAGE)?;
            match option.as_str() {
                "--seconds" => plan.time = Duration::from_secs(number.into()),
                "--clients" => plan.clients = number.into(),
                "--threads" => plan.threads = number.into(),
                "--checks" => plan.checks = number.into(),
                "--revokers" => plan.revokers = number.into(),
                "--restarts" => restarts = Some(number.into()),
                _ => return Err(USAGE),
            }
        }
        if plan.clients == 0 || plan.threads == 0 || plan.checks == 0 || plan.revokers == 0 {
            return Err(USAGE);
        }
        let minutes = plan.time.as_secs() / 60;
        plan.restarts = restarts.unwrap_or_else(|| u32::try_from(minutes).unwrap_or(0));
        Ok(plan)
    }
}
