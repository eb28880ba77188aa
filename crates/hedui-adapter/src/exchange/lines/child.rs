//! The child process: started when asked, fed, read, and started again after a while when it dies.
//! Leaves what its lines mean to whoever asked.

mod process;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::super::most_json;
use super::super::scrub::scrubbed;
use super::{Order, Shared};
use crate::reason::Reason;
use process::Process;

/// How long it is left alone after it died, doubled each time that it answered nothing.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LAST_PAUSE: Duration = Duration::from_secs(30);
/// A line of its log beyond this is cut.
const MAX_LOG_LINE: u64 = 4_096;
/// How long a child that reads nothing may hold up the questions.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);
/// How long its last words are waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Questions under way; beyond them those that nobody waits for are forgotten.
const MAX_OPEN: usize = 4_096;

type Answers = HashMap<u64, oneshot::Sender<Result<Json, Reason>>>;

/// Keeps a child for as long as somebody may ask.
pub(super) async fn supervise(shared: Arc<Shared>, mut orders: mpsc::Receiver<Order>) {
    let mut pause = FIRST_PAUSE;
    while let Some(first) = orders.recv().await {
        let Order::Ask { .. } = first else { continue };
        let answered = match Process::start(&shared.program) {
            Ok(process) => converse(process, first, &shared, &mut orders).await,
            Err(kind) => {
                refuse(first, Reason::ConnectFailed);
                tracing::warn!(%kind, "the department's program cannot be started");
                false
            }
        };
        // One that answered begins anew; one that never did is left alone for longer each time.
        pause = if answered {
            FIRST_PAUSE
        } else {
            (pause * 2).min(LAST_PAUSE)
        };
        let until = Instant::now() + pause;
        // Nobody waits for a program that is left alone.
        while let Ok(order) = timeout_at(until, orders.recv()).await {
            match order {
                Some(order) => refuse(order, Reason::ConnectFailed),
                None => return,
            }
        }
    }
}

fn refuse(order: Order, reason: Reason) {
    if let Order::Ask { answer, .. } = order {
        // Whoever asked may have given up.
        let _ = answer.send(Err(reason));
    }
}

/// Feeds and reads a child until it ends; whether it ever answered.
async fn converse(process: Process, first: Order, shared: &Arc<Shared>, orders: &mut mpsc::Receiver<Order>) -> bool {
    let Process {
        guard,
        stdin,
        stdout,
        stderr,
    } = process;
    let mut log = tokio::task::JoinSet::new();
    log.spawn(keep_log(stderr, shared.clone()));
    let open = Open::default();
    let mut answered = false;
    // Both at once: a child that waits until its answer is read does not read the next question.
    let why = tokio::select! {
        () = feed(stdin, first, orders, &open) => Reason::ConnectionLost,
        why = read(stdout, shared, &open, &mut answered) => why,
    };
    tracing::warn!(
        open = open.count(),
        reason = why.word(),
        "the department's program ended"
    );
    open.fail(why);
    drop(guard);
    // What a program says when it dies tells why.
    let _ = timeout(LAST_WORDS, log.join_next()).await;
    answered
}

/// The questions under way.
#[derive(Default)]
struct Open(Mutex<Answers>);

impl Open {
    fn lock(&self) -> std::sync::MutexGuard<'_, Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a question, if there is room.
    fn put(&self, id: u64, answer: oneshot::Sender<Result<Json, Reason>>) -> bool {
        let mut open = self.lock();
        if open.len() >= MAX_OPEN {
            open.retain(|_, answer| !answer.is_closed());
        }
        if open.len() >= MAX_OPEN {
            let _ = answer.send(Err(Reason::Overloaded));
            return false;
        }
        open.insert(id, answer);
        true
    }

    fn take(&self, id: u64) -> Option<oneshot::Sender<Result<Json, Reason>>> {
        self.lock().remove(&id)
    }

    fn count(&self) -> usize {
        self.lock().len()
    }

    fn fail(&self, why: Reason) {
        for (_, answer) in self.lock().drain() {
            let _ = answer.send(Err(why));
        }
    }
}

/// Writes what is asked until nobody asks or the child reads no more.
async fn feed(mut stdin: ChildStdin, first: Order, orders: &mut mpsc::Receiver<Order>, open: &Open) {
    let mut next = Some(first);
    while let Some(order) = next {
        let line = match order {
            Order::Ask { id, line, answer } => open.put(id, answer).then_some(line),
            // One that was answered needs no cancelling.
            Order::Cancel(id) => open.take(id).map(|_| format!("{{\"id\":\"{id}\",\"cancel\":true}}\n")),
        };
        if let Some(line) = line {
            let written = async {
                stdin.write_all(line.as_bytes()).await?;
                stdin.flush().await
            };
            if !matches!(timeout(WRITE_PATIENCE, written).await, Ok(Ok(()))) {
                return;
            }
        }
        next = orders.recv().await;
    }
}

/// Reads answers until the child ends or breaks the protocol; why it ended.
async fn read(stdout: ChildStdout, shared: &Shared, open: &Open, answered: &mut bool) -> Reason {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        match read_line(&mut stdout, &mut line, most_json(shared.most)).await {
            Ok(true) => {
                match deliver(&line, open) {
                    Line::Awaited => *answered = true,
                    Line::Late => {}
                    // It harms nobody, but it may name somebody.
                    Line::Stray => shared.besides.hear(&line),
                }
                line.clear();
            }
            Ok(false) => return Reason::ConnectionLost,
            // Nobody can say whose answer it was, nor where the next begins.
            Err(why) => return why,
        }
    }
}

/// Reads up to the end of a line; false at the end of everything.
async fn read_line(from: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>, most: usize) -> Result<bool, Reason> {
    loop {
        let ready = from.fill_buf().await.map_err(|_| Reason::ConnectionLost)?;
        if ready.is_empty() {
            return Ok(false);
        }
        let end = ready.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(ready.len(), |end| end + 1);
        line.extend_from_slice(ready.get(..taken).unwrap_or_default());
        from.consume(taken);
        if line.len() > most {
            return Err(Reason::SourceTooLarge);
        }
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// What a line on the output is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// An answer that somebody waits for.
    Awaited,
    /// One that nobody waits for any more.
    Late,
    /// No answer at all.
    Stray,
}

/// Gives a line to whoever asked.
fn deliver(line: &[u8], open: &Open) -> Line {
    let Ok(json) = serde_json::from_slice::<Json>(line) else {
        return Line::Stray;
    };
    let id = match json.get("id") {
        Some(Json::String(text)) => text.parse().ok(),
        Some(Json::Number(number)) => number.as_u64(),
        _ => None,
    };
    let Some(id) = id else { return Line::Stray };
    match open.take(id) {
        Some(answer) => {
            let _ = answer.send(Ok(json));
            Line::Awaited
        }
        None => Line::Late,
    }
}

/// Reads the child's log, and tells it without what could be a person's.
async fn keep_log(stderr: ChildStderr, shared: Arc<Shared>) {
    let mut stderr = BufReader::new(stderr);
    let mut line = Vec::new();
    while (&mut stderr)
        .take(MAX_LOG_LINE)
        .read_until(b'\n', &mut line)
        .await
        .is_ok_and(|read| read > 0)
    {
        let text = scrubbed(String::from_utf8_lossy(&line).trim_end());
        tracing::info!(text, "the department's program says");
        shared.besides.hear(&line);
        line.clear();
    }
}
