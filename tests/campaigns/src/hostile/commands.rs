//! One issuer has as many commands waiting as its places allow, and another one revokes a key.

use super::attack::read;
use super::house::House;
use super::repeating::Repeating;
use super::siege::Siege;
use super::strangers::{ATTACKING_ISSUER, PLACES};
use super::victim::Times;
use apikeyd_client::{CredentialsCause, KeyId, SaveMode, UserId};
use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::message::{CredentialsChanged, Save};
use apikeyd_protocol::operation::Opcode;
use std::time::{Duration, Instant};

/// What the issuer asks for. Each is decided in a transaction of the store's writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Save a draft that is not there.
    Save,
    /// Revoke the keys of a user who has none: these are revocations, too, and go before others only in their turn.
    CredentialsChanged,
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Revocations of the other issuer when nobody attacks.
    pub quiet: Times,
    /// The same while the commands wait.
    pub attacked: Times,
    /// One more command of the attacker itself, behind the others.
    pub own: Times,
    /// Requests that the attacker has sent, in pieces as the sockets took them.
    pub blows: u64,
    /// What was not as promised.
    pub broken: Vec<String>,
}

impl Command {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Save, Self::CredentialsChanged];

    fn opcode(self) -> Opcode {
        match self {
            Self::Save => Opcode::Save,
            Self::CredentialsChanged => Opcode::CredentialsChanged,
        }
    }

    fn one(self) -> fn(&mut RawClient) -> Result<Duration, String> {
        match self {
            Self::Save => save_one,
            Self::CredentialsChanged => change_one,
        }
    }
}

impl Outcome {
    /// Whether another issuer's revocations wait for a part of the commands only: in the median a quarter of the time for
    /// which the attacker's own commands wait, or hardly longer than when nobody attacks. Both daemons and attackers slow
    /// down together on a busy machine.
    #[must_use]
    pub fn is_fair(&self) -> bool {
        let [quiet, attacked, own] =
            [&self.quiet, &self.attacked, &self.own].map(|times| times.per_mille(500));
        attacked <= own / 4 || attacked <= quiet * 20
    }
}

/// Lets one issuer revoke keys before and while another one has 128 commands in flight on each of its
/// places, 8,192 in all.
#[must_use]
pub fn run(house: &House, command: Command, revocations: usize) -> Outcome {
    let socket = house.daemon.socket();
    house.daemon.take_notes();
    let mut outcome = Outcome::default();
    let quiet = Repeating::revocations(socket);
    quiet.wait_for(revocations);
    outcome.quiet = quiet.end(&mut outcome.broken);
    let flood = move |field: &_| read(field, PLACES - 1, command.opcode());
    let siege = Siege::of([ATTACKING_ISSUER], socket, flood);
    siege.wait_for_blows(2 * u64::try_from(PLACES).expect("a number"));
    let own = Repeating::begin(ATTACKING_ISSUER, socket, command.one());
    own.wait_for(1);
    let attacked = Repeating::revocations(socket);
    attacked.wait_for(revocations);
    outcome.attacked = attacked.end(&mut outcome.broken);
    // The attacker may be told to ask again: that is its own trouble.
    outcome.own = own.end(&mut Vec::new());
    outcome.blows = siege.blows();
    siege.end();
    house.daemon.take_notes();
    outcome
}

fn save_one(peer: &mut RawClient) -> Result<Duration, String> {
    let asked = Instant::now();
    let key_id = KeyId::new(1).expect("an id");
    let answer = peer.try_ask(Opcode::Save, &Save::new(key_id, SaveMode::Replace));
    answer.map(|_| asked.elapsed()).map_err(|error| error.to_string())
}

fn change_one(peer: &mut RawClient) -> Result<Duration, String> {
    let asked = Instant::now();
    let (user, cause) = (UserId::parse("nobody").expect("a user"), CredentialsCause::Change);
    let answer = peer.try_ask(Opcode::CredentialsChanged, &CredentialsChanged::new(user, cause));
    answer.map(|_| asked.elapsed()).map_err(|error| error.to_string())
}
