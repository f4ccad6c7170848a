//! The campaigns in their long form, one subcommand each, and the programs that they start: this binary is also the
//! daemon, the command line and the clients of a run, by their names.

use apikeyd_campaigns::secrets::client_main_if_called;
use apikeyd_campaigns::{damage, hostile, kill, linearizability, power_loss, secrets, soak, steady_client};
use apikeyd_campaigns::{storage_faults, timing, withdrawal};
use apikeyd_tests::{multicall, stress};
use clap::Parser;
use std::process::ExitCode;

/// Tries to make apikeyd lose a change, accept a revoked key, leak a secret or stop serving.
#[derive(Debug, Parser)]
#[command(name = "campaigns")]
enum Campaign {
    Canaries(secrets::long::Arguments),
    DamagedFiles(damage::long::Arguments),
    HostilePeers(hostile::Options),
    Linearizability(linearizability::Plan),
    PowerLoss(power_loss::long::Arguments),
    RevocationStress(stress::Arguments),
    Sigkill(kill::Plan),
    Soak(soak::Plan),
    SocketRace(hostile::socket_race::Options),
    SteadyClient(steady_client::Arguments),
    StorageFaults(storage_faults::long::Arguments),
    Timing(timing::long::Arguments),
    Withdrawal(withdrawal::Options),
}

fn main() -> ExitCode {
    if let Some(code) = multicall::dispatch().or_else(client_main_if_called) {
        return code;
    }
    match Campaign::parse() {
        Campaign::Canaries(arguments) => secrets::long::main(&arguments),
        Campaign::DamagedFiles(arguments) => damage::long::main(arguments),
        Campaign::HostilePeers(options) => hostile::main(&options),
        Campaign::Linearizability(plan) => linearizability::main(&plan),
        Campaign::PowerLoss(arguments) => power_loss::long::main(&arguments),
        Campaign::RevocationStress(arguments) => stress::main(arguments),
        Campaign::Sigkill(plan) => kill::main(&plan),
        Campaign::Soak(plan) => soak::main(&plan),
        Campaign::SocketRace(options) => hostile::socket_race::main(&options),
        Campaign::SteadyClient(arguments) => steady_client::main(&arguments),
        Campaign::StorageFaults(arguments) => storage_faults::long::main(&arguments),
        Campaign::Timing(arguments) => timing::long::main(&arguments),
        Campaign::Withdrawal(options) => withdrawal::main(&options),
    }
}
