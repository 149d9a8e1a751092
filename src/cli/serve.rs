//! `faunalens serve`: the engine stays awake.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use faunalens::serve::{AllowedHost, Load, Loaded, OnFault, Options, Place, serve};
use faunalens::verdict::Decision;
use tracing_subscriber::EnvFilter;

use super::console::tell;
use super::memory::MemoryOptions;
use super::settings::{Judging, Settings, cores, prepare_process};

/// Answer over HTTP and clamd's protocol, without starting anew for each photo
///
/// Listens on this machine alone unless told otherwise; TLS is left to a proxy. SIGTERM answers
/// what is in hand and stops, SIGHUP takes up another bundle, policy and tokens. Logs go to
/// standard error; RUST_LOG says of what (such as `warn,faunalens::audit=info`).
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Serve {
    /// Address to listen at; may be repeated [default: 127.0.0.1:7311, without --unix]
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<SocketAddr>,

    /// Unix socket to listen at; may be repeated
    #[arg(long, value_name = "PATH")]
    unix: Vec<PathBuf>,

    /// Where to speak clamd's protocol: an address or the path of a socket; may be repeated
    #[arg(long, value_name = "PLACE", value_parser = place)]
    clamd: Vec<Place>,

    /// Workers, each with a session of its own [default: one per core, at least 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,

    /// Photos that may wait for a worker; what is beyond hears 503 at once [default: 6 per worker]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    queue: Option<u32>,

    /// Longest time for one photo, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    deadline: Duration,

    /// Longest time for a request's head, and between two requests, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    header_timeout: Duration,

    /// Longest time for a request's body, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    body_timeout: Duration,

    /// Longest time that requests in hand are waited for at the end, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    drain: Duration,

    /// Connections held at once
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections: u32,

    /// Most photos in one batch
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    max_parts: u32,

    /// Decision from which /v1/hook holds an upload, and clamd's clients hear of a finding
    #[arg(long, value_name = "DECISION", value_enum, default_value_t = RejectAt::Review)]
    reject_at: RejectAt,

    /// What /v1/hook answers where there is no decision: the service is busy, the picture damaged
    #[arg(long, value_name = "ANSWER", value_enum, default_value_t = Fault::Pass)]
    on_fault: Fault,

    /// File with the token that callers need
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// File with the token that callers need who have photos remembered
    #[arg(long, value_name = "FILE")]
    write_token_file: Option<PathBuf>,

    /// Host that pictures are fetched from where HMA's dialect names an address, such as
    /// cdn.example.org, *.example.org or 192.0.2.7:8080; may be repeated [default: none]
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<AllowedHost>,

    /// Age in seconds from which an index that cannot be read makes /readyz say no
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    stale_after: Duration,

    /// Form of the logs
    #[arg(long, value_name = "FORM", value_enum, default_value_t = LogForm::Text)]
    log: LogForm,

    /// Log more: connections and what ends them; twice for everything
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,

    #[command(flatten)]
    judging: Judging,

    #[command(flatten)]
    memory: MemoryOptions,
}

const EXAMPLES: &str = "\
Examples:
  faunalens serve                                          on 127.0.0.1:7311; see /docs there
  faunalens serve --unix /run/faunalens/http.sock --index seen/ --policy policy.toml
  faunalens serve --clamd /run/faunalens/clamd.sock --reject-at flag
  faunalens serve --listen 0.0.0.0:7311 --token-file token --write-token-file write-token
  faunalens serve --allow-host cdn.example.org             HMA's ?url= of that host alone
  curl --data-binary @photo.jpg http://127.0.0.1:7311/v1/check
  faunalens check --server http://127.0.0.1:7311 photo.jpg

Exit status:
  0  stopped as told
  2  wrong use or configuration";

/// A decision that holds an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RejectAt {
    /// A person should look
    Review,
    /// A person should look first
    Flag,
}

/// What a hook answers without a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Fault {
    /// Let the upload pass
    Pass,
    /// Hold it
    Hold,
}

/// Form of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogForm {
    /// Lines for people
    Text,
    /// A JSON object per line
    Json,
}

impl Serve {
    pub(super) fn run(&self, settings: &Settings) -> anyhow::Result<ExitCode> {
        // May start the program again, so it comes before anything is opened.
        prepare_process();
        self.start_logs();
        let runtime = settings.runtime()?;
        let (judging, memory) = (self.judging.clone(), self.memory.clone());
        let options = self.options(settings.limits().max_bytes);
        let settings = settings.clone();
        let load: Load = Box::new(move || {
            let engine = judging.engine_on(runtime.clone(), &settings);
            let engine = engine.map_err(|error| format!("{error:#}"))?;
            let policy = memory.policy().map_err(|error| format!("{error:#}"))?;
            Ok(Loaded { engine, policy })
        });
        serve(options, load, |places| {
            for place in places {
                tell(format!("faunalens: listening at {place}"));
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }

    fn options(&self, max_bytes: u64) -> Options {
        let workers = self.workers.map_or_else(cores, usize::from);
        let mut options = Options::new(workers, max_bytes);
        options.http = self.listen.iter().copied().map(Place::Address).collect();
        options
            .http
            .extend(self.unix.iter().cloned().map(Place::Path));
        if options.http.is_empty() {
            options
                .http
                .push(Place::Address(SocketAddr::from(([127, 0, 0, 1], 7311))));
        }
        options.clamd.clone_from(&self.clamd);
        options.index = self.memory.folder();
        options.search = self.memory.search();
        options.packer = std::env::current_exe().ok();
        if let Some(queue) = self.queue {
            options.queue = queue as usize;
        }
        options.deadline = self.deadline;
        options.header_timeout = self.header_timeout;
        options.body_timeout = self.body_timeout;
        options.drain = self.drain;
        options.connections = self.connections as usize;
        options.max_parts = self.max_parts as usize;
        options.reject_at = match self.reject_at {
            RejectAt::Review => Decision::Review,
            RejectAt::Flag => Decision::Flag,
        };
        options.on_fault = match self.on_fault {
            Fault::Pass => OnFault::Pass,
            Fault::Hold => OnFault::Hold,
        };
        options.token_file.clone_from(&self.token_file);
        options.write_token_file.clone_from(&self.write_token_file);
        options.allow_hosts.clone_from(&self.allow_host);
        options.stale_after = self.stale_after;
        options
    }

    fn start_logs(&self) {
        let default = match self.verbose {
            0 => "info",
            1 => "debug",
            _ => "trace",
        };
        let filter = EnvFilter::try_from_default_env();
        let filter = filter.unwrap_or_else(|_| EnvFilter::new(default));
        let logs = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
        match self.log {
            LogForm::Text => logs.init(),
            LogForm::Json => logs.json().flatten_event(true).init(),
        }
    }
}

fn place(text: &str) -> Result<Place, String> {
    match text.parse() {
        Ok(address) => Ok(Place::Address(address)),
        Err(_) if text.contains('/') => Ok(Place::Path(text.into())),
        Err(_) => Err("an address such as 127.0.0.1:3310, or a path with a slash in it".into()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok();
    let seconds = seconds.filter(|seconds| (0.001..=86_400.0).contains(seconds));
    let seconds = seconds.ok_or("seconds, from 0.001 to 86400")?;
    Ok(Duration::from_secs_f64(seconds))
}
