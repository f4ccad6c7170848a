//! Scripts of lines for the [fake daemon](crate::fake_daemon), for authors of clients in any language.
//!
//! Every connection starts at the first line. `#` begins a remark.
//!
//! | line | the fake |
//! |---|---|
//! | `welcome` | reads the hello and accepts it, with every right |
//! | `turn-away CODE` | reads the hello and answers with this number of `protocol/PROTOCOL.md`, section 3 |
//! | `request` | reads the next request; the lines below speak of the last one |
//! | `request OPCODE` | the same, and fails unless it has this name or number |
//! | `valid USER` | answers a `Validate`: the key is valid |
//! | `invalid` | answers a `Validate`: the key is not |
//! | `ok HEX` | answers with status 0 and this body |
//! | `failure STATUS WORDS` | answers with the status of this name, for instance `busy`, and these words |
//! | `bytes HEX` | sends these bytes, sensible or not |
//! | `wait MILLISECONDS` | does nothing for so long |
//! | `leave` | closes the connection; so does the end of the script |
//! | `serve USER` | answers every request well until the client leaves |
//!
//! ```text
//! welcome
//! request Validate
//! failure busy ask again
//! request Validate
//! valid alice
//! ```

use crate::answers::{INVALID, answer, failure, valid};
use crate::bytes::{Message, frame};
use crate::fake_daemon::Peer;
use apikeyd_protocol::codec;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::hello::{Welcome, WelcomeCode};
use apikeyd_protocol::message::Validate;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::right::{Right, RightSet};
use std::thread;
use std::time::Duration;

/// What is wrong, in words.
pub type Fault = String;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Welcome,
    TurnAway(WelcomeCode),
    Request(Option<u16>),
    Valid(String),
    Invalid,
    Ok(Vec<u8>),
    Failure(Status, String),
    Bytes(Vec<u8>),
    Wait(Duration),
    Leave,
    Serve(String),
}

/// A script that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script(Vec<Step>);

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// The number of the first line that is not understood, and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).enumerate();
        let steps = lines
            .filter(|(_, line)| !line.is_empty())
            .map(|(number, line)| step(line).map_err(|fault| format!("line {}: {fault}", number + 1)));
        steps.collect::<Result<_, _>>().map(Self)
    }

    /// Follows it on one connection; `seen` gets each request.
    ///
    /// # Errors
    /// What the client did that the script does not expect.
    pub fn follow(&self, peer: &mut Peer, seen: impl Fn(&Message)) -> Result<(), Fault> {
        let mut last = None;
        for step in &self.0 {
            let asked = || last.as_ref().ok_or("nothing was asked yet");
            match step {
                Step::Welcome => {
                    peer.welcome_as(|hello| Welcome::accept(hello, RightSet::EMPTY.with(Right::Admin), 1))
                }
                Step::TurnAway(code) => peer.welcome_as(|_| Welcome::refusal(*code)),
                Step::Request(wanted) => {
                    let request = peer.request().ok_or("the client left")?;
                    seen(&request);
                    let opcode = request.header.opcode;
                    if wanted.is_some_and(|wanted| wanted != opcode) {
                        return Err(format!("another request came: {opcode}"));
                    }
                    last = Some(request);
                }
                Step::Valid(user) => {
                    let request: Validate<'_> =
                        codec::decode(&asked()?.body).map_err(|error| error.to_string())?;
                    peer.send(&answer(asked()?, Status::Ok, &valid(user, request.key_id)));
                }
                Step::Invalid => peer.send(&answer(asked()?, Status::Ok, &INVALID)),
                Step::Ok(body) => {
                    let header = asked()?.header;
                    peer.send(&frame(header.opcode, Status::Ok.code(), header.request_id, body));
                }
                Step::Failure(status, words) => peer.send(&failure(asked()?, *status, words)),
                Step::Bytes(bytes) => peer.send(bytes),
                Step::Wait(time) => thread::sleep(*time),
                Step::Leave => return Ok(()),
                Step::Serve(user) => peer.serve(user),
            }
        }
        Ok(())
    }
}

