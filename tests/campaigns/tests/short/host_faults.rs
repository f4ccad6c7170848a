//! A host that fails under the real daemon: validation goes on where it can, changes fail with a clear code, and when
//! the fault is gone all works without a restart.

mod descriptors;
mod disk;

use apikeyd_client::{ApiKey, Client, Error, Generate, KeyId, SaveMode, Status, StoreState, UserId, Verdict};
use apikeyd_tests::filling::issue;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long the daemon may take to find out that a fault is gone. It looks every five seconds.
const PATIENCE: Duration = Duration::from_secs(60);

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_campaigns"))
}

/// A client that asks each time, and two keys that were saved before the fault.
struct Before {
    client: Client,
    kept: ApiKey,
    ended: ApiKey,
}

impl Before {
    fn the_fault(socket: &Path) -> Self {
        let client = Client::builder().socket(socket).cache(false).connections(1).build().unwrap();
        let (kept, ended) = (issue(&client, "kept"), issue(&client, "ended"));
        client.delete(ended.id()).unwrap();
        Self { client, kept, ended }
    }

    /// What was acknowledged is answered as before.
    fn assert_validates(&self) {
        let verdict = self.client.validate(&self.kept).unwrap();
        assert!(matches!(verdict, Verdict::Valid(_)), "{verdict:?}");
        let verdict = self.client.validate(&self.ended).unwrap();
        assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
    }

    /// Every kind of change is refused with the code that says why, and changes nothing.
    fn assert_changes_are_refused(&self) {
        self.assert_validates();
        let draft = self.draft("draft");
        let unavailable = |error: Error| {
            let Error::Answered { status: Status::StorageUnavailable, message } = error else {
                panic!("{error:?}");
            };
            assert!(message.contains("full or failing"), "{message}");
        };
        unavailable(self.client.save(draft, SaveMode::Add).unwrap_err());
        unavailable(self.client.delete(self.kept.id()).unwrap_err());
        let user = UserId::parse("kept").unwrap();
        unavailable(self.client.delete_user(&user).unwrap_err());
        self.assert_validates();
    }

    /// A copy that cannot be written is the backup's own trouble: changes go on.
    fn assert_backup_fails_alone(&self) {
        match self.client.backup() {
            Err(Error::Answered { status: Status::StorageUnavailable, message }) => {
                assert!(message.contains("nothing else is affected"), "{message}");
            }
            other => panic!("{:?}", other.map(|backup| backup.ready)),
        }
        assert_eq!(self.client.status().unwrap().store, StoreState::Ready);
        self.assert_validates();
    }

    fn draft(&self, user: &str) -> KeyId {
        let user = UserId::parse(user).unwrap();
        self.client.generate(&Generate::new(user)).unwrap().key_id
    }

    /// Saves until the disk has no more room, and says how many it took.
    fn save_until_refused(&self) -> usize {
        for number in 0..100_000 {
            let draft = self.draft(&format!("user {number}"));
            match self.client.save(draft, SaveMode::Add) {
                Ok(_) => {}
                Err(Error::Answered { status: Status::StorageUnavailable, .. }) => return number,
                Err(other) => panic!("{other:?}"),
            }
        }
        panic!("the fault never shows");
    }

    /// All works again, by itself, and nothing is missing.
    fn assert_heals(&self) {
        let draft = self.draft("later");
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.client.save(draft, SaveMode::Add) {
                Ok(_) => break,
                Err(Error::Answered { status: Status::StorageUnavailable, .. })
                    if Instant::now() < deadline =>
                {
                    thread::sleep(Duration::from_millis(50));
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        self.assert_validates();
        self.client.delete(self.kept.id()).unwrap();
        assert!(matches!(self.client.validate(&self.kept).unwrap(), Verdict::Refused(_)));
        let report = self.client.audit_verify(None).unwrap();
        assert_eq!(report.fault, None);
    }
}
