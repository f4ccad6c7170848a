//! The long form: every attack in turn, and what it is held against.

use super::attack::Attack;
use super::commands::{self, Command};
use super::costly;
use super::descriptors;
use super::house::House;
use super::strangers::{self, PLACES};
use super::victim::{Length, Times};
use super::{besiege, drafts, fail_often, kinds, quiet, table};
use apikeyd_protocol::frame::Status;
use clap::Args;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// How long and how much.
#[derive(Clone, Debug, Args)]
#[command(about = "Attacks a daemon in every way that a local user can, while other users want to be served")]
pub struct Options {
    /// Seconds of each attack.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Connections that fail, in all stages together; of those that ask for a backup only some hundred.
    #[arg(long, default_value_t = 100_000)]
    failing: usize,
    /// Keys in the store that is attacked with costly requests.
    #[arg(long, default_value_t = 20_000)]
    keys: u64,
    /// Only the attacks on what a daemon as shipped shares among its callers: descriptors, costly work, commands, drafts,
    /// memory.
    #[arg(long)]
    shared: bool,
}

/// A part of the campaign, with a daemon of its own or two.
struct Part {
    binary: PathBuf,
    options: Options,
}

/// Runs a part, and gives what was not as promised.
type Run = fn(&Part) -> Vec<String>;

