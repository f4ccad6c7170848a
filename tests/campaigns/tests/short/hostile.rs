//! Peers that mean harm.

mod costly;
mod descriptors;
mod drafts;
mod kinds;
mod page;
mod paths;
mod turns;

use apikeyd_campaigns::hostile::attack::Attack;
use apikeyd_campaigns::hostile::house::House;
use apikeyd_campaigns::hostile::victim::Length;
use apikeyd_campaigns::hostile::{besiege, fail_often, socket_race, strangers};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_campaigns"))
}

/// Validations of the victim under each attack.
const VALIDATIONS: Length = Length::Validations(200);

/// Connections of an attack: more than one user gets, where it is about places.
fn connections(attack: Attack) -> usize {
    let most = if attack == Attack::Claims { 300 } else { 80 };
    // Each of the eight that ask for what is costly at its limit.
    if attack == Attack::Costly { attack.connections() } else { attack.connections().min(most) }
}

#[test]
fn under_every_attack_others_are_served_and_memory_stays_bounded() {
    strangers::allow_many_descriptors();
    let house = House::open(binary());
    for attack in Attack::ALL {
        let enough = match attack {
            Attack::Idle | Attack::Silent => 80,
            Attack::Trickle | Attack::Unread => 64,
            Attack::Claims if strangers::are_other_users() => 300,
            // One user alone has sixty-four places, one of them the victim's.
            Attack::Claims => 32,
            Attack::Connects | Attack::Nonsense | Attack::LongFrames | Attack::Descriptors => 50,
            Attack::Pipelines => 8,
            Attack::Pages | Attack::Backups | Attack::Costly => 100,
        };
        let outcome = besiege(&house, &house, attack, connections(attack), enough, VALIDATIONS);
        assert_eq!(outcome.seen.validations.count(), 200);
        assert_eq!(outcome.seen.connections.count(), if strangers::are_other_users() { 4 } else { 0 });
        assert!(outcome.blows >= enough, "{attack:?}");
    }
}

#[test]
fn a_daemon_that_lets_one_user_take_every_place_is_noticed() {
    if !strangers::are_other_users() {
        return;
    }
    strangers::allow_many_descriptors();
    let house = House::open_with(binary(), "[limits]\nconnections = 64\nconnections_per_uid = 64\n");
    let siege = || besiege(&house, &house, Attack::Idle, 80, 80, VALIDATIONS);
    assert!(catch_unwind(AssertUnwindSafe(siege)).is_err(), "the victim cannot have connected anew");
}

#[test]
fn connections_that_fail_at_every_stage_leave_no_descriptor() {
    fail_often(&House::open(binary()), 2_000);
}

#[test]
fn nobody_gets_in_before_the_mode_of_the_socket_is_final() {
    if !strangers::are_other_users() {
        return;
    }
    let outcome = socket_race::run(binary(), 20);
    assert_eq!(outcome.got_in, 0, "{outcome:?}");
    assert!(outcome.attempts >= 40, "{outcome:?}");
}

#[test]
fn the_race_is_won_against_a_socket_that_listens_before_its_mode_is_final() {
    if !strangers::are_other_users() {
        return;
    }
    assert!(socket_race::listening_before_the_mode() > 0);
}
