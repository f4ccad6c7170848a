//! Who is believed to be the daemon.

use crate::asker::both_with;
use apikeyd_client::Error;
use apikeyd_kit::fake_daemon::FakeDaemon;

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[test]
fn another_server_than_the_required_one_is_told_nothing() {
    let fake = FakeDaemon::start(|_, mut peer| assert_eq!(peer.read(), 0, "the client spoke to a stranger"));
    for asker in both_with(fake.path(), |builder| builder.require_server_uid(own_uid() + 1)) {
        let error = asker.validate().unwrap_err();
        assert!(matches!(error, Error::WrongServer { uid, .. } if uid == own_uid()), "{error}");
        assert!(!error.is_retryable());
    }
}

#[test]
fn the_required_server_is_asked() {
    let fake = FakeDaemon::welcoming(|peer| peer.serve("u"));
    for asker in both_with(fake.path(), |builder| builder.require_server_uid(own_uid())) {
        assert_eq!(asker.user(), "u");
    }
}