/// The program `hostile-peers`.
#[must_use]
pub fn main(options: &Options) -> ExitCode {
    strangers::allow_many_descriptors();
    let part = Part { binary: std::env::current_exe().expect("this program"), options: options.clone() };
    let parts: [(&str, Run); 7] = [
        ("each attack", Part::attacks),
        ("unread descriptors", Part::descriptors),
        ("costly requests", Part::costly),
        ("revocations behind commands", Part::commands),
        ("drafts", Part::drafts),
        ("what each kind of request makes the daemon hold", Part::kinds),
        ("failing connections", Part::failing),
    ];
    let alone = ["each attack", "failing connections"];
    let mut broken = 0;
    for (name, run) in parts {
        if !strangers::are_other_users() && !alone.contains(&name) {
            println!("\n{name}: only root can be other users, and give the daemon one of its own");
            continue;
        }
        if part.options.shared && alone.contains(&name) {
            continue;
        }
        println!("\n{name}");
        let found = catch_unwind(AssertUnwindSafe(|| run(&part)))
            .unwrap_or_else(|_| vec!["it stopped: see above".to_owned()]);
        found.iter().for_each(|found| println!("BROKEN: {found}"));
        broken += found.len();
    }
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Part {
    fn binary(&self) -> &Path {
        &self.binary
    }

    fn attacks(&self) -> Vec<String> {
        if !strangers::are_other_users() {
            println!("only root can be other users: attackers, victim and daemon are one user here");
        }
        let [house, other] = [(); 2].map(|()| House::open(self.binary()));
        let length = Length::Time(Duration::from_secs(self.options.seconds));
        println!("{}", table::HEAD);
        table::print_quiet("quiet", &quiet(&house, "before", length));
        for attack in Attack::ALL {
            let besiege = |attacked| besiege(attacked, &house, attack, attack.connections(), 100, length);
            let (elsewhere, here) = (besiege(&other), besiege(&house));
            table::print(attack, &here, &elsewhere);
        }
        table::print_quiet("quiet again", &quiet(&house, "after", length));
        Vec::new()
    }

    fn descriptors(&self) -> Vec<String> {
        use descriptors::Plan;
        let spent =
            Plan { connections: 34, times: Some(122), backups: 0, wanted_pages: 1000, wanted_backups: 100 };
        let every = Plan { connections: PLACES, times: None, backups: PLACES, ..spent };
        let mut broken = Vec::new();
        for plan in [spent, Plan { times: None, ..spent }, Plan { backups: 0, ..every }, every] {
            let house = House::open(self.binary());
            let before = descriptors::open_before(&house);
            let descriptors::Outcome { pages, backups, .. } = descriptors::run(&house, plan);
            let Plan { connections, times, backups: unread, .. } = plan;
            let times = times.map_or("all that fit".to_owned(), |times| times.to_string());
            println!(
                "{connections} connections ask for {times} pages each, {unread} for backups: others were handed {} pages \
                 ({} busy) and {} backups ({} busy)",
                pages.over, pages.busy, backups.over, backups.busy
            );
            let whole = pages.broken.is_none() && backups.broken.is_none();
            broken.extend([pages.broken, backups.broken].into_iter().flatten());
            if whole {
                descriptors::afterwards(&house, before);
            }
        }
        broken
    }

    fn costly(&self) -> Vec<String> {
        let [house, other] = [(); 2].map(|()| House::open(self.binary()));
        [&house, &other].iter().for_each(|house| house.settle(self.options.keys));
        let reloads = usize::try_from(self.options.seconds * 10).expect("a number");
        let plan = costly::Plan { quiet: 1000, reloads, after: Duration::from_secs(5) };
        let mut broken = Vec::new();
        for (name, attacked) in [("attack elsewhere", &other), ("attack", &house)] {
            let outcome = costly::run(attacked, &house, plan);
            println!(
                "{name}, {} things done\n  reloads by root: {}\n  revocations, quiet: {}\n  revocations, attacked: {}\n  \
                 resident at most {} KiB of {}, {:.2?} of processor time in the {:?} after, at rest after {:.1?}",
                outcome.blows,
                told(&outcome.reloads),
                told(&outcome.quiet),
                told(&outcome.attacked),
                outcome.peak_kib,
                house.memory_bound_kib(),
                outcome.burnt,
                plan.after,
                outcome.rests_after
            );
            broken.extend(outcome.broken);
        }
        broken
    }

    fn commands(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for command in Command::ALL {
            let outcome = commands::run(&House::open(self.binary()), command, 500);
            println!(
                "{command:?}\n  revocations, quiet: {}\n  revocations, attacked: {}\n  the attacker's own: {}",
                told(&outcome.quiet),
                told(&outcome.attacked),
                told(&outcome.own)
            );
            if !outcome.is_fair() {
                broken.push(format!(
                    "{command:?}: others' revocations wait as long as the attacker's commands"
                ));
            }
            broken.extend(outcome.broken);
        }
        broken
    }

    fn drafts(&self) -> Vec<String> {
        let outcome = drafts::run(&House::open(self.binary()));
        println!(
            "{} drafts by one issuer, then {:?}; another's: {:?}",
            outcome.made, outcome.refused, outcome.other
        );
        let is_kept_out = outcome.other != Status::Ok;
        is_kept_out.then(|| "one issuer keeps others from making drafts".to_owned()).into_iter().collect()
    }

    fn kinds(&self) -> Vec<String> {
        let mut broken = Vec::new();
        println!("kind                    grew by KiB      bound   at rest after");
        for opcode in kinds::in_turn() {
            // What others have left with the allocator is not this kind's.
            let house = House::open(self.binary());
            house.fill(128);
            let fresh = house.vitals().resident_kib();
            let most = Duration::from_secs(self.options.seconds);
            let held = kinds::hold(&house, opcode, PLACES, fresh, most);
            let bound = kinds::bound_kib(opcode, 64);
            println!(
                "{:<20} {:>14} {bound:>10}   {:.1?}",
                opcode.to_string(),
                held.grown_kib,
                held.rests_after
            );
            if held.grown_kib > bound || held.rests_after.is_none() {
                broken.push(format!("{held:?}"));
            }
        }
        broken
    }

    fn failing(&self) -> Vec<String> {
        fail_often(&House::open(self.binary()), self.options.failing);
        Vec::new()
    }
}

fn told(times: &Times) -> String {
    let [p50, p99, most] = [500, 990, 1000].map(|per_mille| times.per_mille(per_mille));
    format!("{} times, p50 {p50:.1?}, p99 {p99:.1?}, at most {most:.1?}", times.count())
}