fn step(line: &str) -> Result<Step, Fault> {
    let (word, rest) = line.split_once(' ').map_or((line, ""), |(word, rest)| (word, rest.trim()));
    Ok(match word {
        "welcome" => Step::Welcome,
        "turn-away" => Step::TurnAway(WelcomeCode::Other(number(rest)?)),
        "request" if rest.is_empty() => Step::Request(None),
        "request" => Step::Request(Some(opcode(rest)?)),
        "valid" => Step::Valid(rest.into()),
        "invalid" => Step::Invalid,
        "ok" => Step::Ok(hex(rest)?),
        "failure" => {
            let (name, words) = rest.split_once(' ').unwrap_or((rest, ""));
            let status = Status::ALL.iter().find(|status| status.name() == name);
            Step::Failure(*status.ok_or(format!("no status is called {name}"))?, words.into())
        }
        "bytes" => Step::Bytes(hex(rest)?),
        "wait" => Step::Wait(Duration::from_millis(number(rest)?)),
        "leave" => Step::Leave,
        "serve" => Step::Serve(rest.into()),
        _ => return Err(format!("{word} is no step")),
    })
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| format!("{text:?} is no number that fits"))
}

fn opcode(text: &str) -> Result<u16, Fault> {
    let named = Opcode::ALL.iter().find(|opcode| opcode.to_string() == text);
    named.map_or_else(|| number(text), |opcode| Ok(opcode.code()))
}

fn hex(text: &str) -> Result<Vec<u8>, Fault> {
    let digits: Vec<u32> = text
        .chars()
        .map(|digit| digit.to_digit(16).ok_or(format!("{digit:?} is no hex digit")))
        .collect::<Result<_, _>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("a byte has two hex digits".into());
    }
    pairs.iter().map(|[high, low]| u8::try_from(high << 4 | low).map_err(|error| error.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::key;
    use crate::bytes::request;
    use crate::fake_daemon::FakeDaemon;
    use crate::raw_client::RawClient;
    use apikeyd_protocol::hello::Hello;
    use apikeyd_protocol::message::{Empty, Verdict};

    fn serving(text: &str) -> FakeDaemon {
        let script = Script::parse(text).unwrap();
        FakeDaemon::start(move |_, mut peer| script.follow(&mut peer, |_| ()).unwrap())
    }

    #[test]
    fn each_line_is_followed() {
        let fake = serving(
            "welcome # with every right\n\nrequest Validate\nfailure busy ask again\nrequest\nvalid alice\n\
             request Validate\ninvalid\nrequest Status\nok 0102ff\nwait 1\nbytes 00\n",
        );
        let mut client = RawClient::greeted(fake.path());
        let validate = Validate::new(key(1).id(), key(1).digest());
        let busy = client.ask(Opcode::Validate, &validate);
        assert_eq!((busy.status(), busy.failure().as_str()), (Status::Busy, "ask again"));
        for accepted in [true, false] {
            let answer = client.ask(Opcode::Validate, &validate);
            let verdict: Verdict<'_> = codec::decode(&answer.body).unwrap();
            assert_eq!(matches!(verdict, Verdict::Valid(valid) if valid.user == "alice"), accepted);
        }
        assert_eq!(client.ask(Opcode::Status, &Empty {}).body, [1, 2, 255]);
        let end = client.try_answer().unwrap_err();
        assert_eq!(end.kind(), std::io::ErrorKind::UnexpectedEof, "a byte, and then the end");
    }

    #[test]
    fn a_client_is_turned_away_or_served_to_its_end() {
        let away = serving("turn-away 4\n");
        assert_eq!(RawClient::greet(away.path()).unwrap().1, WelcomeCode::TooManyConnections);
        let fake = serving("welcome\nserve bob\n");
        let mut client = RawClient::silent(fake.path());
        client.send(&Hello::CURRENT.encode());
        client.welcome();
        for id in 1..4 {
            client.send(&request(Opcode::Validate, id, &Validate::new(key(id).id(), key(id).digest())));
            assert_eq!(client.answer().header.request_id, id);
        }
    }

    #[test]
    fn what_is_no_script_is_told_with_its_line() {
        for (text, fault) in [
            ("welcome\nrequets", "line 2: requets is no step"),
            ("ok 123", "line 1: a byte has two hex digits"),
            ("bytes xy", "line 1: 'x' is no hex digit"),
            ("failure bussy", "line 1: no status is called bussy"),
            ("wait soon", "line 1: \"soon\" is no number that fits"),
        ] {
            assert_eq!(Script::parse(text), Err(fault.into()));
        }
    }

    #[test]
    fn another_request_than_the_scripts_is_a_fault() {
        let script = Script::parse("welcome\nrequest Generate\n").unwrap();
        let mut fake = FakeDaemon::start(move |_, mut peer| {
            let fault = script.follow(&mut peer, |_| ()).unwrap_err();
            assert_eq!(fault, format!("another request came: {}", Opcode::Status.code()));
        });
        let mut client = RawClient::greeted(fake.path());
        client.send(&request(Opcode::Status, 1, &Empty {}));
        client.assert_closed();
        assert!(fake.end());
    }
}
