//! What a caller may expect: which requests wait, which keys can be good. Not the reference model: other bytes of the same
//! script may have saved or ended a key, so only bounds are known.

use apikeyd_kit::bytes::Message;
use apikeyd_protocol::codec::decode;
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::key::KeyId;
use apikeyd_protocol::message::{
    AuditPage, AuditReport, BackupReady, DaemonStatus, Deleted, Empty, Failure, FilesInForce, Generated,
    KeyPage, KeyRecord, PolicyAnswer, PolicyPage, PolicySummary, Reloaded, Saved, Statistics, UserRevoked,
    Verdict,
};
use apikeyd_protocol::name::UserId;
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::right::RightSet;
use std::collections::HashMap;

/// The connection as its caller knows it.
#[derive(Debug)]
pub(super) struct Model {
    rights: RightSet,
    next_id: u64,
    waiting: HashMap<u64, Asked>,
    keys: Vec<Key>,
    /// Bytes were sent that are no request: the daemon may end the connection, or take what follows for a body.
    astray: bool,
    refused: bool,
    ended: bool,
}

#[derive(Debug)]
struct Key {
    key_id: KeyId,
    digest: [u8; 32],
    user: UserId,
    /// Somebody asked for it to be saved.
    saved: bool,
    /// It was answered that it has ended.
    ended: bool,
}

/// A request that waits for its answer.
#[derive(Debug)]
struct Asked {
    opcode: u16,
    what: What,
}

#[derive(Debug)]
enum What {
    Validation {
        may_be_good: bool,
        user: Option<UserId>,
    },
    Draft(UserId),
    /// A request whose body the model did not write.
    Anything,
    Request,
}

impl Model {
    pub(super) fn new(rights: RightSet) -> Self {
        Self {
            rights,
            next_id: 1,
            waiting: HashMap::new(),
            keys: Vec::new(),
            astray: false,
            refused: false,
            ended: false,
        }
    }

    pub(super) const fn next_id(&self) -> u64 {
        self.next_id
    }

    pub(super) const fn last_id(&self) -> u64 {
        self.next_id - 1
    }

    /// A key of this connection, or one that nobody made.
    pub(super) fn key(&self, which: u8) -> (KeyId, [u8; 32]) {
        let key = self.keys.get(usize::from(which));
        key.map_or_else(
            || (KeyId::new(u64::from(which) + 1).unwrap(), [which; 32]),
            |key| (key.key_id, key.digest),
        )
    }

    pub(super) fn goes_astray(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        self.astray |= !bytes.is_empty();
        bytes
    }

    pub(super) fn asks(&mut self, opcode: Opcode) -> u64 {
        self.waits(opcode.code(), What::Request)
    }

    pub(super) fn asks_anything(&mut self, opcode: Opcode) -> u64 {
        // Such a body may end any key or save any draft.
        for key in &mut self.keys {
            key.saved = true;
        }
        self.waits(opcode.code(), What::Anything)
    }

    pub(super) fn asks_nonsense(&mut self, opcode: u16) -> u64 {
        self.waits(opcode, What::Request)
    }

    pub(super) fn generates(&mut self, user: UserId) -> u64 {
        self.waits(Opcode::Generate.code(), What::Draft(user))
    }

    pub(super) fn saves(&mut self, key_id: KeyId) -> u64 {
        self.key_mut(key_id, |key| key.saved = true);
        self.waits(Opcode::Save.code(), What::Request)
    }

    pub(super) fn validates(&mut self, key_id: KeyId, forged: bool) -> u64 {
        let key = self.keys.iter().find(|key| key.key_id == key_id);
        let may_be_good = key.is_some_and(|key| key.saved && !key.ended) && !forged;
        let user = key.map(|key| key.user.clone());
        self.waits(Opcode::Validate.code(), What::Validation { may_be_good, user })
    }

    fn waits(&mut self, opcode: u16, what: What) -> u64 {
        let request_id = self.next_id;
        self.next_id += 1;
        self.waiting.insert(request_id, Asked { opcode, what });
        request_id
    }

    fn key_mut(&mut self, key_id: KeyId, change: impl FnOnce(&mut Key)) {
        if let Some(key) = self.keys.iter_mut().find(|key| key.key_id == key_id) {
            change(key);
        }
    }

    /// Whether an answer is owed that nothing but time stands before.
    pub(super) fn must_answer(&self) -> bool {
        !self.waiting.is_empty() && !self.astray && !self.refused && !self.ended
    }

    pub(super) fn welcome(&mut self, accepted: bool, rights: RightSet) {
        self.refused = !accepted;
        assert!(accepted || self.astray || self.rights.is_empty(), "a good caller is refused");
        assert!(!accepted || rights == self.rights, "{rights:?} instead of {:?}", self.rights);
    }

