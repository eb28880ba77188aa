//! The line to a PostgreSQL server, over which no message may be larger than an answer: the driver would hold it whole before a row is counted.
//! Leaves sessions and queries to `postgres`, and TLS to `tls`.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::Host;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Error, NoTls};

use super::tls::Connector;

/// What a message has beside the values of a row.
const OVERHEAD: usize = 64 << 10;

/// A message's kind, and its length with the length itself.
const HEADER: usize = 5;
const LENGTH: usize = 4;

/// How many messages were refused; shared by the lines of a source.
#[derive(Clone, Debug, Default)]
pub(super) struct Refused(Arc<AtomicU64>);

impl Refused {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Makes lines.
pub(super) struct Lines {
    pub(super) tls: Option<Connector>,
    pub(super) max_bytes: usize,
    pub(super) patience: Duration,
    pub(super) refused: Refused,
}

impl deadpool_postgres::Connect for Lines {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        let config = config.clone();
        Box::pin(self.line(config))
    }
}

impl Lines {
    async fn line(&self, config: Config) -> Result<(Client, JoinHandle<()>), Error> {
        let (host, port) = (config.get_hosts().first().cloned(), config.get_ports().first().copied());
        let name = match &host {
            Some(Host::Tcp(name)) => name.clone(),
            _ => String::new(),
        };
        let made = timeout(self.patience, socket(host, port.unwrap_or(5_432))).await;
        let made = made.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let mut socket = made.unwrap_or_else(|error| Socket::Broken(error.kind()));
        let connecting = self
            .tls
            .clone()
            .map(|mut tls| MakeTlsConnect::<Socket>::make_tls_connect(&mut tls, &name));
        match connecting {
            Some(Ok(connecting)) => {
                let connecting = connecting.bounded(self.max_bytes.saturating_add(OVERHEAD), self.refused.clone());
                return Ok(run(config.connect_raw(socket, connecting).await?));
            }
            Some(Err(error)) => socket = Socket::Broken(error.kind()),
            None => {}
        }
        Ok(run(config.connect_raw(self.bounded(socket), NoTls).await?))
    }

    fn bounded<S>(&self, stream: S) -> Bounded<S> {
        Bounded::new(stream, self.max_bytes.saturating_add(OVERHEAD), self.refused.clone())
    }
}

/// Drives a connection until it ends; what ended it, its questions hear.
fn run<S, T>((client, connection): (Client, tokio_postgres::Connection<S, T>)) -> (Client, JoinHandle<()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let driven = tokio::spawn(async move {
        let _ = connection.await;
    });
    (client, driven)
}

/// A line without bounds.
enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// One that could not be made: the driver's own errors cannot be built from outside.
    Broken(io::ErrorKind),
}

async fn socket(host: Option<Host>, port: u16) -> io::Result<Socket> {
    Ok(match host {
        Some(Host::Tcp(name)) => {
            let socket = TcpStream::connect((name, port)).await?;
            socket.set_nodelay(true)?;
            Socket::Tcp(socket)
        }
        Some(Host::Unix(folder)) => Socket::Unix(UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await?),
        None => return Err(io::ErrorKind::InvalidInput.into()),
    })
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Socket::Tcp(socket) => Pin::new(socket).poll_read(cx, buf),
            Socket::Unix(socket) => Pin::new(socket).poll_read(cx, buf),
            Socket::Broken(kind) => Poll::Ready(Err((*kind).into())),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Socket::Tcp(socket) => Pin::new(socket).poll_write(cx, buf),
            Socket::Unix(socket) => Pin::new(socket).poll_write(cx, buf),
            Socket::Broken(kind) => Poll::Ready(Err((*kind).into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Socket::Tcp(socket) => Pin::new(socket).poll_flush(cx),
            Socket::Unix(socket) => Pin::new(socket).poll_flush(cx),
            Socket::Broken(kind) => Poll::Ready(Err((*kind).into())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Socket::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            Socket::Unix(socket) => Pin::new(socket).poll_shutdown(cx),
            Socket::Broken(_) => Poll::Ready(Ok(())),
        }
    }
}

/// A line whose messages are bounded. It follows the lengths that the server states, and never holds a message itself.
pub(super) struct Bounded<S> {
    stream: S,
    max_bytes: usize,
    refused: Refused,
    header: [u8; HEADER],
    /// Bytes of the header that are there.
    have: usize,
    /// Bytes of the message that are still to come.
    left: usize,
}

impl<S> Bounded<S> {
    pub(super) fn new(stream: S, max_bytes: usize, refused: Refused) -> Bounded<S> {
        Bounded {
            stream,
            max_bytes,
            refused,
            header: [0; HEADER],
            have: 0,
            left: 0,
        }
    }

    /// Follows the bytes that came; whether all messages are within the limit.
    fn follow(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let passed = self.left.min(bytes.len());
                self.left -= passed;
                bytes = bytes.get(passed..).unwrap_or_default();
                continue;
            }
            if let Some(place) = self.header.get_mut(self.have) {
                *place = *first;
            }
            self.have += 1;
            bytes = rest;
            if self.have == HEADER {
                let [_, length @ ..] = self.header;
                self.have = 0;
                self.left = (u32::from_be_bytes(length) as usize).saturating_sub(LENGTH);
                if self.left > self.max_bytes {
                    return false;
                }
            }
        }
        true
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let within = self.follow(buf.filled().get(before..).unwrap_or_default());
        if !within {
            self.refused.0.fetch_add(1, Ordering::SeqCst);
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However the bytes are cut, exactly the messages beyond the limit are refused.
        #[test]
        fn a_message_is_refused_by_its_length_however_it_arrives(
            lengths in prop::collection::vec(0usize..40, 1..8),
            cut in 1usize..9,
        ) {
            const LIMIT: usize = 30;
            let mut bytes = Vec::new();
            for length in &lengths {
                bytes.push(b'D');
                bytes.extend(u32::try_from(length + LENGTH).unwrap().to_be_bytes());
                bytes.resize(bytes.len() + length, 7);
            }
            let mut line = Bounded::new((), LIMIT, Refused::default());
            let within = bytes.chunks(cut).all(|piece| line.follow(piece));
            prop_assert_eq!(within, lengths.iter().all(|length| *length <= LIMIT));
        }
    }
}
