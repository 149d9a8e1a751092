//! clamd's protocol (clamd(8)), so that whatever asks a virus scanner can ask this instead.
//!
//! PING, VERSION, VERSIONCOMMANDS, STATS, INSTREAM and FILDES are answered, also in a session
//! (IDSESSION, END). Commands that name a path (SCAN and its kin) are refused: a caller could have
//! files read that it may not read itself.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::timeout;

use super::audit;
use super::clamd_wire::{Closed, Wire};
use super::options::OnFault;
use super::problem::Problem;
use super::request::RequestId;
use super::screen::screen;
use super::share::Share;
use super::shared::Shared;
use super::station::Photo;
use crate::photo::{FailureKind, read_stream};
use crate::record::Record;
use crate::verdict::Decision;

pub(super) use super::clamd_wire::Stream;

const COMMANDS: &str = "PING VERSION VERSIONCOMMANDS STATS INSTREAM FILDES IDSESSION END";

/// What follows an answer.
enum Next {
    /// Nothing: the connection is closed.
    Close,
    /// More commands, as in a session.
    Session,
}

/// Answers one connection.
pub(super) async fn speak(stream: Stream, shared: Arc<Shared>, busy: Arc<AtomicBool>) {
    let mut spoken = Spoken {
        wire: Wire::new(stream, shared.options.header_timeout),
        shared,
        busy,
        session: None,
    };
    loop {
        match spoken.one().await {
            Ok(Next::Session) => {}
            Ok(Next::Close) | Err(Closed) => return,
        }
    }
}

struct Spoken {
    wire: Wire,
    shared: Arc<Shared>,
    busy: Arc<AtomicBool>,
    /// Number of the last command of a session.
    session: Option<u64>,
}

impl Spoken {
    async fn one(&mut self) -> Result<Next, Closed> {
        let command = self.wire.command().await?;
        self.shared.metrics.clamd.fetch_add(1, Ordering::Relaxed);
        if self.shared.is_closing() {
            return Ok(Next::Close);
        }
        if let Some(number) = &mut self.session {
            *number += 1;
        }
        let answer = match command.as_str() {
            "IDSESSION" => {
                self.session = Some(0);
                return Ok(Next::Session);
            }
            "END" => return Ok(Next::Close),
            "PING" => "PONG".to_owned(),
            "VERSION" => self.version(),
            "VERSIONCOMMANDS" => format!("{} | COMMANDS: {COMMANDS}", self.version()),
            "STATS" => self.stats(),
            "INSTREAM" => self.stream().await?,
            "FILDES" => self.descriptor().await?,
            _ => refused(&command),
        };
        self.say(&answer).await?;
        Ok(match self.session {
            Some(_) => Next::Session,
            None => Next::Close,
        })
    }

    async fn say(&mut self, answer: &str) -> Result<(), Closed> {
        match self.session {
            Some(number) => self.wire.say(&format!("{number}: {answer}")).await,
            None => self.wire.say(answer).await,
        }
    }

    fn version(&self) -> String {
        let (loaded, _) = self.shared.engines.current();
        let stamp = loaded.engine.stamp();
        let version = env!("CARGO_PKG_VERSION");
        format!("faunalens {version}/{} {}", stamp.name, stamp.version)
    }

    fn stats(&self) -> String {
        let (waiting, busy) = self.shared.queue.load();
        let workers = self.shared.options.workers;
        let idle = workers.saturating_sub(busy);
        format!(
            "POOLS: 1\n\nSTATE: VALID PRIMARY\nTHREADS: live {busy}  idle {idle} max {workers} \
             idle-timeout 30\nQUEUE: {waiting} items\n\tSTATS 0.0\n\nMEMSTATS: heap N/A mmap N/A \
             used N/A free N/A releasable N/A pools 0 pools_used 0 pools_total 0\nEND"
        )
    }

    /// A picture in chunks, each with its length before it.
    async fn stream(&mut self) -> Result<String, Closed> {
        let limit = self.shared.options.max_bytes;
        let mut bytes = Vec::new();
        let mut share = Share::of(&self.shared.bodies);
        let receive = async {
            loop {
                let length = self.wire.length().await?;
                if length == 0 {
                    return Ok(None);
                }
                if bytes.len() as u64 + u64::from(length) > limit {
                    return Ok(Some("INSTREAM size limit exceeded. ERROR"));
                }
                if !share.grow(u64::from(length)) {
                    return Ok(Some("busy, ask again. ERROR"));
                }
                self.wire.bytes(length as usize, &mut bytes).await?;
            }
        };
        let received = timeout(self.shared.options.body_timeout, receive).await;
        if let Some(error) = received.map_err(|_| Closed)?? {
            self.say(error).await?;
            self.wire.leave().await;
            return Err(Closed); // what still comes is no command
        }
        Ok(self.screened("stream", bytes).await)
    }

