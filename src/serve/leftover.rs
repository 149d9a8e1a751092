//! What is left of a body when its request is answered before all of it was read.
//!
//! A connection that is closed with bytes unread is reset, and a caller that is still sending
//! never hears why it was refused.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};

/// Longest time that a caller who was refused may go on sending.
const PATIENCE: Duration = Duration::from_secs(5);

/// A body that is read by a handler, and afterwards by who answers.
#[derive(Debug, Clone)]
pub(super) struct Leftover(Arc<Mutex<Body>>);

impl Leftover {
    /// The same request, whose body can be read on after its handler has gone.
    pub(super) fn of(request: Request) -> (Request, Self) {
        let (head, body) = request.into_parts();
        let body = Self(Arc::new(Mutex::new(body)));
        (Request::from_parts(head, Body::new(body.clone())), body)
    }

    /// Reads on, up to so many bytes, and for some seconds.
    pub(super) async fn drain(mut self, most: u64) {
        let drained = async {
            let mut bytes = 0;
            while bytes <= most && !self.is_end_stream() {
                let Some(Ok(frame)) = self.frame().await else {
                    return;
                };
                bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
        };
        let _ = tokio::time::timeout(PATIENCE, drained).await;
    }

    fn with<T>(&self, act: impl FnOnce(Pin<&mut Body>) -> T) -> T {
        act(Pin::new(
            &mut self.0.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

impl HttpBody for Leftover {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(|body| body.poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.with(|body| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|body| body.size_hint())
    }
}
