//! A client's process: it reads keys from its input, asks about them in every way, wipes what is its own, and waits.

use apikeyd_client::{ApiKey, AsyncClient, Client as Blocking, Generate, Operation, SaveMode, UserId};
use core::hint::black_box;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use tokio::runtime::Runtime;
use zeroize::{Zeroize as _, Zeroizing};

/// The word that makes the campaign's program this client.
const CLIENT: &str = "client";

/// The word in front of a key that the client is to keep: the planted fault.
const KEEP: u8 = b'!';

/// Which of the two clients is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// That for threads.
    Threads,
    /// That for tasks.
    Tasks,
}

impl Way {
    const fn word(self) -> &'static str {
        match self {
            Self::Threads => "threads",
            Self::Tasks => "tasks",
        }
    }
}

/// The parent's side.
#[derive(Debug)]
pub struct Client {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Client {
    /// Starts the client against a daemon.
    #[must_use]
    pub fn start(program: &Path, way: Way, socket: &Path) -> Self {
        let mut child = Command::new(program)
            .arg(CLIENT)
            .arg(way.word())
            .arg(socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output }
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Has it ask about a key, and gives back one that it generated.
    pub fn ask_about(&mut self, key: &str) -> String {
        self.input.write_all(format!(" {key}\n").as_bytes()).unwrap();
        self.line()
    }

    /// Has it keep a key, as it must not.
    pub fn keep(&mut self, key: &str) {
        self.input.write_all(format!("!{key}\n").as_bytes()).unwrap();
        self.line();
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            self.output.read_exact(&mut byte).unwrap();
            match byte {
                [b'\n'] => return String::from_utf8(line).unwrap(),
                [other] => line.push(other),
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is the client of a run, if the first argument says so.
#[must_use]
pub fn main_if_called() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().filter(|word| word == CLIENT)?;
    let (way, socket) = (arguments.next().expect("a way"), arguments.next().expect("the socket"));
    Some(main(&way, socket.as_ref()))
}

/// The client's side.
#[must_use]
fn main(way: &OsStr, socket: &Path) -> ExitCode {
    let asking: Box<dyn Asking> =
        if way == Way::Tasks.word() { Box::new(Tasks::new(socket)) } else { Box::new(Threads::new(socket)) };
    // Not the standard library's handles: their buffers keep what passed through them.
    let mut input = File::open("/dev/stdin").unwrap();
    let mut output = File::options().write(true).open("/dev/stdout").unwrap();
    let mut line = Zeroizing::new([0_u8; ApiKey::MAX_BYTES + 2]);
    let mut number = 0_u64;
    while let Some(length) = read_line(&mut input, &mut line[..]) {
        match (&line[..1], &line[1..length]) {
            ([KEEP], key) => {
                // Hidden from the optimiser, which would not keep what nobody reads.
                black_box(Box::leak(key.to_vec().into_boxed_slice()));
                output.write_all(b"kept\n").unwrap();
            }
            (_, key) => {
                number += 1;
                asking.ask(key);
                asking.generate(number, &mut output);
            }
        }
        line.zeroize();
    }
    ExitCode::SUCCESS
}

/// Reads up to a newline; `None` at the end.
fn read_line(input: &mut File, line: &mut [u8]) -> Option<usize> {
    let mut length = 0;
    loop {
        input.read_exact(&mut line[length..=length]).ok()?;
        if line[length] == b'\n' {
            return Some(length);
        }
        length += 1;
    }
}

/// Every way to ask about a key, and to make one.
trait Asking {
    fn ask(&self, text: &[u8]);

    /// As a service does that shows a new key to its user: writes the text of a saved one.
    fn generate(&self, number: u64, output: &mut File);
}

fn new_key(number: u64) -> Generate {
    let user = UserId::parse(&format!("client-{}-{number}", std::process::id())).unwrap();
    Generate::new(user)
}

fn write_key(key: &ApiKey, output: &mut File) {
    output.write_all(key.expose().as_bytes()).unwrap();
    output.write_all(b"\n").unwrap();
}

/// The client for threads, with and without a cache.
struct Threads {
    caching: Blocking,
    plain: Blocking,
}

impl Threads {
    fn new(socket: &Path) -> Self {
        Self {
            caching: Blocking::builder().socket(socket).connect().unwrap(),
            plain: Blocking::builder().socket(socket).cache(false).connect().unwrap(),
        }
    }
}

impl Asking for Threads {
    fn ask(&self, text: &[u8]) {
        for client in [&self.caching, &self.caching, &self.plain] {
            let _verdict = client.validate(text).unwrap();
            let _verdict = client.authorize(text, Operation::new("GET", "/api/file")).unwrap();
            let _verdict = client.authorize(text, Operation::new("DELETE", "/api//user/1")).unwrap();
            let _verdict = client.validate(&ApiKey::parse(text).unwrap()).unwrap();
            // A typing error ends in the client.
            let _refused = client.validate(&text[..text.len() - 1]);
        }
    }

    fn generate(&self, number: u64, output: &mut File) {
        drop(self.caching.generate(&new_key(number)).unwrap());
        let made = self.plain.generate(&new_key(number)).unwrap();
        self.plain.save(made.key_id, SaveMode::Add).unwrap();
        write_key(&made.key, output);
    }
}

/// The client for tasks.
struct Tasks {
    client: AsyncClient,
    runtime: Runtime,
}

impl Tasks {
    fn new(socket: &Path) -> Self {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        let client = runtime.block_on(Blocking::builder().socket(socket).connect_async()).unwrap();
        Self { client, runtime }
    }
}

impl Asking for Tasks {
    fn ask(&self, text: &[u8]) {
        self.runtime.block_on(async {
            for _ in 0..2 {
                let _verdict = self.client.validate(text).await.unwrap();
                let _verdict = self.client.authorize(text, Operation::new("GET", "/api/file")).await.unwrap();
            }
        });
    }

    fn generate(&self, number: u64, output: &mut File) {
        self.runtime.block_on(async {
            let made = self.client.generate(&new_key(number)).await.unwrap();
            self.client.save(made.key_id, SaveMode::Add).await.unwrap();
            write_key(&made.key, output);
        });
    }
}
