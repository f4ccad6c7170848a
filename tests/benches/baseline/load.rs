//! Requests as bytes, made before the clock runs, so that the server is measured and not the client.

use apikeyd_kit::raw_client::RawClient;
use apikeyd_protocol::codec;
use apikeyd_protocol::frame::{Frame, Status, append_request};
use apikeyd_protocol::key::ApiKey;
use apikeyd_protocol::message::{Operation, Validate, Verdict};
use apikeyd_protocol::operation::Opcode;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// How many connections, and how many requests are on the way on each.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) connections: usize,
    pub(crate) depth: usize,
}

/// One thread that keeps a shape of requests on the way.
pub(crate) struct Load {
    streams: Vec<UnixStream>,
    batches: Vec<Vec<u8>>,
    next: usize,
    shape: Shape,
    answers: Answers,
    buffer: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Answers {
    /// Verdicts, each of which must accept.
    Frames,
    /// As many bytes as were sent.
    Echo,
}

impl Load {
    /// Against the daemon.
    pub(crate) fn greeted(socket: &Path, shape: Shape, sample: &[ApiKey]) -> Self {
        Self::new(socket, shape, sample, None, Answers::Frames)
    }

    /// Against the daemon, each with an operation: method and target.
    pub(crate) fn with_operation(
        socket: &Path,
        shape: Shape,
        sample: &[ApiKey],
        (method, target): (&str, &str),
    ) -> Self {
        let operation = Operation::new(method.as_bytes(), target.as_bytes());
        Self::new(socket, shape, sample, Some(operation), Answers::Frames)
    }

    /// Against the echo, with the same bytes.
    pub(crate) fn bare(socket: &Path, shape: Shape, sample: &[ApiKey]) -> Self {
        Self::new(socket, shape, sample, None, Answers::Echo)
    }

    fn new(
        socket: &Path,
        shape: Shape,
        sample: &[ApiKey],
        operation: Option<Operation<'_>>,
        answers: Answers,
    ) -> Self {
        let connect = |_| match answers {
            Answers::Frames => RawClient::greeted(socket).stream,
            Answers::Echo => UnixStream::connect(socket).unwrap(),
        };
        let streams = (0..shape.connections).map(connect).collect();
        let whole = sample.chunks(shape.depth).filter(|chunk| chunk.len() == shape.depth);
        let batches = whole.map(|keys| batch(keys, operation)).collect();
        Self { streams, batches, next: 0, shape, answers, buffer: vec![0; 256 * 1024] }
    }

    /// Requests answered in a second.
    pub(crate) fn round(&mut self, length: Duration) -> f64 {
        let begun = Instant::now();
        let mut answered = 0_u32;
        while begun.elapsed() < length {
            let first = self.next;
            for at in 0..self.streams.len() {
                let batch = self.batches.get((first + at) % self.batches.len()).unwrap();
                self.streams.get(at).unwrap().write_all(batch).unwrap();
            }
            for at in 0..self.streams.len() {
                let sent = self.batches.get((first + at) % self.batches.len()).unwrap().len();
                self.receive(at, sent);
            }
            self.next += self.streams.len();
            answered += u32::try_from(self.shape.connections * self.shape.depth).unwrap();
        }
        f64::from(answered) / begun.elapsed().as_secs_f64()
    }

    /// Half of the batches on the first connection take at most so many microseconds, one at a time.
    pub(crate) fn median_latency(&mut self, length: Duration) -> f64 {
        let begun = Instant::now();
        let mut times = Vec::new();
        while begun.elapsed() < length {
            let batch = self.batches.get(self.next % self.batches.len()).unwrap();
            self.next += 1;
            let sent = batch.len();
            let asked = Instant::now();
            self.streams.first().unwrap().write_all(batch).unwrap();
            self.receive(0, sent);
            times.push(asked.elapsed().as_secs_f64() * 1e6);
        }
        super::median(times)
    }

    fn receive(&mut self, at: usize, sent: usize) {
        let (mut filled, mut seen, mut start) = (0, 0, 0);
        loop {
            let room = self.buffer.get_mut(filled..).unwrap();
            let read = self.streams.get(at).unwrap().read(room).unwrap();
            assert!(read > 0, "the server closed the connection");
            filled += read;
            match self.answers {
                Answers::Echo if filled == sent => return,
                Answers::Echo => {}
                Answers::Frames => {
                    while let Some((frame, rest)) =
                        Frame::split(self.buffer.get(start..filled).unwrap()).unwrap()
                    {
                        assert_eq!(Status::from_code(frame.header.flags_or_status), Status::Ok);
                        assert!(matches!(codec::decode::<Verdict<'_>>(frame.body), Ok(Verdict::Valid(_))));
                        start = filled - rest.len();
                        seen += 1;
                    }
                    if seen == self.shape.depth {
                        return;
                    }
                }
            }
        }
    }
}

fn batch(keys: &[ApiKey], operation: Option<Operation<'_>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (id, key) in (1..).zip(keys) {
        let request = Validate::new(key.id(), key.digest()).operation(operation);
        append_request(&mut bytes, Opcode::Validate, id, &request).unwrap();
    }
    bytes
}
