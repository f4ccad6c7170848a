//! Forked children and signals.

#![expect(unsafe_code, reason = "fork, and a signal to one thread, have no safe form")]

use crate::asker::{Asker, both};
use apikeyd_client::Client;
use apikeyd_kit::answers::{answer_well, key};
use apikeyd_kit::fake_daemon::FakeDaemon;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

/// Runs `child` in a forked process and gives its exit status.
pub(crate) fn in_child(child: impl FnOnce() -> u8) -> i32 {
    // SAFETY: the child runs on the one thread that it has, asks the client, and leaves by `_exit`, so that
    // nothing of the test harness runs twice. What the C library needs for that it keeps usable over a fork.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        let status = catch_unwind(AssertUnwindSafe(child)).unwrap_or(255);
        // SAFETY: ends the child without running anything more of it.
        unsafe { libc::_exit(i32::from(status)) }
    }
    let mut status = 0;
    // SAFETY: waits for the child just made; the pointer is to a local.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert!(libc::WIFEXITED(status), "the child died of {status:#x}");
    libc::WEXITSTATUS(status)
}

/// A user that tells over which connection it came.
fn numbered() -> FakeDaemon {
    FakeDaemon::start(|number, mut peer| {
        peer.welcome();
        peer.serve(&number.to_string());
    })
}

#[test]
fn a_child_makes_a_connection_of_its_own_and_leaves_the_parents_alone() {
    let fake = numbered();
    for asker in both(fake.path()) {
        let own = asker.user();
        let next = fake.connections().to_string();
        let status = in_child(|| u8::from(in_new_runtime(&asker, Asker::user) != next));
        assert_eq!(status, 0, "the child asked over a connection of its own");
        assert_eq!(asker.user(), own, "the parent's connection still works");
        assert_eq!(fake.connections().to_string(), format!("{}", next.parse::<usize>().unwrap() + 1));
    }
}

/// The client in a child, where the runtime's threads and events are the parent's: so it has one of its own, which
/// goes with the child.
pub(crate) fn in_new_runtime<T>(asker: &Asker, ask: impl FnOnce(&Asker) -> T) -> T {
    match asker {
        Asker::Blocking(_) => ask(asker),
        #[cfg(feature = "tokio")]
        Asker::Tokio(_, client) => {
            let runtime = crate::asker::runtime();
            ask(&std::mem::ManuallyDrop::new(Asker::Tokio(runtime, client.clone())))
        }
    }
}

#[test]
fn a_child_is_not_held_up_by_a_request_of_another_thread() {
    let (asked, was_asked) = channel();
    let (release, released) = channel::<()>();
    let (asked, released) = (Mutex::new(asked), Mutex::new(released));
    let fake = FakeDaemon::start(move |number, mut peer| {
        peer.welcome();
        if number == 0 {
            let request = peer.request().unwrap();
            asked.lock().unwrap().send(()).unwrap();
            released.lock().unwrap().recv().unwrap();
            peer.send(&answer_well(&request, "0"));
        }
        peer.serve(&number.to_string());
    });
    // One connection at the most: in the parent a second request would have to wait.
    let client = Client::builder().socket(fake.path()).cache(false).connections(1).build().unwrap();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| client.validate(&key(1)));
        was_asked.recv().unwrap();
        let status = in_child(|| u8::from(client.validate(&key(1)).is_err()));
        assert_eq!(status, 0);
        release.send(()).unwrap();
        assert_eq!(first.join().unwrap().unwrap().valid().unwrap().user.as_str(), "0");
    });
}

extern "C" fn ignore(_signal: libc::c_int) {}

#[test]
fn a_signal_in_the_middle_of_a_request_does_not_end_it() {
    let (asked, was_asked) = channel();
    let (release, released) = channel::<()>();
    let (asked, released) = (Mutex::new(asked), Mutex::new(released));
    let fake = FakeDaemon::welcoming(move |peer| {
        let request = peer.request().unwrap();
        asked.lock().unwrap().send(()).unwrap();
        released.lock().unwrap().recv().unwrap();
        peer.send(&answer_well(&request, "u"));
    });
    // SAFETY: `action` is filled with zeros, which are valid, and a handler that does nothing; without
    // SA_RESTART the system call under way ends with EINTR.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = ignore as *const () as usize;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()), 0);
    }
    let client = Client::builder().socket(fake.path()).cache(false).build().unwrap();
    std::thread::scope(|scope| {
        let (thread, asking_thread) = channel();
        let client = &client;
        let asking = scope.spawn(move || {
            // SAFETY: names the calling thread.
            thread.send(unsafe { libc::pthread_self() }).unwrap();
            client.validate(&key(1))
        });
        let target = asking_thread.recv().unwrap();
        was_asked.recv().unwrap();
        for _ in 0..20 {
            // SAFETY: the thread is joined below, so its name is valid here.
            assert_eq!(unsafe { libc::pthread_kill(target, libc::SIGUSR1) }, 0);
            std::thread::sleep(Duration::from_millis(1));
        }
        release.send(()).unwrap();
        assert!(asking.join().unwrap().is_ok());
    });
    assert_eq!(fake.connections(), 1, "it was not asked again");
}
