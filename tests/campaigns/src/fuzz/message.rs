//! The body of every message.

use super::allocation::within;
use super::input::Input;
use apikeyd_protocol::codec::{decode, encode};
use apikeyd_protocol::limit::MAX_BODY_BYTES;
use apikeyd_protocol::message::{
    AuditList, AuditPage, AuditReport, AuditVerify, BackupReady, CredentialsChanged, DaemonStatus, Delete,
    DeleteUser, Deleted, Empty, Failure, FilesInForce, Generate, Generated, KeyPage, KeyRecord, List,
    Operation, PageReady, PolicyAnswer, PolicyPage, PolicyRows, PolicySummary, Reloaded, ReportUses,
    RetrieveKey, RetrieveUser, Save, Saved, Statistics, UserRevoked, Validate, Verdict,
};
use apikeyd_protocol::operation::Opcode;

/// Bytes that reading one body may hold: a page is copied once, its items are larger in memory than on the wire,
/// and there are at most 128 items in a page, 1,024 uses or 1,024 counters.
const BOUND: usize = 2 * 64 * 1024;

/// Bytes as an opcode (its place in the list of all), a side (even: request, odd: answer) and a body. Behind the
/// last opcode comes the body of a failure.
pub fn message(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let opcode = Opcode::ALL.get(input.below(Opcode::ALL.len() + 1));
    let is_request = input.byte().is_multiple_of(2);
    let body = input.rest();
    match opcode {
        Some(opcode) if is_request => request(*opcode, body),
        Some(opcode) => answer(*opcode, body),
        None => canonical!(body, Failure),
    }
}

/// Reads a body as a type. The specification lets a reader take integers that are longer than they need be, and
/// drops rights that it does not know, so what is written need not be what came; but it is never longer, and
/// what is written is read and written as itself from then on.
macro_rules! canonical {
    ($body:expr, $type:ty) => {{
        let body: &[u8] = $body;
        if let Ok(message) = within(BOUND, || decode::<$type>(body)) {
            let mut written = Vec::new();
            encode(&message, &mut written).expect("what came in one frame fits one");
            assert!(
                body.len() <= MAX_BODY_BYTES && written.len() <= body.len(),
                "the shortest form is written"
            );
            let again = decode::<$type>(&written).expect("what was written is read");
            let mut written_again = Vec::new();
            encode(&again, &mut written_again).expect("what was written once fits");
            assert_eq!(written_again, written, "one value has one form");
            let longer = [body, &[0]].concat();
            assert!(decode::<$type>(&longer).is_err(), "a byte behind a message is taken");
            let shorter = body.split_last().map(|(_, shorter)| shorter);
            assert!(shorter.is_none_or(|body| decode::<$type>(body).is_err()), "a cut message is taken");
            if written.len() == body.len() && !stringify!($type).starts_with("DaemonStatus") {
                assert_eq!(written, body, "the shortest form is read as itself");
            }
        }
    }};
}
use canonical;

fn request(opcode: Opcode, body: &[u8]) {
    match opcode {
        Opcode::Validate => {
            canonical!(body, Validate<'_>);
            question_by_hand(body);
        }
        Opcode::PolicyRows => canonical!(body, PolicyRows),
        Opcode::PolicyTest => canonical!(body, Operation<'_>),
        Opcode::ReportUses => canonical!(body, ReportUses),
        Opcode::Generate => canonical!(body, Generate),
        Opcode::Save => canonical!(body, Save),
        Opcode::RetrieveUser => canonical!(body, RetrieveUser),
        Opcode::RetrieveKey => canonical!(body, RetrieveKey),
        Opcode::Delete => canonical!(body, Delete),
        Opcode::CredentialsChanged => canonical!(body, CredentialsChanged),
        Opcode::DeleteUser => canonical!(body, DeleteUser),
        Opcode::List => canonical!(body, List),
        Opcode::AuditList => canonical!(body, AuditList),
        Opcode::AuditVerify => canonical!(body, AuditVerify),
        Opcode::Status
        | Opcode::PolicySummary
        | Opcode::RevocationPage
        | Opcode::Statistics
        | Opcode::FilesInForce
        | Opcode::Reload
        | Opcode::Backup => {
            canonical!(body, Empty);
        }
    }
}

fn answer(opcode: Opcode, body: &[u8]) {
    match opcode {
        Opcode::Validate => {
            canonical!(body, Verdict<'_>);
            verdict_by_hand(body);
        }
        Opcode::Status => canonical!(body, DaemonStatus),
        Opcode::PolicyRows => canonical!(body, PolicyPage),
        Opcode::PolicySummary => canonical!(body, PolicySummary),
        Opcode::PolicyTest => canonical!(body, PolicyAnswer<'_>),
        Opcode::RevocationPage => canonical!(body, PageReady),
        Opcode::ReportUses => canonical!(body, Empty),
        Opcode::Generate => canonical!(body, Generated),
        Opcode::Save => canonical!(body, Saved),
        Opcode::RetrieveUser | Opcode::RetrieveKey => canonical!(body, KeyRecord),
        Opcode::Delete => canonical!(body, Deleted),
        Opcode::CredentialsChanged | Opcode::DeleteUser => canonical!(body, UserRevoked),
        Opcode::List => canonical!(body, KeyPage),
        Opcode::AuditList => canonical!(body, AuditPage),
        Opcode::AuditVerify => canonical!(body, AuditReport),
        Opcode::Statistics => canonical!(body, Statistics),
        Opcode::FilesInForce => canonical!(body, FilesInForce),
        Opcode::Reload => canonical!(body, Reloaded),
        Opcode::Backup => canonical!(body, BackupReady),
    }
}

/// The question is read and written by hand as well, which must not be told from the general way.
fn question_by_hand(body: &[u8]) {
    match (decode::<Validate<'_>>(body), within(BOUND, || Validate::decode(body))) {
        (Ok(one), Ok(other)) => {
            assert!(one.digest == other.digest);
            assert_eq!((one.key_id, one.operation), (other.key_id, other.operation));
            let (mut general, mut by_hand) = (Vec::new(), Vec::new());
            assert_eq!(one.encode(&mut by_hand), encode(&one, &mut general));
            assert_eq!(by_hand, general);
        }
        (Err(one), Err(other)) => assert_eq!(one, other),
        (one, _) => panic!("one way takes what the other refuses; the general way: {:?}", one.err()),
    }
}

fn verdict_by_hand(body: &[u8]) {
    let Ok(verdict) = decode::<Verdict<'_>>(body) else { return };
    let (mut general, mut by_hand) = (Vec::new(), Vec::new());
    assert_eq!(verdict.encode(&mut by_hand), encode(&verdict, &mut general));
    assert_eq!(by_hand, general);
}
