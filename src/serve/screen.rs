//! One photo to its record: through a worker, and where it is to be remembered, the writer.

use super::giants::lane;
use super::problem::Problem;
use super::shared::Shared;
use super::station::{Checked, Photo};
use crate::record::Record;

/// A record, and the packed files that were searched for it.
pub(super) struct Screened {
    pub(super) record: Box<Record>,
    pub(super) generation: Option<String>,
}

/// Takes one photo the whole way. What is to be remembered is durable when this returns.
pub(super) async fn screen(shared: &Shared, photo: Photo) -> Result<Screened, Problem> {
    let lane = lane(&photo.bytes);
    let checked = shared
        .ask(lane, move |station| station.check(photo))
        .await?;
    let checked = checked.map_err(|error| Problem::internal(error.to_string()))?;
    let examined = match checked {
        Checked::Done(record, generation) => return Ok(Screened { record, generation }),
        Checked::ToRemember(examined) => examined,
    };
    let busy = || Problem::busy("too many pictures wait to be remembered; ask again");
    let writer = shared.writer.as_ref();
    let writer = writer.ok_or_else(|| Problem::bad_request("there is no index to remember in"))?;
    let policy = shared.engines.current().0.policy.clone();
    let durable = writer.remember(examined, policy).ok_or_else(busy)?;
    match tokio::time::timeout(shared.options.deadline, durable).await {
        Ok(Ok(Ok((record, generation)))) => Ok(Screened { record, generation }),
        Ok(Ok(Err(error))) => Err(Problem::busy(format!(
            "it could not be remembered: {error}"
        ))),
        Ok(Err(_)) => Err(Problem::internal("it could not be remembered")),
        Err(_) => Err(Problem::busy(
            "not remembered before its deadline; ask again",
        )),
    }
}
