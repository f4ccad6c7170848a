//! The process, from its arguments to its exit code.
//!
//! ```text
//!   inherited sockets ─► arguments, configuration ─► hardening ─► socket ─► store ─► runtime
//!                                                                                      │
//!            exit code ◄─ close the store ◄─ drain ◄─ SIGTERM ◄─ serve, background ◄───┘
//! ```

mod allocator;
mod background;
mod preparing;
mod service_manager;

use crate::config::{self, CommandLine, Config, Place, SystemAccounts};
use crate::exit::{Exit, Failure};
use crate::front::{self, Admission, Listening};
use crate::operations::dispatch::daemon::Daemon;
use crate::operations::reload::Reload;
use crate::operations::{OpenError, OpenErrorClass, PAGE, PepperSource, Service, Settings};
use crate::parts::Parts;

use crate::logging;
use apikeyd_keystore::wipe_stack;
use apikeyd_policy::PolicyTable;
use background::Signals;
use clap::Parser as _;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::runtime;
use tokio::task::JoinSet;

/// Threads that answer requests. A validation is mostly system calls; two threads keep one core each busy.
const WORKERS: usize = 2;

/// Threads for work that waits for the disk (backup, audit verification, lists). Together with workers, writer,
/// lease and signals far below the unit's TasksMax=64.
const BLOCKING_THREADS: usize = 16;

/// Runs the daemon with this process's arguments, environment and inherited sockets, and with these parts.
#[must_use]
pub fn main(parts: Parts) -> ExitCode {
    match start(parts) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.message.lines().for_each(logging::complain);
            failure.exit.into()
        }
    }
}

fn start(parts: Parts) -> Result<Exit, Failure> {
    // First of all: descriptors from 3 on belong to the service manager until they are taken.
    let inherited = front::inherit()?;
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => return Ok(explain(&error)),
    };
    let place = Place::of_this_process();
    let config = config::load(&command_line, &place, &SystemAccounts)
        .map_err(|error| Failure::new(Exit::Configuration, error.to_string()))?;
    let policy = config::load_policy(&config.policy)
        .map_err(|error| Failure::new(Exit::Configuration, error.to_string()))?;
    if command_line.check_config {
        return preparing::report(&config, &policy).map(|()| Exit::Stopped);
    }
    logging::start(config.log);
    allocator::share_one_heap();
    preparing::apply();
    preparing::allow_descriptors(config.limits.connections);
    let listening = if inherited.is_empty() {
        vec![front::bind_configured(&config.socket, &parts.randomness)?]
    } else {
        inherited
    };
    let names: Vec<_> = listening.iter().filter_map(|listening| listening.own_name.clone()).collect();
    let outcome = serve(command_line, place, config, policy, listening, parts);
    // A failed start leaves no name behind either.
    names.iter().for_each(front::BoundName::remove);
    outcome
}

/// Opens the store and runs until a signal.
fn serve(
    command_line: CommandLine,
    place: Place,
    config: Config,
    policy: PolicyTable,
    listening: Vec<Listening>,
    parts: Parts,
) -> Result<Exit, Failure> {
    let signals = Signals::listen().map_err(|error| failed("signals cannot be received", &error))?;
    preparing::make_state_dir(&config.state_dir)?;
    let pepper = preparing::pepper()?;
    let service = Service::open(settings(&config, &listening, pepper), policy, parts)
        .map_err(|error| unopened(&error))?;
    let unread = preparing::descriptors_under_way(config.limits.connections);
    service.log_files("files in force");
    let admission = Arc::new(Admission::new(config.limits));
    let daemon = Arc::new(Daemon::new(service, Reload::new(command_line, place, config), unread));
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_name("apikeyd-worker")
        .on_thread_park(wipe_stack)
        .enable_all()
        .build()
        .map_err(|error| failed("threads cannot be started", &error))?;
    // The pepper was read and its keys were derived on this thread.
    wipe_stack();
    runtime.block_on(run(daemon, admission, listening, signals))
}

/// Serves all sockets until the first SIGTERM, then drains, and closes the store.
async fn run(
    daemon: Arc<Daemon>,
    admission: Arc<Admission>,
    listening: Vec<Listening>,
    mut signals: Signals,
) -> Result<Exit, Failure> {
    let drain = signals.drain();
    let own_socket = listening.first().map(|listening| listening.path.clone()).unwrap_or_default();
    let mut sockets = JoinSet::new();
    for socket in listening {
        tracing::info!(socket = %socket.path.display(), version = env!("CARGO_PKG_VERSION"), "listening");
        sockets.spawn(front::serve(socket, Arc::clone(&daemon), Arc::clone(&admission), drain.clone()));
    }
    service_manager::ready();
    let background = tokio::spawn(background::keep(Arc::clone(&daemon), own_socket));
    let reloads = tokio::spawn(background::reload_on(Arc::clone(&daemon), signals.take_reloads()));
    let mut outcome = Ok(Exit::Stopped);
    while let Some(ended) = sockets.join_next().await {
        // A panic counts as well: a daemon that does not accept must not appear alive.
        if let Err(error) = ended.unwrap_or_else(|panic| Err(panic.into())) {
            outcome = Err(failed("the socket cannot be served any more", &error));
            signals.stop();
        }
    }
    background.abort();
    reloads.abort();
    if let Err(error) = daemon.service.close().await {
        tracing::error!(%error, "the store was not closed cleanly; nothing that was acknowledged is lost");
        outcome = outcome.and(Ok(Exit::Failed));
    }
    tracing::info!("stopped");
    outcome
}

fn settings(config: &Config, listening: &[Listening], pepper: PepperSource) -> Settings {
    // Beside the socket is a file system in memory, if the daemon may write there; otherwise beside the
    // database.
    let beside_socket = listening.first().and_then(|listening| listening.path.parent());
    let first = config.page.clone().or_else(|| Some(beside_socket?.join(PAGE)));
    let pages = first.into_iter().chain([config.state_dir.join(PAGE)]).collect();
    Settings {
        pepper,
        key_prefix: config.key_prefix,
        draft_ttl: config.draft_ttl,
        retention: config.retention,
        cache_bytes: config.cache_bytes,
        sources: config.sources(),
        pages,
        ..Settings::in_dir(&config.state_dir)
    }
}

/// Help and version are normal answers; anything else is a usage error, in clap's words.
fn explain(error: &clap::Error) -> Exit {
    // If standard error is closed, there is nowhere else to say so.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Stopped }
}

fn unopened(error: &OpenError) -> Failure {
    let exit = match error.class() {
        OpenErrorClass::Config => Exit::Configuration,
        OpenErrorClass::Permission => Exit::Permission,
        OpenErrorClass::Unavailable => Exit::Unavailable,
        OpenErrorClass::Data => Exit::Data,
        OpenErrorClass::Io => Exit::InputOutput,
    };
    Failure::new(exit, error.to_string())
}

fn failed(what: &str, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("{what}: {error}"))
}
