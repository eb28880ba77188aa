//! One long-lived stream of questions: whatever is queued is answered in one frame, at once or after a time to think.
//! Leaves HTTP/2 to `service` and the form of an answer to `answer`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures::Stream;
use tokio::time::{Duration, Instant, Sleep};
use tonic::{Status, Streaming};

use super::answer::{Trouble, put, put_failure};
use super::scan::{self, Question};
use super::{Department, Faults};
use crate::population::Dice;

/// A frame is sent when it has grown to this, even if more is queued: what HTTP/2 windows take at once.
const FULL_FRAME_BYTES: usize = 256 * 1024;
/// Questions that a stream thinks about at once; more are answered without thinking.
const MAX_WAITING: usize = 1 << 16;

/// A question being thought about. Ordered by the time of its answer.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    due: Instant,
    id: u64,
    turn: usize,
    stranger: bool,
    query: Bytes,
}

/// The answers of one stream.
pub(super) struct Answers {
    questions: Streaming<Bytes>,
    ended: bool,
    department: Arc<Department>,
    dice: Dice,
    turn: usize,
    waiting: BinaryHeap<Reverse<Waiting>>,
    sleep: Pin<Box<Sleep>>,
    out: BytesMut,
}

impl Answers {
    pub(super) fn new(questions: Streaming<Bytes>, department: Arc<Department>, stream: u64) -> Answers {
        Answers {
            questions,
            ended: false,
            dice: Dice::seeded(department.seed, stream),
            department,
            turn: 0,
            waiting: BinaryHeap::new(),
            sleep: Box::pin(tokio::time::sleep(Duration::ZERO)),
            out: BytesMut::new(),
        }
    }

    fn take(&mut self, frame: &Bytes) -> Result<(), Status> {
        let mut questions = Vec::new();
        let mut cancelled = Vec::new();
        let read = scan::frame(frame, |question| questions.push(question), |id| cancelled.push(id));
        read.map_err(|_| Status::invalid_argument("the frame is no QueryStreamRequest"))?;
        for question in questions {
            self.answer(question)?;
        }
        if !cancelled.is_empty() && !self.waiting.is_empty() {
            self.waiting.retain(|Reverse(waiting)| !cancelled.contains(&waiting.id));
        }
        Ok(())
    }

    fn answer(&mut self, question: Question) -> Result<(), Status> {
        self.turn += 1;
        let trouble = self.department.faults.draw(&mut self.dice);
        match trouble {
            Trouble::Silence => return Ok(()),
            Trouble::Failure => {
                put_failure(&mut self.out, question.id, &self.department.failure);
                return Ok(());
            }
            Trouble::None | Trouble::Stranger => {}
        }
        let stranger = trouble == Trouble::Stranger;
        match self.department.think_ms {
            Some((low, high)) if self.waiting.len() < MAX_WAITING => {
                let micros = self.dice.range(i64::from(low) * 1000, i64::from(high) * 1000);
                let due = Instant::now() + Duration::from_micros(u64::try_from(micros).unwrap_or(0));
                let (id, query, turn) = (question.id, question.query, self.turn);
                self.waiting.push(Reverse(Waiting {
                    due,
                    id,
                    turn,
                    stranger,
                    query,
                }));
                Ok(())
            }
            _ => self.write(question.id, &question.query, self.turn, stranger),
        }
    }

    fn write(&mut self, id: u64, query: &[u8], turn: usize, stranger: bool) -> Result<(), Status> {
        put(&mut self.out, Some(id), query, &self.department.bodies, turn, stranger)
            .map_err(|_| Status::invalid_argument("a question is no QueryRequest, or has too many subjects"))
    }

    /// Answers everything that has been thought about long enough.
    fn write_due(&mut self) -> Result<(), Status> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let now = Instant::now();
        while self.out.len() < FULL_FRAME_BYTES
            && self.waiting.peek().is_some_and(|Reverse(first)| first.due <= now)
            && let Some(Reverse(first)) = self.waiting.pop()
        {
            self.write(first.id, &first.query, first.turn, first.stranger)?;
        }
        Ok(())
    }
}

impl Stream for Answers {
    type Item = Result<Bytes, Status>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            while !this.ended && this.out.len() < FULL_FRAME_BYTES {
                match Pin::new(&mut this.questions).poll_next(cx) {
                    Poll::Ready(Some(Ok(frame))) => {
                        if let Err(status) = this.take(&frame) {
                            this.ended = true;
                            return Poll::Ready(Some(Err(status)));
                        }
                    }
                    Poll::Ready(_) => this.ended = true,
                    Poll::Pending => break,
                }
            }
            if let Err(status) = this.write_due() {
                return Poll::Ready(Some(Err(status)));
            }
            if !this.out.is_empty() {
                return Poll::Ready(Some(Ok(this.out.split().freeze())));
            }
            let Some(Reverse(first)) = this.waiting.peek() else {
                return if this.ended { Poll::Ready(None) } else { Poll::Pending };
            };
            this.sleep.as_mut().reset(first.due);
            if this.sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl Faults {
    fn draw(&self, dice: &mut Dice) -> Trouble {
        let (fail, stranger, silent) = (
            i64::from(self.fail_permille),
            i64::from(self.stranger_permille),
            i64::from(self.silent_permille),
        );
        if fail + stranger + silent == 0 {
            return Trouble::None;
        }
        match dice.range(1, 1000) {
            n if n <= fail => Trouble::Failure,
            n if n <= fail + stranger => Trouble::Stranger,
            n if n <= fail + stranger + silent => Trouble::Silence,
            _ => Trouble::None,
        }
    }
}
