//! What the daemon remembers of the files that were in force, and how somebody says that a change is meant.

use super::site::{POLICY, Site, Source};
use apikeyd_protocol::frame::Status;
use apikeyd_protocol::message::{Empty, FilesInForce};
use apikeyd_protocol::operation::Opcode;
use redb::{Database, TableDefinition};

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

fn in_force(site: &Site) -> FilesInForce {
    site.client().ask(Opcode::FilesInForce, &Empty {}).message()
}

/// A daemon that was started and stopped, and whose configuration was changed then.
fn stopped(source: Source, configuration: &str) -> Option<Site> {
    let mut site = Site::new(source)?;
    site.start();
    assert!(site.denies());
    site.stop();
    site.write("real/apikeyd.toml", configuration);
    Some(site)
}

#[test]
fn the_compiled_in_table_takes_the_place_of_a_files_table_only_by_its_name() {
    let Some(mut site) = stopped(Source::ConfigurationArgument, "key_prefix = \"abc\"\n") else { return };
    let (code, log) = site.refused_start();
    assert_eq!(code, Some(78), "{log}");
    let policy = site.path("other/p.toml");
    for said in
        [policy.to_str().unwrap(), "1 rows, default deny, BLAKE3 ", "policy = \"compiled-in\"", "(12 rows)"]
    {
        assert!(log.contains(said), "{said:?} is not in {log}");
    }
    let policy_hash = blake3::hash(POLICY.as_bytes()).to_hex();
    assert!(log.contains(&policy_hash[..16]), "{log}");

    site.write("real/apikeyd.toml", "policy = \"compiled-in\"\n");
    site.start();
    assert!(!site.denies(), "it is meant");
    let said = in_force(&site);
    assert_eq!((said.policy, said.policy_rows, said.policy_default_allow), (None, 12, true));
    site.stop();
    site.write("real/apikeyd.toml", "key_prefix = \"abc\"\n");
    site.start();
    assert!(!site.denies(), "from then on it is the one that was in force");
}

#[test]
fn a_reload_of_a_configuration_that_names_no_policy_any_more_is_refused_until_it_is_meant() {
    let Some(mut site) = Site::new(Source::ConfigurationArgument) else { return };
    site.start();
    site.write("real/apikeyd.toml", "key_prefix = \"abc\"\n");
    let (status, message) = site.reload();
    assert_eq!(status, Status::InvalidConfiguration);
    assert!(message.contains("now no policy file is named"), "{message}");
    assert!(site.denies());
    site.write("real/apikeyd.toml", "policy = \"compiled-in\"\n");
    assert_eq!(site.reload().0, Status::Ok);
    assert!(!site.denies());
}

#[test]
fn an_argument_means_the_compiled_in_table_too() {
    let Some(mut site) = Site::new(Source::PolicyArgument) else { return };
    site.start();
    assert!(site.denies());
    site.stop();
    site.arguments.clear();
    let (code, log) = site.refused_start();
    assert_eq!((code, log.contains(&site.name())), (Some(78), true), "{log}");
    site.arguments = vec!["--policy".into(), "compiled-in".into()];
    site.start();
    assert!(!site.denies());
}

#[test]
fn defaults_take_the_place_of_a_configuration_only_by_a_file_that_says_so() {
    let Some(mut site) = stopped(Source::ConfigurationArgument, "") else { return };
    let (code, log) = site.refused_start();
    assert_eq!((code, log.contains("the file is empty")), (Some(78), true), "{log}");
    site.arguments.clear();
    let (code, log) = site.refused_start();
    assert_eq!((code, log.contains(&site.name())), (Some(78), true), "none at all: {log}");
    site.arguments = vec!["--config".into(), site.name()];
    site.write("real/apikeyd.toml", "# the defaults\n");
    let (code, log) = site.refused_start();
    assert_eq!((code, log.contains("no policy file is named")), (Some(78), true), "the table is lost: {log}");
    site.write("real/apikeyd.toml", "policy = \"compiled-in\" # and the defaults\n");
    site.start();
}

#[test]
fn an_empty_configuration_where_none_was_is_the_defaults() {
    let Some(mut site) = Site::new(Source::ConfigurationArgument) else { return };
    site.write("real/apikeyd.toml", "");
    site.start();
    assert!(!site.denies());
    assert_eq!(in_force(&site).configuration, None);
    site.stop();
    site.arguments.clear();
    site.start();
}

#[test]
fn a_default_configuration_that_appears_is_taken_and_then_must_stay() {
    let Some(mut site) = Site::new(Source::DefaultConfiguration) else { return };
    let file = site.path("real/apikeyd.toml");
    std::fs::remove_file(&file).unwrap();
    site.start();
    assert!(!site.denies(), "never there: the defaults");
    assert_eq!((site.reload().0, in_force(&site).configuration), (Status::Ok, None));
    site.write("real/apikeyd.toml", &format!("policy = {:?}\n", site.path("other/p.toml")));
    assert_eq!(site.reload().0, Status::Ok);
    assert!(site.denies());
    assert_eq!(in_force(&site).configuration, Some(site.name()));
    std::fs::remove_file(&file).unwrap();
    let (status, message) = site.reload();
    assert_eq!(
        (status, message.contains("was in force last")),
        (Status::InvalidConfiguration, true),
        "{message}"
    );
    assert!(site.denies());
    site.stop();
    let (code, log) = site.refused_start();
    assert_eq!((code, log.contains(&site.name())), (Some(78), true), "{log}");
}

#[test]
fn the_status_and_the_log_say_which_files_are_in_force() {
    let Some(mut site) = Site::new(Source::PolicyOfConfiguration) else { return };
    site.start();
    let said = in_force(&site);
    let configuration = site.path("other/c.toml").to_str().unwrap().to_owned();
    assert_eq!(said.configuration.as_deref(), Some(&*configuration));
    assert_eq!(said.policy, Some(site.name()));
    assert_eq!((said.policy_rows, said.policy_default_allow), (1, false));
    assert_eq!(said.policy_hash, *blake3::hash(POLICY.as_bytes()).as_bytes());
    let words = format!("configuration={configuration} policy={} rows=1 default=deny", site.name());
    assert!(site.log().contains(&format!("files in force {words}")), "{}", site.log());
    site.write(
        "real/p.toml",
        &format!("{POLICY}[[operation]]\nmethod = \"GET\"\npath = \"/b\"\neffect = \"allow\"\n"),
    );
    assert_eq!(site.reload().0, Status::Ok);
    assert!(
        site.log().contains(&format!("after the reload {}", words.replace("rows=1", "rows=2"))),
        "{}",
        site.log()
    );
    assert!(in_force(&site).read_at > said.read_at);
}

/// A store of a daemon that did not write down its files: only the hash of the table is known.
#[test]
fn a_store_from_before_keeps_its_table_as_well() {
    let Some(mut site) = Site::new(Source::PolicyArgument) else { return };
    site.start();
    site.stop();
    {
        let database = Database::open(site.path("state/apikeyd.redb")).unwrap();
        let txn = database.begin_write().unwrap();
        txn.open_table(META).unwrap().remove("files").unwrap().expect("it was written down");
        txn.commit().unwrap();
    }
    let named = std::mem::take(&mut site.arguments);
    let (code, log) = site.refused_start();
    assert_eq!(
        (code, log.contains("another policy table than the compiled-in one")),
        (Some(78), true),
        "{log}"
    );
    site.arguments = named;
    site.start();
    assert!(site.denies());
}
