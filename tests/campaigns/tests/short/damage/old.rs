//! Files of an earlier version, of an earlier day, and of another store.

use apikeyd::operations::{OpenError, PepperSource, Service, Settings};
use apikeyd::parts::Parts;
use apikeyd_campaigns::damage::{Subject, fixture, open_later};
use apikeyd_campaigns::in_memory::{Image, PEPPER, Session};
use apikeyd_policy::PolicyTable;
use apikeyd_protocol::term::{AuditFault, AuditHead, SaveMode};
use std::fs::{self, Permissions};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

fn fault(session: &Session, known_head: Option<AuditHead>) -> Option<AuditFault> {
    session.verify(known_head).unwrap().fault
}

/// Each schema that was ever released has a folder, made by `damaged-files --fixture` of its release.
#[test]
fn a_database_of_every_schema_opens_and_answers_right() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for version in ["schema-1"] {
        let dir = fixtures.join(version);
        assert_eq!(fs::read(dir.join("pepper")).unwrap(), PEPPER, "{version}");
        let session =
            open_later(Image::of(fs::read(dir.join("apikeyd.redb")).unwrap()), Parts::system()).unwrap();
        let answers = fixture::answers(&dir).unwrap();
        assert!(answers.len() > 80, "{version}");
        for answer in answers {
            assert_eq!(
                session.verdict(&answer.question),
                answer.right,
                "{version}: {}",
                answer.question.key_id
            );
        }
        assert_eq!(fault(&session, None), None, "{version}");
        let new = session.generate("new", None);
        session.save(new.key_id, SaveMode::Add);
        assert_eq!(session.verdict(&new), "valid new", "{version}");
    }
}

/// The daemon cannot know that a file is older than the last one: it is a whole store. The journal knows.
#[test]
fn a_file_put_back_from_yesterday_is_noticed_by_the_head_in_the_journal() {
    let subject = Subject::make(Parts::system());
    let session = open_later(Image::of(subject.yesterday.clone()), Parts::system()).unwrap();
    assert_eq!(session.verdict(&subject.last), "valid last", "the revocation is in the newer file alone");
    assert_eq!(fault(&session, None), None, "nothing inside the file tells");
    let revision = subject.head.revision;
    assert_eq!(fault(&session, Some(subject.head)), Some(AuditFault::KnownHeadLost { revision }));
    // Also once as many changes were made as there had been: they are other ones.
    let new = session.generate("new", None);
    session.save(new.key_id, SaveMode::Add);
    assert_eq!(session.service.audit_head().revision, revision);
    assert_eq!(fault(&session, Some(subject.head)), Some(AuditFault::KnownHeadLost { revision }));
}

#[test]
fn a_restored_backup_answers_as_on_the_day_it_was_taken() {
    let image = Image::default();
    let session = Session::create(image, Parts::system());
    let (kept, ended) = (session.generate("kept", None), session.generate("ended", None));
    session.save(kept.key_id, SaveMode::Add);
    session.save(ended.key_id, SaveMode::Add);
    session.delete(ended.key_id);
    let (taken, descriptor) = session.service.backup(&session.permit(), &|| false).unwrap();
    let mut bytes = Vec::new();
    fs::File::from(descriptor).read_to_end(&mut bytes).unwrap();
    session.delete(kept.key_id);
    session.close();
    let restored = open_later(Image::of(bytes), Parts::system()).unwrap();
    assert_eq!(restored.verdict(&kept), "valid kept");
    assert_eq!(restored.verdict(&ended), "refused Revoked(Deleted)");
    assert_eq!(fault(&restored, Some(taken.head)), None, "up to the backup nothing is missing");
}

#[test]
fn the_database_of_another_store_with_the_same_pepper_is_refused() {
    let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let pepper = dirs[2].path().join("pepper");
    fs::write(&pepper, [9; 32]).unwrap();
    fs::set_permissions(&pepper, Permissions::from_mode(0o400)).unwrap();
    let open = |dir: &Path| -> Result<Arc<Service>, OpenError> {
        let settings = Settings { pepper: PepperSource::Credential(pepper.clone()), ..Settings::in_dir(dir) };
        Service::open(settings, PolicyTable::shipped(), Parts::system())
    };
    let [one, other] = [dirs[0].path(), dirs[1].path()];
    drop(open(one).unwrap());
    drop(open(other).unwrap());
    fs::copy(other.join("apikeyd.redb"), one.join("apikeyd.redb")).unwrap();
    let refused = open(one).unwrap_err();
    assert!(matches!(refused, OpenError::OtherStore { .. }), "{refused}");
    open(other).unwrap();
}
