//! What a service is told when it starts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::allowed::AllowedHost;
use crate::pipeline::Search;
use crate::verdict::Decision;

/// Where a service listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// TCP.
    Address(SocketAddr),
    /// A Unix socket, which is made, and replaced where it is left over.
    Path(PathBuf),
}

/// What a hook answers when there is no decision: the service is busy, the picture cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFault {
    /// Let the upload pass.
    Pass,
    /// Hold it for a person.
    Hold,
}

/// What a service is told when it starts.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Where HTTP is spoken; sockets that the process was handed are used instead, where there
    /// are any.
    pub http: Vec<Place>,
    /// Where clamd's protocol is spoken.
    pub clamd: Vec<Place>,
    /// The index that photos are matched with and remembered in.
    pub index: Option<PathBuf>,
    /// How the index is searched.
    pub search: Search,
    /// The program whose `index pack --due` is run when much was added to the index; without it nobody
    /// packs for the service, whose searches get slower as more is added.
    pub packer: Option<PathBuf>,
    /// Workers, each with a session of its own; at least 2, so that a giant never holds all.
    pub workers: usize,
    /// Photos that may wait beside those in work; what is beyond is refused at once.
    pub queue: usize,
    /// Longest time from a request's last byte to its answer.
    pub deadline: Duration,
    /// Longest time for the head of a request, and between two requests of a connection.
    pub header_timeout: Duration,
    /// Longest time for the body of a request.
    pub body_timeout: Duration,
    /// Longest time that requests in hand are waited for at the end.
    pub drain: Duration,
    /// Connections held at once; beyond it the one that waits longest gives way.
    pub connections: usize,
    /// Largest body of one photo, in bytes.
    pub max_bytes: u64,
    /// Most photos in one batch.
    pub max_parts: usize,
    /// Bytes of all bodies held at once.
    pub max_bytes_in_hand: u64,
    /// The decision from which a hook holds an upload, and clamd's clients hear of a finding.
    pub reject_at: Decision,
    /// What a hook answers when there is no decision.
    pub on_fault: OnFault,
    /// File with the token that reads need.
    pub token_file: Option<PathBuf>,
    /// File with the token that writes need; it reads too.
    pub write_token_file: Option<PathBuf>,
    /// Hosts that pictures are fetched from where a caller of HMA's dialect names an address;
    /// without any, nothing is fetched.
    pub allow_hosts: Vec<AllowedHost>,
    /// Age from which the index counts as stale.
    pub stale_after: Duration,
}

impl Options {
    /// Two workers or one per core, a queue of six per worker, 10 seconds for a request, 1,024
    /// connections; nothing is listened at yet.
    #[must_use]
    pub fn new(workers: usize, max_bytes: u64) -> Self {
        let workers = workers.max(2);
        Self {
            http: Vec::new(),
            clamd: Vec::new(),
            index: None,
            search: Search::default(),
            packer: None,
            workers,
            queue: 6 * workers,
            deadline: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(30),
            connections: 1024,
            max_bytes,
            max_parts: 64,
            max_bytes_in_hand: 256 << 20,
            reject_at: Decision::Review,
            on_fault: OnFault::Pass,
            token_file: None,
            write_token_file: None,
            allow_hosts: Vec::new(),
            stale_after: Duration::from_secs(30),
        }
    }
}