    /// A file that the caller has opened.
    async fn descriptor(&mut self) -> Result<String, Closed> {
        let descriptor = match self.wire.descriptor().await? {
            Some(descriptor) => descriptor,
            None => return Ok("No file descriptor received. ERROR".into()),
        };
        let shared = Arc::clone(&self.shared);
        let read = tokio::task::spawn_blocking(move || read_descriptor(descriptor, &shared));
        match read.await {
            Ok(Ok((bytes, _share))) => Ok(self.screened("fd[10]", bytes).await),
            Ok(Err(error)) => Ok(format!("fd[10]: {error} ERROR")),
            Err(_) => Ok("fd[10]: cannot be read ERROR".into()),
        }
    }

    async fn screened(&mut self, name: &str, bytes: Vec<u8>) -> String {
        if bytes.is_empty() {
            return format!("{name}: OK");
        }
        self.busy.store(true, Ordering::Release);
        let photo = Photo {
            file: "-".into(),
            bytes,
            ..Photo::default()
        };
        let screened = screen(&self.shared, photo).await;
        self.busy.store(false, Ordering::Release);
        match screened {
            Ok(screened) => {
                audit::decision(&self.shared, &RequestId::new().0, "clamd", &screened.record);
                let options = &self.shared.options;
                match finding(&screened.record, options.reject_at, options.on_fault) {
                    Some(finding) => format!("{name}: {finding} FOUND"),
                    None => format!("{name}: OK"),
                }
            }
            Err(Problem { message, .. }) => format!("{name}: {message} ERROR"),
        }
    }
}

fn refused(command: &str) -> String {
    let word = command.split_whitespace().next().unwrap_or_default();
    match word {
        "SCAN" | "RAWSCAN" | "CONTSCAN" | "MULTISCAN" | "ALLMATCHSCAN" => {
            let path = command[word.len()..].trim();
            format!("{path}: {word} is refused: send the file by INSTREAM or FILDES. ERROR")
        }
        _ => "UNKNOWN COMMAND".into(),
    }
}

fn read_descriptor(descriptor: OwnedFd, shared: &Shared) -> Result<(Vec<u8>, Share), String> {
    let file = File::from(descriptor);
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("not a regular file.".into());
    }
    let (loaded, _) = shared.engines.current();
    let limits = loaded
        .engine
        .limits()
        .with_max_bytes(shared.options.max_bytes);
    if metadata.len() > limits.max_bytes {
        return Err("size limit exceeded.".into());
    }
    let mut share = Share::of(&shared.bodies);
    if !share.grow(metadata.len()) {
        return Err("busy, ask again.".into());
    }
    let bytes = read_stream(file, &limits).map_err(|error| error.to_string())?;
    Ok((bytes, share))
}

/// What a record finds, such as `Faunalens.RhinoHorn.Flag`. What is no picture is clean: mail and
/// uploads hold much else.
fn finding(record: &Record, reject_at: Decision, on_fault: OnFault) -> Option<String> {
    let Some(decision) = record.decision else {
        let kind = record.error.as_ref().map(|error| error.kind);
        let held = on_fault == OnFault::Hold && kind != Some(FailureKind::Unsupported);
        return held.then(|| "Faunalens.Unreadable".into());
    };
    if decision < reject_at || decision == Decision::Clear {
        return None;
    }
    let raised = record.raised();
    let name = raised.first().map_or("match", |label| *label);
    let (name, decision) = (camel_case(name), camel_case(decision.name()));
    Some(format!("Faunalens.{name}.{decision}"))
}

/// `RhinoHorn` of `rhino_horn`.
fn camel_case(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric());
    words
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters.collect::<Vec<_>>())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Failure;

    #[test]
    fn findings_are_named_by_label_and_decision() {
        let mut record = Record::new("-".into());
        record.decision = Some(Decision::Review);
        let found = |record: &Record, at| finding(record, at, OnFault::Hold);
        assert_eq!(
            found(&record, Decision::Review).as_deref(),
            Some("Faunalens.Match.Review")
        );
        assert_eq!(found(&record, Decision::Flag), None);
        record.decision = Some(Decision::Clear);
        assert_eq!(found(&record, Decision::Review), None);
        assert_eq!(camel_case("rhino_horn"), "RhinoHorn");
    }

    #[test]
    fn what_is_no_picture_is_clean_and_a_damaged_one_as_told() {
        let mut record = Record::new("-".into());
        let failure = |kind| Failure {
            kind,
            message: String::new(),
        };
        record.fail(failure(FailureKind::Unsupported));
        assert_eq!(finding(&record, Decision::Review, OnFault::Hold), None);
        record.fail(failure(FailureKind::Corrupt));
        let held = finding(&record, Decision::Review, OnFault::Hold);
        assert_eq!(held.as_deref(), Some("Faunalens.Unreadable"));
        assert_eq!(finding(&record, Decision::Review, OnFault::Pass), None);
    }
}