    pub(super) fn ended(&mut self) {
        self.ended = true;
    }

    /// At the end: nothing may be owed to a caller that kept to the protocol.
    pub(super) fn settle(&self) {
        assert!(self.astray || self.refused || self.waiting.is_empty(), "never answered: {:?}", self.waiting);
    }

    /// Holds an answer against its request.
    pub(super) fn answer(&mut self, answer: &Message) {
        assert!(!self.refused, "an answer behind a refusal");
        let status = answer.status();
        let Some(asked) = self.waiting.remove(&answer.header.request_id) else {
            assert!(self.astray, "an answer to no request: {:?}", answer.header);
            return;
        };
        // A request id that stood in bytes gone astray was answered for another one.
        if self.astray && answer.header.opcode != asked.opcode {
            return;
        }
        assert_eq!(answer.header.opcode, asked.opcode);
        let Some(opcode) = Opcode::from_code(asked.opcode) else {
            assert!(status == Status::UnknownOpcode || self.astray, "{status}");
            return;
        };
        if status == Status::Ok {
            assert!(self.rights.contains(opcode.right()), "{opcode} is answered without the right for it");
            self.done(opcode, &asked.what, &answer.body);
        } else {
            let failure = decode::<Failure>(&answer.body).expect("a failure");
            assert!(
                !failure.message.is_empty() && status != Status::Internal,
                "{status}: {}",
                failure.message
            );
            let is_ours = matches!(asked.what, What::Anything) || self.astray;
            assert!(
                is_ours || !matches!(status, Status::BadRequest | Status::UnknownOpcode),
                "{status}: {}",
                failure.message
            );
        }
    }

    fn done(&mut self, opcode: Opcode, what: &What, body: &[u8]) {
        match opcode {
            Opcode::Validate => self.verdict(what, &decode(body).expect("a verdict")),
            Opcode::Generate => self.draft(what, &decode(body).expect("a draft")),
            Opcode::Save => {
                let saved: Saved = decode(body).expect("a saved key");
                if let Some(replaced) = saved.replaced {
                    self.key_mut(replaced, |key| key.ended = true);
                }
            }
            Opcode::Delete => {
                let deleted: Deleted = decode(body).expect("a deleted key");
                self.key_mut(deleted.key_id, |key| key.ended = true);
            }
            Opcode::CredentialsChanged | Opcode::DeleteUser => {
                let ended: UserRevoked = decode(body).expect("what ended");
                for key_id in [ended.key_id, ended.draft].into_iter().flatten() {
                    self.key_mut(key_id, |key| key.ended = true);
                }
            }
            Opcode::Status => drop(decode::<DaemonStatus>(body).expect("a status")),
            Opcode::PolicyRows => drop(decode::<PolicyPage>(body).expect("rows")),
            Opcode::PolicySummary => drop(decode::<PolicySummary>(body).expect("a summary")),
            Opcode::PolicyTest => drop(decode::<PolicyAnswer<'_>>(body).expect("a judgement")),
            Opcode::RevocationPage => panic!("a store in memory has no page"),
            Opcode::ReportUses => drop(decode::<Empty>(body).expect("nothing")),
            Opcode::RetrieveUser | Opcode::RetrieveKey => drop(decode::<KeyRecord>(body).expect("a record")),
            Opcode::List => drop(decode::<KeyPage>(body).expect("a page of keys")),
            Opcode::AuditList => drop(decode::<AuditPage>(body).expect("a page of the audit")),
            Opcode::AuditVerify => {
                assert_eq!(
                    decode::<AuditReport>(body).expect("a report").fault,
                    None,
                    "the audit is as it was written"
                );
            }
            Opcode::Statistics => drop(decode::<Statistics>(body).expect("counters")),
            Opcode::FilesInForce => drop(decode::<FilesInForce>(body).expect("files")),
            Opcode::Reload => drop(decode::<Reloaded>(body).expect("what was read")),
            Opcode::Backup => drop(decode::<BackupReady>(body).expect("a backup")),
        }
    }

    fn verdict(&self, what: &What, verdict: &Verdict<'_>) {
        let (What::Validation { may_be_good, user }, Verdict::Valid(valid)) = (what, verdict) else { return };
        assert!(*may_be_good || self.astray, "{} is accepted", valid.key_id);
        assert_eq!(user.as_ref().map(UserId::as_str), Some(valid.user), "accepted as another's key");
    }

    fn draft(&mut self, what: &What, generated: &Generated) {
        let What::Draft(user) = what else { return };
        assert!(self.keys.iter().all(|key| key.key_id != generated.key_id), "an id is given out twice");
        let (key_id, digest) = (generated.key_id, *generated.key.digest().expose_bytes());
        self.keys.push(Key { key_id, digest, user: user.clone(), saved: false, ended: false });
    }
}
