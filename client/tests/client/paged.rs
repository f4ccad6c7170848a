//! A fake daemon with a revocation page, whose words the test sets.

use apikeyd_client::{KeyId, PolicyPage, PolicyRow, Status, Timestamp};
use apikeyd_kit::answers::{answer, failure};
use apikeyd_kit::bytes::Message;
use apikeyd_kit::fake_daemon::{FakeDaemon, Peer};
use apikeyd_protocol::codec::decode;
use apikeyd_protocol::message::{
    Empty, Freshness, KeyUse, PageReady, PolicyRows, PolicySummary, Refusal, ReportUses, ValidKey, Validate,
    Verdict,
};
use apikeyd_protocol::operation::Opcode;
use apikeyd_protocol::page::{BYTES, HEADER_WORDS, MAGIC};
use rustix::time::{ClockId, clock_gettime};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use tempfile::TempDir;

const INSTANCE: usize = 1;
const EPOCH: usize = 2;
const LEASE: usize = 3;

/// A running daemon.
pub(crate) struct Paged {
    fake: FakeDaemon,
    house: Arc<House>,
}

/// What its connections share.
pub(crate) struct House {
    dir: TempDir,
    state: Mutex<State>,
    /// Held by a test while no row of the policy table is to be answered.
    rows_gate: Mutex<()>,
}

/// What the daemon answers with. A test changes it between its questions.
pub(crate) struct State {
    /// The page, open for writing.
    pub(crate) page: File,
    /// What clients get instead of the page's file, open for reading.
    pub(crate) handed: Option<File>,
    /// What clients are told of it.
    pub(crate) ready: PageReady,
    /// Added to the clock that clients are told.
    pub(crate) clock_ahead_ns: i64,
    /// How the question for the page is answered, if not with the page.
    pub(crate) page_status: Status,
    /// Keys that are not valid.
    pub(crate) ended: Vec<KeyId>,
    pub(crate) user: String,
    pub(crate) expires_at: Option<Timestamp>,
    /// The operations that are denied, as rows of the policy table, with the epoch that the table carries.
    pub(crate) rows: Vec<PolicyRow>,
    pub(crate) table_epoch: u64,
    /// Whether the daemon knows the question for the table's hash.
    pub(crate) sums_up: bool,
    /// Runs while a validation is answered, after the page was read.
    pub(crate) on_validate: Option<Interference>,
    /// Reports of uses so far.
    pub(crate) reported: Vec<KeyUse>,
    asked: HashMap<u16, usize>,
}

/// What a test does to the page in the middle of something.
type Interference = Box<dyn FnMut(&File) + Send>;

/// The page as the daemon writes it.
pub(crate) trait Words {
    fn word(&self, at: usize) -> u64;
    fn set(&self, at: usize, value: u64);

    fn generation(&self, key_id: KeyId) -> u64 {
        self.word(HEADER_WORDS + slot(key_id) as usize)
    }
    fn bump(&self, key_id: KeyId) {
        self.set(HEADER_WORDS + slot(key_id) as usize, self.generation(key_id) + 1);
    }
    fn bump_epoch(&self) {
        self.set(EPOCH, self.word(EPOCH) + 1);
    }
    fn begin_anew(&self) {
        self.set(INSTANCE, self.word(INSTANCE) + 1);
    }
    fn instance(&self) -> u64 {
        self.word(INSTANCE)
    }
    fn epoch(&self) -> u64 {
        self.word(EPOCH)
    }
    fn lease_until(&self, until: u64) {
        self.set(LEASE, until);
    }
}

#[expect(clippy::host_endian_bytes, reason = "words of the page are the machine's own")]
impl Words for File {
    fn word(&self, at: usize) -> u64 {
        let mut bytes = [0; 8];
        self.read_exact_at(&mut bytes, at as u64 * 8).unwrap();
        u64::from_ne_bytes(bytes)
    }
    fn set(&self, at: usize, value: u64) {
        self.write_all_at(&value.to_ne_bytes(), at as u64 * 8).unwrap();
    }
}

fn slot(key_id: KeyId) -> u32 {
    // The ids of the tests' keys are alike in their low bits.
    u32::try_from(key_id.get().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48).unwrap()
}

/// CLOCK_MONOTONIC in nanoseconds.
pub(crate) fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    u64::try_from(now.tv_sec * 1_000_000_000 + now.tv_nsec).unwrap()
}

/// A page that is leased for an hour, and a descriptor for reading it.
pub(crate) fn new_page(path: &Path, instance: u64) -> (File, File) {
    let page = OpenOptions::new().read(true).write(true).create_new(true).open(path).unwrap();
    page.set_len(BYTES as u64).unwrap();
    page.set(0, MAGIC);
    page.set(INSTANCE, instance);
    page.lease_until(monotonic_ns() + 3_600_000_000_000);
    (page, File::open(path).unwrap())
}

