//! The sockets that a service listens at: those it was handed, addresses, and paths.

use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use listenfd::ListenFd;
use tokio::net::{TcpListener, UnixListener};

use super::error::ServeError;
use super::options::Place;

/// One socket.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(
        UnixListener,
        #[expect(dead_code, reason = "goes with the listener")] Option<Left>,
    ),
}

/// A socket's file, which goes with it.
#[derive(Debug)]
pub(super) struct Left(PathBuf);

impl Drop for Left {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Listener {
    /// Opens a socket at a place.
    pub(super) async fn open(place: &Place) -> Result<Self, ServeError> {
        match place {
            Place::Address(address) => {
                let listener = TcpListener::bind(address).await;
                listener
                    .map(Self::Tcp)
                    .map_err(|source| ServeError::Listen {
                        place: address.to_string(),
                        source,
                    })
            }
            Place::Path(path) => {
                clear(path)?;
                let listener = UnixListener::bind(path).map_err(|source| ServeError::Listen {
                    place: path.display().to_string(),
                    source,
                })?;
                Ok(Self::Unix(listener, Some(Left(path.clone()))))
            }
        }
    }

    /// The sockets that the process was handed when it was started (`LISTEN_FDS`).
    pub(super) fn handed() -> Result<Vec<Self>, ServeError> {
        let mut handed = ListenFd::from_env();
        let mut listeners = Vec::new();
        for place in 0..handed.len() {
            let listener = Self::take(&mut handed, place);
            let listener = listener.map_err(|source| ServeError::Listen {
                place: format!("socket {place} of those handed over"),
                source,
            })?;
            listeners.extend(listener);
        }
        Ok(listeners)
    }

    fn take(handed: &mut ListenFd, place: usize) -> std::io::Result<Option<Self>> {
        // Asking for the wrong kind is an error that leaves the socket where it is.
        if let Ok(Some(listener)) = handed.take_unix_listener(place) {
            listener.set_nonblocking(true)?;
            return Ok(Some(Self::Unix(UnixListener::from_std(listener)?, None)));
        }
        let Some(listener) = handed.take_tcp_listener(place)? else {
            return Ok(None);
        };
        listener.set_nonblocking(true)?;
        Ok(Some(Self::Tcp(TcpListener::from_std(listener)?)))
    }

    /// Where it listens, in words that a client takes.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => format!("http://{address}"),
                Err(error) => error.to_string(),
            },
            Self::Unix(listener, _) => {
                let address = listener.local_addr().ok();
                let path = address.and_then(|address| address.as_pathname().map(Path::to_owned));
                path.map_or_else(|| "a socket".into(), |path| path.display().to_string())
            }
        }
    }

    /// Whether others than this machine may reach it.
    pub(super) fn is_open_to_others(&self) -> bool {
        match self {
            Self::Tcp(listener) => {
                let address: Option<SocketAddr> = listener.local_addr().ok();
                address.is_none_or(|address| !address.ip().is_loopback())
            }
            Self::Unix(..) => false,
        }
    }
}

/// Removes a socket that nobody listens at any more.
fn clear(path: &Path) -> Result<(), ServeError> {
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !metadata.file_type().is_socket() {
        return Err(ServeError::NoSocket(path.into()));
    }
    let failed = |source| ServeError::Listen {
        place: path.display().to_string(),
        source,
    };
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(failed(std::io::ErrorKind::AddrInUse.into()));
    }
    std::fs::remove_file(path).map_err(failed)
}
