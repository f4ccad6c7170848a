//! Who asks nothing for as long as the least limit allows, a minute, is let go: then, and not before. The connection
//! is served in this process, on a clock that goes on by itself whenever everybody waits.

use apikeyd::config::{CommandLine, Place, SystemAccounts, load};
use apikeyd::embedded::Embedded;
use apikeyd::operations::{Service, Settings};
use apikeyd::parts::Parts;
use apikeyd::peer::Peer;
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::frame::{Frame, Status, append_request};
use apikeyd_protocol::hello::{Hello, WELCOME_BYTES, Welcome, WelcomeCode};
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
    socket.write_all(&Hello::CURRENT.encode()).await.expect("a hello");
    let mut welcome = [0; WELCOME_BYTES];
    socket.read_exact(&mut welcome).await.expect("a welcome");
    let welcome = Welcome::decode(&welcome).expect("a known welcome").expect("all of it").0;
    assert_eq!(welcome.code, WelcomeCode::Accepted);
    for request_id in 1..=3 {
        sleep(LEAST - MOMENT).await;
        let mut request = Vec::new();
        append_request(&mut request, Opcode::Status, request_id, &Empty {}).expect("a request");
        socket.write_all(&request).await.expect("a connection that stands");
        let mut answer = Vec::new();
        while Frame::split(&answer).expect("frames").is_none() {
            assert!(socket.read_buf(&mut answer).await.expect("an answer") > 0, "let go before the limit");
        }
        let (frame, _) = Frame::split(&answer).expect("frames").expect("one");
        assert_eq!(Status::from_code(frame.header.flags_or_status), Status::Ok);
    }
    let asked = Instant::now();
    assert_eq!(socket.read(&mut [0; 1]).await.expect("an end"), 0);
    let idle = asked.elapsed();
    assert!((LEAST..LEAST + 5 * MOMENT).contains(&idle), "let go after {idle:?}");
}
