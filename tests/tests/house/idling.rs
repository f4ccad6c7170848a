//! Who asks nothing for as long as the least limit allows, a minute, is let go: then, and not before. The connection
//! is served in this process, on a clock that goes on by itself whenever everybody waits.

use apikeyd::config::{CommandLine, Place, SystemAccounts, load};
use apikeyd::embedded::Embedded;
use apikeyd::operations::{Service, Settings};
use apikeyd::parts::Parts;
use apikeyd::peer::Peer;
use apikeyd_kit::bytes::{Inbox, request};
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::hello::{Hello, WelcomeCode};
use apikeyd_protocol::message::Empty;
use apikeyd_protocol::operation::Opcode;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

const LEAST: Duration = Duration::from_secs(60);
const MOMENT: Duration = Duration::from_millis(1);

#[test]
fn who_is_idle_for_the_least_limit_is_let_go_and_not_before() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).expect("its mode");
    let settings = Settings::in_dir(dir.path());
    let service = Service::open(settings, PolicyTable::shipped(), Parts::system()).expect("a service");
    let file = dir.path().join("apikeyd.toml");
    std::fs::write(&file, "[limits]\nidle_minutes = 1\n").expect("a configuration");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("its mode");
    let command_line = CommandLine { config: Some(file), ..CommandLine::default() };
    let place = Place::of_this_process();
    let config = load(&command_line, &place, &SystemAccounts).expect("a good configuration");
    assert_eq!(config.limits.idle, LEAST);
    let daemon = Embedded::new(service, command_line, place, config);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().expect("sockets");
        ours.set_nonblocking(true).expect("a socket that does not block");
        let (_drain, draining) = watch::channel(false);
        let served = daemon.serve(theirs, Peer::this_process(), draining);
        let (end, ()) = tokio::join!(served, ask_and_idle(UnixStream::from_std(ours).expect("a socket")));
        assert_eq!(end.expect("a served connection"), "the caller was idle for too long");
    });
}

async fn ask_and_idle(mut socket: UnixStream) {
    let mut inbox = Inbox::default();
    socket.write_all(&Hello::CURRENT.encode()).await.expect("a hello");
    let welcome = read(&mut socket, &mut inbox, Inbox::welcome).await;
    assert_eq!(welcome.code, WelcomeCode::Accepted);
    for request_id in 1..=3 {
        sleep(LEAST - MOMENT).await;
        let request = request(Opcode::Status, request_id, &Empty {});
        socket.write_all(&request).await.expect("a connection that stands");
        assert_eq!(read(&mut socket, &mut inbox, Inbox::message).await.status(), Status::Ok);
    }
    let asked = Instant::now();
    assert_eq!(socket.read(&mut [0; 1]).await.expect("an end"), 0);
    let idle = asked.elapsed();
    assert!((LEAST..LEAST + 5 * MOMENT).contains(&idle), "let go after {idle:?}");
}

async fn read<T>(
    socket: &mut UnixStream,
    inbox: &mut Inbox,
    take: fn(&mut Inbox) -> std::io::Result<Option<T>>,
) -> T {
    let mut chunk = [0; 4096];
    loop {
        if let Some(found) = take(inbox).expect("what the protocol says") {
            return found;
        }
        let count = socket.read(&mut chunk).await.expect("an answer");
        assert!(count > 0, "let go before the limit");
        inbox.extend(&chunk[..count]);
    }
}
