//! Long calls: those that read much, a few at a time; whoever stops the server waits until they have let go of the store.
//! Leaves ending them soon to the calls themselves, which ask the broker whether it closes.

use std::pin::Pin;
use std::sync::Arc;

use hedui_broker::BrokerError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

use crate::grpc::status::{refusal, status};

#[cfg(test)]
mod tests;

/// So many at once: each holds a thread while its reader is slow, and verifications need threads too.
const LONG_CALLS: u32 = 4;

/// The places of the long calls of all services.
#[derive(Clone, Debug)]
pub struct LongCalls(Arc<Semaphore>);

/// The place of one. To be given back last, after everything by which the call reads.
#[derive(Debug)]
pub struct LongCall {
    _held: OwnedSemaphorePermit,
}

/// All places free.
impl Default for LongCalls {
    fn default() -> LongCalls {
        LongCalls(Arc::new(Semaphore::new(LONG_CALLS as usize)))
    }
}

impl LongCalls {
    /// A place.
    ///
    /// Errors: `RESOURCE_EXHAUSTED`, `AUDIT_BUSY`.
    pub fn place(&self) -> Result<LongCall, Status> {
        match Arc::clone(&self.0).try_acquire_owned() {
            Ok(held) => Ok(LongCall { _held: held }),
            Err(_) => {
                let (zh, en) = (
                    "正在进行的长时间查询过多，请稍后再试",
                    "too many long calls are under way; try again shortly",
                );
                Err(refusal(Code::ResourceExhausted, "AUDIT_BUSY", en, zh))
            }
        }
    }

    /// Waits until every place has been given back. None is given out after that.
    pub async fn ended(&self) {
        let all = self.0.acquire_many(LONG_CALLS).await;
        self.0.close();
        drop(all);
    }
}

/// What is streamed to a caller.
pub type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Runs long work on a thread beside the runtime's, so that it may read and reckon as long as it likes; what it sends is streamed.
pub fn beside<T, F>(work: impl FnOnce(mpsc::Sender<Result<T, Status>>) -> F + Send + 'static) -> Replies<T>
where
    T: Send + 'static,
    F: Future<Output = Result<(), Status>>,
{
    let (replies, receiver) = mpsc::channel(4);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        // Not the runtime's own way to wait, within which sending could not.
        let _within = runtime.enter();
        if let Err(failure) = futures::executor::block_on(work(replies.clone())) {
            // Whoever has gone away does not want to know.
            let _ = replies.blocking_send(Err(failure));
        }
    });
    Box::pin(ReceiverStream::new(receiver))
}

/// Says so where work was cut short by a server that stops.
pub fn whole(cut: bool) -> Result<(), Status> {
    if cut {
        Err(status(&BrokerError::ShuttingDown))
    } else {
        Ok(())
    }
}