impl Paged {
    /// A daemon that finds every key good.
    pub(crate) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (page, handed) = new_page(&dir.path().join("page"), 100);
        let ready = PageReady { monotonic_ns: 0, bytes: BYTES as u64, policy_rules: apikeyd_policy::RULES };
        let state = State {
            page,
            handed: Some(handed),
            ready,
            clock_ahead_ns: 0,
            page_status: Status::Ok,
            ended: Vec::new(),
            user: "u".into(),
            expires_at: None,
            rows: Vec::new(),
            table_epoch: 0,
            sums_up: true,
            on_validate: None,
            reported: Vec::new(),
            asked: HashMap::new(),
        };
        let house = Arc::new(House { dir, state: Mutex::new(state), rows_gate: Mutex::default() });
        let served = Arc::clone(&house);
        let script = move |_, mut peer: Peer| {
            peer.welcome();
            while let Some(asked) = peer.request() {
                served.answer(&mut peer, asked);
            }
        };
        Self { fake: FakeDaemon::start_at(&house.dir.path().join("socket"), script), house }
    }

    pub(crate) fn path(&self) -> &Path {
        self.fake.path()
    }

    /// The directory of socket and page.
    pub(crate) fn dir(&self) -> &Path {
        self.house.dir.path()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.house.state.lock().unwrap()
    }

    /// Rows of the policy table are not answered while this is held.
    pub(crate) fn hold_rows(&self) -> MutexGuard<'_, ()> {
        self.house.rows_gate.lock().unwrap()
    }

    /// How often an operation was asked for so far.
    pub(crate) fn asked(&self, opcode: Opcode) -> usize {
        self.state().asked.get(&opcode.code()).copied().unwrap_or(0)
    }
}

impl House {
    fn answer(self: &Arc<Self>, peer: &mut Peer, asked: Message) {
        *self.state.lock().unwrap().asked.entry(asked.header.opcode).or_default() += 1;
        if asked.header.opcode == Opcode::PolicyRows.code() {
            return self.answer_rows(peer, asked);
        }
        let asked = &asked;
        let mut state = self.state.lock().unwrap();
        let bytes = match Opcode::from_code(asked.header.opcode) {
            Some(Opcode::Validate) => state.validate(asked),
            Some(Opcode::PolicySummary) => state.policy_summary(asked),
            Some(Opcode::ReportUses) => {
                state.reported.extend(decode::<ReportUses>(&asked.body).unwrap().uses);
                answer(asked, Status::Ok, &Empty {})
            }
            Some(Opcode::RevocationPage) => return state.hand_over(peer, asked),
            other => panic!("{other:?} was not expected"),
        };
        peer.send(&bytes);
    }

    /// Beside the connection's other requests, as a daemon that takes long for it.
    fn answer_rows(self: &Arc<Self>, peer: &Peer, asked: Message) {
        let (house, mut stream) = (Arc::clone(self), peer.stream.try_clone().unwrap());
        std::thread::spawn(move || {
            let _gate = house.rows_gate.lock().unwrap();
            let bytes = house.state.lock().unwrap().policy_rows(&asked);
            // The client may have left meanwhile.
            drop(stream.write_all(&bytes));
        });
    }
}

impl State {
    fn validate(&mut self, asked: &Message) -> Vec<u8> {
        let request: Validate<'_> = decode(&asked.body).unwrap();
        let key_id = request.key_id;
        let freshness = Freshness {
            instance: self.page.instance(),
            epoch: self.page.epoch(),
            slot: slot(key_id),
            generation: self.page.generation(key_id),
        };
        let denied = request.operation.and_then(|operation| {
            let target = std::str::from_utf8(operation.target).unwrap();
            self.rows.iter().find(|row| row.path == target)
        });
        let verdict = match denied {
            _ if self.ended.contains(&key_id) => Verdict::Refused(Refusal::Invalid),
            Some(row) => Verdict::Refused(Refusal::OperationDenied(&row.name)),
            None => Verdict::Valid(ValidKey {
                user: &self.user,
                key_id,
                label: None,
                expires_at: self.expires_at,
                freshness,
            }),
        };
        let bytes = answer(asked, Status::Ok, &verdict);
        if let Some(on_validate) = &mut self.on_validate {
            on_validate(&self.page);
        }
        bytes
    }

    fn policy_summary(&self, asked: &Message) -> Vec<u8> {
        if !self.sums_up {
            return failure(asked, Status::UnknownOpcode, "what is that?");
        }
        let summary = PolicySummary {
            total: u32::try_from(self.rows.len()).unwrap(),
            default_allow: true,
            case_sensitive: false,
            epoch: self.table_epoch,
            hash: PolicySummary::hash(true, false, &self.rows).unwrap(),
        };
        answer(asked, Status::Ok, &summary)
    }

    fn policy_rows(&self, asked: &Message) -> Vec<u8> {
        let from = decode::<PolicyRows>(&asked.body).unwrap().from as usize;
        let rows: Vec<_> = self.rows.iter().skip(from).take(2).cloned().collect();
        let end = from + rows.len();
        let page = PolicyPage {
            total: u32::try_from(self.rows.len()).unwrap(),
            default_allow: true,
            case_sensitive: false,
            epoch: self.table_epoch,
            next: (end < self.rows.len()).then(|| u32::try_from(end).unwrap()),
            rows,
        };
        answer(asked, Status::Ok, &page)
    }

    fn hand_over(&self, peer: &mut Peer, asked: &Message) {
        if self.page_status != Status::Ok {
            return peer.send(&failure(asked, self.page_status, "no page"));
        }
        let clock = monotonic_ns().saturating_add_signed(self.clock_ahead_ns);
        let bytes = answer(asked, Status::Ok, &PageReady { monotonic_ns: clock, ..self.ready });
        let handed: Vec<_> = self.handed.iter().map(AsFd::as_fd).collect();
        peer.send_with(&bytes, &handed).unwrap();
    }
}

/// A row that denies GET of a path.
pub(crate) fn deny(path: &str) -> PolicyRow {
    PolicyRow { method: "GET".into(), path: path.into(), allow: false, name: format!("no {path}") }
}
