//! Bytes and descriptors of a connection that speaks clamd's protocol.

use std::collections::VecDeque;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

/// Longest command, in bytes: a path is the longest part of one.
const COMMAND: usize = 8192;
/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;
/// Descriptors that are kept for commands to come.
const DESCRIPTORS: usize = 4;

/// The connection is over: closed by the other side, too slow, or out of step.
#[derive(Debug)]
pub(super) struct Closed;

/// A connection.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A connection with what has arrived on it.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    arrived: Vec<u8>,
    descriptors: VecDeque<OwnedFd>,
    patience: Duration,
    /// What ends commands and answers.
    end: u8,
}

impl Wire {
    pub(super) fn new(stream: Stream, patience: Duration) -> Self {
        Self {
            stream,
            arrived: Vec::new(),
            descriptors: VecDeque::new(),
            patience,
            end: b'\n',
        }
    }

    /// Waits for more bytes.
    async fn fill(&mut self) -> Result<(), Closed> {
        let filled = timeout(self.patience, async {
            match &mut self.stream {
                Stream::Tcp(stream) => {
                    self.arrived.reserve(CHUNK);
                    stream.read_buf(&mut self.arrived).await
                }
                Stream::Unix(stream) => {
                    receive(stream, &mut self.arrived, &mut self.descriptors).await
                }
            }
        });
        match filled.await {
            Ok(Ok(1..)) => Ok(()),
            _ => Err(Closed),
        }
    }

    /// The next command, without what ends it: `zPING\0`, `nPING\n`, or plainly `PING\n`.
    pub(super) async fn command(&mut self) -> Result<String, Closed> {
        loop {
            // A descriptor comes with a byte of its own, which is no command.
            let blank = |byte: &u8| matches!(byte, 0 | b'\n' | b'\r');
            let blanks = self.arrived.iter().take_while(|byte| blank(byte)).count();
            self.arrived.drain(..blanks);
            let (skipped, end) = match self.arrived.first() {
                Some(b'z') => (1, 0),
                Some(b'n') => (1, b'\n'),
                _ => (0, b'\n'),
            };
            if let Some(length) = self.arrived.iter().position(|&byte| byte == end) {
                let command: Vec<u8> = self.arrived.drain(..=length).collect();
                self.end = end;
                let command = String::from_utf8_lossy(&command[skipped..length]);
                return Ok(command.trim_end_matches('\r').to_owned());
            }
            if self.arrived.len() > COMMAND {
                return Err(Closed);
            }
            self.fill().await?;
        }
    }

    /// The length of a chunk.
    pub(super) async fn length(&mut self) -> Result<u32, Closed> {
        while self.arrived.len() < 4 {
            self.fill().await?;
        }
        let length: Vec<u8> = self.arrived.drain(..4).collect();
        let length = length.try_into().map_err(|_| Closed)?;
        Ok(u32::from_be_bytes(length))
    }

    /// So many bytes, put behind those that `out` has.
    pub(super) async fn bytes(&mut self, count: usize, out: &mut Vec<u8>) -> Result<(), Closed> {
        let mut missing = count;
        loop {
            let here = missing.min(self.arrived.len());
            out.extend(self.arrived.drain(..here));
            missing -= here;
            if missing == 0 {
                return Ok(());
            }
            self.fill().await?;
        }
    }

    /// A descriptor that was passed; `None` where the connection cannot pass any.
    pub(super) async fn descriptor(&mut self) -> Result<Option<OwnedFd>, Closed> {
        if matches!(self.stream, Stream::Tcp(_)) {
            return Ok(None);
        }
        loop {
            if let Some(descriptor) = self.descriptors.pop_front() {
                return Ok(Some(descriptor));
            }
            self.fill().await?;
        }
    }

    /// Ends the connection after the last answer, and reads on for as long as it waits for a
    /// command. One that is closed with bytes unread is reset, and a caller that is
    /// still sending never hears why it was refused.
    pub(super) async fn leave(&mut self) {
        let patience = self.patience;
        let left = async {
            let ended = match &mut self.stream {
                Stream::Tcp(stream) => stream.shutdown().await,
                Stream::Unix(stream) => stream.shutdown().await,
            };
            while ended.is_ok() && self.fill().await.is_ok() {
                self.arrived.clear();
                self.descriptors.clear();
            }
        };
        let _ = timeout(patience, left).await;
    }

    /// Sends an answer.
    pub(super) async fn say(&mut self, answer: &str) -> Result<(), Closed> {
        let mut bytes = answer.as_bytes().to_vec();
        bytes.push(self.end);
        let sent = timeout(self.patience, async {
            match &mut self.stream {
                Stream::Tcp(stream) => stream.write_all(&bytes).await,
                Stream::Unix(stream) => stream.write_all(&bytes).await,
            }
        });
        match sent.await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Closed),
        }
    }
}

async fn receive(
    stream: &UnixStream,
    arrived: &mut Vec<u8>,
    descriptors: &mut VecDeque<OwnedFd>,
) -> std::io::Result<usize> {
    let mut bytes = vec![0; CHUNK];
    loop {
        stream.readable().await?;
        let received = stream.try_io(Interest::READABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
            let mut ancillary = RecvAncillaryBuffer::new(&mut space);
            let mut slices = [IoSliceMut::new(&mut bytes)];
            let flags = RecvFlags::CMSG_CLOEXEC;
            let message = recvmsg(stream, &mut slices, &mut ancillary, flags)?;
            for received in ancillary.drain() {
                if let RecvAncillaryMessage::ScmRights(passed) = received {
                    descriptors.extend(passed);
                }
            }
            Ok(message.bytes)
        });
        match received {
            Ok(count) => {
                // A caller that passes more than it asks about has the rest closed.
                descriptors.truncate(DESCRIPTORS);
                arrived.extend_from_slice(&bytes[..count]);
                return Ok(count);
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
