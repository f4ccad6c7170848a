//! A service that lets nobody in without a valid API key: one thread for each connection, plain HTTP/1.1 on
//! the loopback interface, a greeting for an answer.
//!
//! ```text
//! cargo run -p apikeyd-client --example service -- 127.0.0.1:8080
//! curl -H "Authorization: Bearer $(cat key)" http://127.0.0.1:8080/hello
//! ```
//!
//! What to take from it: the method and the target are handed over raw, as they stand on the request line and
//! as they will be served; the key is not looked at here; a daemon that cannot be asked means 503 and never
//! "come in".

#![allow(clippy::print_stderr, reason = "a program for a terminal")]

use apikeyd_client::{Client, Error, Operation, Refusal, Verdict};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// Bytes of a request line and its headers, together.
const MAX_HEAD_BYTES: u64 = 16 * 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let client = Client::connect()?;
    let listener = TcpListener::bind(&address)?;
    eprintln!("listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, client) = (stream?, client.clone());
        std::thread::spawn(move || {
            if let Err(error) = serve(&client, &stream) {
                eprintln!("a connection failed: {error}");
            }
        });
    }
    Ok(())
}

fn serve(client: &Client, mut stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let (status, text) = match read_head(stream)? {
        Some(head) => answer(client, &head),
        None => ("400 Bad Request", "this is not a request that this service understands".into()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}\n",
        text.len() + 1
    )
}

fn answer(client: &Client, head: &Head) -> (&'static str, String) {
    let Some(key) = &head.key else {
        return ("401 Unauthorized", "send your API key as: Authorization: Bearer KEY".into());
    };
    match client.authorize(key, Operation::new(&head.method, &head.target)) {
        Ok(Verdict::Valid(key)) => ("200 OK", format!("hello {}", key.user)),
        Ok(Verdict::Refused(refusal @ (Refusal::OperationDenied(_) | Refusal::OperationAmbiguous(_)))) => {
            ("403 Forbidden", refusal.to_string())
        }
        Ok(Verdict::Refused(_)) => ("401 Unauthorized", "this API key is not valid".into()),
        Err(error) => {
            eprintln!("no verdict: {error}");
            unavailable(&error)
        }
    }
}

fn unavailable(error: &Error) -> (&'static str, String) {
    if error.is_retryable() {
        ("503 Service Unavailable", "try again in a moment".into())
    } else {
        ("500 Internal Server Error", "this service is not set up well".into())
    }
}

/// What of a request matters here.
struct Head {
    method: String,
    target: String,
    key: Option<String>,
}

/// `None` when it is not the head of an HTTP/1 request.
fn read_head(stream: &TcpStream) -> io::Result<Option<Head>> {
    let mut lines = BufReader::new(stream.take(MAX_HEAD_BYTES)).lines();
    let request_line = lines.next().transpose()?.unwrap_or_default();
    let mut words = request_line.split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Ok(None);
    };
    let mut key = None;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            return Ok(Some(Head { method: method.into(), target: target.into(), key }));
        }
        let Some((name, value)) = line.split_once(':') else { return Ok(None) };
        if name.eq_ignore_ascii_case("authorization") {
            // Two of them have no single meaning.
            let Some(bearer) = value.trim().strip_prefix("Bearer ").filter(|_| key.is_none()) else {
                return Ok(None);
            };
            key = Some(bearer.into());
        }
    }
    Ok(None)
}
