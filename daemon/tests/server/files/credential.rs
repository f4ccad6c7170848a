//! The pepper as a credential: one that cannot be looked at, or is gone, is not one that never was.

use super::site::{Site, Source};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

/// A daemon with a directory of credentials that holds a pepper.
fn with_credential() -> Option<Site> {
    let mut site = Site::new(Source::PolicyArgument)?;
    fs::create_dir(site.path("credentials")).unwrap();
    fs::set_permissions(site.path("credentials"), Permissions::from_mode(0o755)).unwrap();
    site.credentials = Some(site.path("credentials"));
    give(&site);
    Some(site)
}

fn give(site: &Site) {
    let pepper = site.path("credentials/pepper");
    let _link = fs::remove_file(&pepper);
    fs::write(&pepper, [7; 32]).unwrap();
    fs::set_permissions(&pepper, Permissions::from_mode(0o400)).unwrap();
    site.give_to_daemon("credentials/pepper");
}

#[track_caller]
fn refused(site: &mut Site, code: i32, said: &str) {
    let (found, log) = site.refused_start();
    assert_eq!((found, log.contains(said)), (Some(code), true), "{said:?} is not in {log}");
    assert!(!site.path("state/pepper").exists(), "no other pepper takes its place");
}

#[test]
fn a_credential_that_cannot_be_looked_at_is_no_reason_for_another_pepper() {
    let Some(mut site) = with_credential() else { return };
    let credential = site.path("credentials/pepper").to_str().unwrap().to_owned();
    let directory = site.path("credentials");
    if site.is_apart() {
        fs::set_permissions(&directory, Permissions::from_mode(0o000)).unwrap();
        refused(&mut site, 78, &credential);
        fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
    }
    fs::remove_file(&credential).unwrap();
    symlink("nowhere", &credential).unwrap();
    refused(&mut site, 65, &credential);
    fs::rename(&directory, site.path("away")).unwrap();
    refused(&mut site, 78, &credential);
    fs::rename(site.path("away"), &directory).unwrap();
    give(&site);
    site.start();
}

#[test]
fn a_credential_that_is_gone_is_missed() {
    let Some(mut site) = with_credential() else { return };
    site.start();
    site.stop();
    fs::remove_file(site.path("credentials/pepper")).unwrap();
    refused(&mut site, 65, "LoadCredentialEncrypted=");
    // Not even when the database is gone as well: that the store was set up is written beside it.
    let (database, away) = (site.path("state/apikeyd.redb"), site.path("state/away"));
    fs::rename(&database, &away).unwrap();
    refused(&mut site, 65, "is missing, though this store was set up before");
    fs::rename(away, database).unwrap();
    give(&site);
    site.start();
    assert!(site.denies());
}
