//! Reading `tests/corpora`.

use apikeyd_policy::{Judgement, PolicyTable, Row, parse_case_line};
use std::fs;
use std::path::{Path, PathBuf};

/// A method and a target, and the line that they were read from.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) line: String,
    method: Vec<u8>,
    target: Vec<u8>,
}

/// An operation that some back end could take for a denied one.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) operation: Operation,
    /// `METHOD TEMPLATE` of the denied row, or `default` if no row allows a reading.
    pub(crate) row: String,
}

/// Operations under a table.
#[derive(Debug)]
pub(crate) struct Corpus {
    /// The folder, and the table if it is not `policy.toml`.
    pub(crate) name: String,
    pub(crate) table: PolicyTable,
    pub(crate) operations: Vec<Operation>,
    pub(crate) expected: Vec<Expected>,
    folder: PathBuf,
}

impl Operation {
    fn parse(line: &str) -> Self {
        let (method, target) =
            parse_case_line(line.as_bytes()).unwrap_or_else(|fault| panic!("{line}: {fault}"));
        Self { line: line.to_owned(), method, target }
    }

    pub(crate) fn judge<'t>(&self, table: &'t PolicyTable) -> Judgement<'t> {
        table.judge(&self.method, &self.target)
    }
}

impl Corpus {
    fn read(folder: &Path, table: &str, text: &str) -> Self {
        let folder_name = folder.file_name().unwrap().to_string_lossy();
        let (name, expected) = match table {
            "policy" => (folder_name.into_owned(), "expected-ambiguous.tsv".to_owned()),
            _ => (format!("{folder_name} ({table})"), format!("expected-ambiguous-{table}.tsv")),
        };
        Self {
            table: PolicyTable::parse(text).unwrap_or_else(|faults| panic!("{name}: {faults:?}")),
            operations: operations(&folder.join("operations.tsv")),
            expected: lines(&folder.join(expected)).iter().map(|line| Expected::parse(line)).collect(),
            folder: folder.to_owned(),
            name,
        }
    }

    /// The operations of a further file of the folder.
    pub(crate) fn others(&self, file: &str) -> Vec<Operation> {
        operations(&self.folder.join(file))
    }

    /// As [`others`](Self::others), and nothing if the folder has no such file.
    pub(crate) fn others_if_any(&self, file: &str) -> Vec<Operation> {
        lines(&self.folder.join(file)).iter().map(|line| Operation::parse(line)).collect()
    }
}

impl Expected {
    fn parse(line: &str) -> Self {
        let columns: Vec<_> = line.split('\t').collect();
        let [method, target, row, why] = columns[..] else { panic!("not four columns: {line}") };
        assert!(!why.is_empty(), "no reason: {line}");
        Self { operation: Operation::parse(&format!("{method}\t{target}")), row: row.to_owned() }
    }
}

/// `METHOD TEMPLATE`, as `expected-ambiguous.tsv` writes it.
pub(crate) fn written(row: Option<&Row>) -> String {
    row.map_or("default".to_owned(), |row| format!("{} {}", row.method().unwrap_or("*"), row.template()))
}

/// Every API under its `policy.toml`.
pub(crate) fn apis() -> Vec<Corpus> {
    folders().iter().filter_map(|folder| with_file(folder, "policy")).collect()
}

/// Every table of every folder, the shipped one included.
pub(crate) fn all() -> Vec<Corpus> {
    let mut all = apis();
    all.extend(folders().iter().filter_map(|folder| with_file(folder, "deny-by-default")));
    let names = root().join("names");
    all.push(Corpus::read(&names, "shipped", apikeyd_policy::SHIPPED));
    all.push(with_file(&names, "siblings").expect("a table"));
    all
}

fn with_file(folder: &Path, table: &str) -> Option<Corpus> {
    let text = fs::read_to_string(folder.join(format!("{table}.toml"))).ok()?;
    Some(Corpus::read(folder, table, &text))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpora")
}

fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn operations(file: &Path) -> Vec<Operation> {
    let operations: Vec<_> = lines(file).iter().map(|line| Operation::parse(line)).collect();
    assert!(!operations.is_empty(), "{} is not there", file.display());
    operations
}

/// The lines without comments; a file that is not there has none.
fn lines(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}
