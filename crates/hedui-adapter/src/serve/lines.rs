//! Any adapter over lines of proto3-JSON: what a child process does with its standard input and output.
//! Leaves the meaning of a call to `json`.

use std::collections::HashMap;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::fs::File;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::handlers::{DEFAULT_TIMEOUT, MAX_UNDER_WAY};
use super::json::{called, failed};
use super::{DepartmentServer, MAX_REQUEST_BYTES};
use crate::adapter::Adapter;
use crate::exchange::CALLS;
use crate::reason::Reason;

/// Answers that wait to be written.
const READY: usize = 256;

/// Answers the lines of standard input on standard output: the whole `main` of a department's program.
///
/// # Errors
/// As [`serve_lines`].
pub async fn serve_stdio(adapter: Arc<dyn Adapter>) -> std::io::Result<()> {
    let input = std::io::stdin().as_fd().try_clone_to_owned()?;
    let output = std::io::stdout().as_fd().try_clone_to_owned()?;
    let input = tokio::io::BufReader::new(File::from_std(input.into()));
    serve_lines(adapter, input, File::from_std(output.into())).await
}

/// Answers lines until the input ends, and lets the calls under way finish.
///
/// # Errors
/// The input cannot be read, has a line beyond 4 MiB, or the output cannot be written.
pub async fn serve_lines(
    adapter: Arc<dyn Adapter>,
    mut input: impl AsyncBufRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
) -> std::io::Result<()> {
    let (_closing, closed) = watch::channel(false);
    let server = DepartmentServer::new(adapter, closed);
    let (ready, answers) = mpsc::channel::<Json>(READY);
    let writer = tokio::spawn(write(answers, output));
    let mut tasks = JoinSet::new();
    let mut under_way: HashMap<String, AbortHandle> = HashMap::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut input)
            .take(MAX_REQUEST_BYTES as u64 + 1)
            .read_until(b'\n', &mut line)
            .await?;
        if read == 0 || writer.is_finished() {
            break;
        }
        if line.len() > MAX_REQUEST_BYTES {
            return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge));
        }
        while tasks.try_join_next().is_some() {}
        under_way.retain(|_, task| !task.is_finished());
        let Ok(question) = serde_json::from_slice::<Json>(&line) else {
            continue;
        };
        // Without an id nobody could be answered.
        let Some(id) = question.get("id").and_then(Json::as_str).map(str::to_owned) else {
            continue;
        };
        if question.get("cancel").is_some() {
            if let Some(task) = under_way.remove(&id) {
                task.abort();
            }
            continue;
        }
        if under_way.len() >= MAX_UNDER_WAY {
            let refused = json!({ "id": id, "failure": failed(&Reason::Overloaded.failure()) });
            let _ = ready.send(refused).await;
            continue;
        }
        let (server, ready) = (server.clone(), ready.clone());
        let task = tasks.spawn({
            let id = id.clone();
            async move {
                let answer = one(&server, &id, &question).await;
                // Nobody reads when the output is gone.
                let _ = ready.send(answer).await;
            }
        });
        under_way.insert(id, task);
    }
    while tasks.join_next().await.is_some() {}
    drop(ready);
    writer
        .await
        .unwrap_or_else(|_| Err(std::io::Error::other("the writer ended")))
}

async fn one(server: &DepartmentServer, id: &str, question: &Json) -> Json {
    let limit = question.get("timeoutMs").and_then(Json::as_u64);
    let limit = limit.map_or(DEFAULT_TIMEOUT, Duration::from_millis);
    let call = CALLS.into_iter().find_map(|call| Some((call, question.get(call)?)));
    let outcome = match call {
        Some((call, request)) => called(server, call, request, limit).await,
        None => Err(Reason::InvalidRequest.failure_at("there is no such call")),
    };
    match outcome {
        Ok(answer) => json!({ "id": id, "answer": answer }),
        Err(failure) => json!({ "id": id, "failure": failed(&failure) }),
    }
}

async fn write(mut answers: mpsc::Receiver<Json>, mut output: impl AsyncWrite + Unpin) -> std::io::Result<()> {
    while let Some(answer) = answers.recv().await {
        output.write_all(format!("{answer}\n").as_bytes()).await?;
        output.flush().await?;
    }
    Ok(())
}
