//! Questions on a terminal.

use crate::program::{Peer, program};
use crate::pseudo_terminal::OnTerminal;
use crate::samples::{ended, generated, key, record, user};
use apikeyd_kit::ctl::Run;
use apikeyd_kit::replies::Reply;
use apikeyd_protocol::message::{Delete, DeleteOutcome, Deleted, KeyPage, Save, Saved, ValidKey, Verdict};
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::term::SaveMode;
use rustix::process::Signal;

fn asked(peer: &Peer, arguments: &[&str]) -> OnTerminal {
    let mut command = peer.program();
    command.args(arguments);
    let mut terminal = OnTerminal::start(command);
    terminal.wait_for("[y/N] ");
    terminal
}

fn done(peer: Peer, terminal: OnTerminal) -> (String, i32) {
    let (screen, code, echoes) = terminal.end();
    assert!(echoes, "the terminal is left silent");
    peer.was_asked_all(&Run { stdout: screen.clone(), stderr: String::new(), code });
    (screen, code)
}

fn discarded() -> Reply {
    let outcome = DeleteOutcome::DraftDiscarded;
    let deleted = Deleted { key_id: key().id(), user: user("alice"), outcome };
    Reply::ok(Opcode::Delete, &deleted).to(&Delete::new(key().id()))
}

fn draft() -> Reply {
    Reply::ok(Opcode::Generate, &generated())
}

#[test]
fn a_key_is_shown_once_and_saved_on_yes() {
    for yes in ["y\n", "Y\n", " yes \n"] {
        let save = Save::new(key().id(), SaveMode::Add);
        let peer = Peer::answering([
            draft(),
            Reply::ok(Opcode::Save, &Saved { key: record(), replaced: None }).to(&save),
        ]);
        let mut terminal = asked(&peer, &["generate", "alice"]);
        terminal.types(yes);
        let (screen, code) = done(peer, terminal);
        assert_eq!(code, 0, "{screen}");
        assert_eq!(screen.matches(key().expose()).count(), 1, "{screen}");
        assert!(screen.contains("Save this key for alice? [y/N] "), "{screen}");
        assert!(screen.ends_with(&format!("saved {} as the key of alice\n", key().id())), "{screen}");
    }
}

#[test]
fn everything_else_is_no_and_discards_the_draft() {
    // The last is the end of the input.
    for no in ["\n", "n\n", "yea\n", "yesterday or the day after\n", "\u{4}"] {
        let peer = Peer::answering([draft(), discarded()]);
        let mut terminal = asked(&peer, &["generate", "alice"]);
        terminal.types(no);
        let (screen, code) = done(peer, terminal);
        assert_eq!(code, 1, "{no:?}: {screen}");
        assert!(screen.ends_with("not saved; the key was discarded\n"), "{no:?}: {screen}");
    }
}

#[test]
fn an_interrupt_at_the_question_saves_nothing_and_says_what_is_left() {
    for (signal, number) in [(Signal::INT, 2), (Signal::TERM, 15), (Signal::HUP, 1)] {
        let peer = Peer::answering([draft()]);
        let terminal = asked(&peer, &["generate", "alice"]);
        terminal.signal(signal);
        let (screen, code) = done(peer, terminal);
        assert_eq!(code, -number, "it ends by the signal, so that a shell loop ends, too: {screen}");
        let waits =
            format!("interrupted; nothing was saved; `apikeyctl save {}` saves the key until", key().id());
        assert!(screen.contains(&waits), "{screen}");
    }
}

#[test]
fn a_key_is_typed_unseen() {
    let verdict = ValidKey {
        user: "alice",
        key_id: key().id(),
        label: None,
        expires_at: None,
        freshness: Default::default(),
    };
    let peer = Peer::answering([Reply::ok(Opcode::Validate, &Verdict::Valid(verdict))]);
    let mut command = peer.program();
    command.arg("validate");
    let mut terminal = OnTerminal::start(command);
    terminal.wait_for("API key (not shown): ");
    assert!(!terminal.echoes());
    terminal.types(key().expose());
    terminal.types("\n");
    let (screen, code) = done(peer, terminal);
    assert_eq!((screen.as_str(), code), ("API key (not shown): \nalice\n", 0));
}

#[test]
fn an_interrupt_at_the_key_leaves_the_terminal_as_it_was() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut command = program();
        command.arg("validate");
        let mut terminal = OnTerminal::start(command);
        terminal.wait_for("API key (not shown): ");
        terminal.types("akd_1half");
        terminal.signal(signal);
        let (screen, code, echoes) = terminal.end();
        assert!(echoes && code == -signal.as_raw(), "{code}: {screen}");
        assert!(!screen.contains("half"), "{screen}");
    }
}

#[test]
fn what_is_typed_and_is_no_key_is_refused() {
    for (typed, saying) in
        [("\n", "no key"), ("\u{4}", "no key"), (&format!("{}\n", "x".repeat(200)), "longer")]
    {
        let mut command = program();
        command.arg("validate");
        let mut terminal = OnTerminal::start(command);
        terminal.wait_for("API key (not shown): ");
        terminal.types(typed);
        let (screen, code, echoes) = terminal.end();
        assert!(echoes && code == 1 && screen.contains(saying), "{typed:?}: {code}: {screen}");
    }
}

fn listed(environment: &[(&str, &str)], arguments: &[&str]) -> String {
    let page = KeyPage { keys: vec![record(), ended()], next: None };
    let peer = Peer::answering([Reply::ok(Opcode::List, &page)]);
    let mut command = peer.program();
    command.args(arguments).envs(environment.iter().copied());
    let (screen, code) = done(peer, OnTerminal::start(command));
    assert_eq!(code, 0, "{screen}");
    screen
}

#[test]
fn a_list_on_a_terminal_is_a_table_that_fits() {
    let screen = listed(&[("COLUMNS", "150")], &["list"]);
    assert_eq!(screen.lines().count(), 3, "{screen}");
    assert!(!screen.contains('\t'), "{screen}");
    for columns in ["0", "-1", "60"] {
        let screen = listed(&[("COLUMNS", columns)], &["list"]);
        assert!(screen.lines().all(|line| line.chars().count() <= 80), "{columns}: {screen}");
        assert!(screen.contains("alice"), "{screen}");
    }
}

fn shown(environment: &[(&str, &str)], without_term: bool, arguments: &[&str]) -> bool {
    let peer = Peer::answering([Reply::ok(Opcode::RetrieveUser, &record())]);
    let mut command = peer.program();
    command.args(arguments).envs(environment.iter().copied());
    if without_term {
        command.env_remove("TERM");
    }
    done(peer, OnTerminal::start(command)).0.contains("\u{1b}[")
}

#[test]
fn colors_are_for_terminals_that_want_them() {
    let show = ["show", "alice"];
    assert!(shown(&[], false, &show));
    assert!(!shown(&[("NO_COLOR", "1")], false, &show));
    assert!(shown(&[("NO_COLOR", "")], false, &show), "set, but empty");
    assert!(!shown(&[("TERM", "dumb")], false, &show));
    assert!(!shown(&[], true, &show));
    assert!(!shown(&[], false, &["show", "alice", "--color", "never"]));
    assert!(shown(&[("NO_COLOR", "1")], false, &["--color", "always", "show", "alice"]));
}
