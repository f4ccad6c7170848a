use super::*;

fn table(hash: u8) -> TableFacts {
    TableFacts { rows: 3, default_allow: false, hash: [hash; 32] }
}

const SHIPPED: TableFacts = TableFacts { rows: 12, default_allow: true, hash: [0; 32] };

fn before(configuration: Option<&str>, policy: Option<&str>, table: TableFacts) -> Before {
    Before::Files(FilesInForce {
        configuration: configuration.map(PathBuf::from),
        policy: policy.map(PathBuf::from),
        table,
    })
}

fn now(configuration: Option<&str>, policy: PolicySource) -> Sources {
    Sources { configuration: configuration.map(PathBuf::from), empty: None, policy }
}

fn said(before: &Before, sources: &Sources, table: TableFacts) -> String {
    check_files(before, sources, &table).map_or_else(|lost| lost.to_string(), |()| String::new())
}

#[test]
fn what_never_was_in_force_cannot_be_lost() {
    for before in [Before::Table(None), Before::Table(Some(SHIPPED.hash)), before(None, None, table(1))] {
        assert_eq!(said(&before, &now(None, PolicySource::Unnamed), SHIPPED), "", "{before:?}");
    }
}

#[test]
fn a_table_of_a_file_gives_way_only_to_one_that_somebody_names() {
    let was = before(Some("/c"), Some("/p"), table(1));
    assert_eq!(
        said(&was, &now(Some("/c"), PolicySource::Unnamed), SHIPPED),
        "/p: the table of this policy file was in force last (3 rows, default deny, BLAKE3 0101010101010101…), and now no \
         policy file is named: put back the file or the configuration that names it; if the compiled-in table (12 rows) is \
         meant, write policy = \"compiled-in\" in the configuration"
    );
    assert_eq!(said(&was, &now(Some("/c"), PolicySource::CompiledIn), SHIPPED), "");
    assert_eq!(said(&was, &now(Some("/c"), PolicySource::File("/q".into())), table(2)), "");
    let same = before(Some("/c"), Some("/p"), SHIPPED);
    assert_eq!(said(&same, &now(Some("/c"), PolicySource::Unnamed), SHIPPED), "", "the same text");
    let older = said(&Before::Table(Some([1; 32])), &now(None, PolicySource::Unnamed), SHIPPED);
    assert!(
        older.starts_with("another policy table than the compiled-in one was in force last (BLAKE3 01"),
        "{older}"
    );
}

#[test]
fn a_configuration_gives_way_only_to_another_one() {
    let was = before(Some("/c"), None, SHIPPED);
    let gone = said(&was, &now(None, PolicySource::Unnamed), SHIPPED);
    assert!(
        gone.starts_with("/c: this configuration was in force last, and now there is none: put it back"),
        "{gone}"
    );
    assert_eq!(said(&was, &now(None, PolicySource::CompiledIn), SHIPPED), gone, "rights are lost, too");
    assert_eq!(said(&was, &now(Some("/d"), PolicySource::Unnamed), SHIPPED), "");
    let empty = Sources { empty: Some("/d".into()), ..now(None, PolicySource::Unnamed) };
    let empty = said(&was, &empty, SHIPPED);
    assert!(
        empty.starts_with("/d: the file is empty, and /c was in force last: put its text back"),
        "{empty}"
    );
    let both = said(&before(Some("/c"), Some("/p"), table(1)), &now(None, PolicySource::Unnamed), SHIPPED);
    assert_eq!(both.lines().count(), 2, "{both}");
}
