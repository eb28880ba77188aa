//! The line to a plugin, which a test can cut, garble and restore: what a process that dies and comes back looks like from outside.
//! Leaves what is said over it to `plugin`.

use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It carries.
    Open,
    /// Every connection is closed, and new ones as soon as they are made.
    Cut,
    /// Every connection gets bytes that no protocol has, and is closed.
    Garbled,
}

/// A line.
pub struct Line {
    address: String,
    way: watch::Sender<Way>,
}

impl Line {
    /// An open line to an address, on a free port of 127.0.0.1.
    pub async fn to(target: String) -> Line {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let way = watch::Sender::new(Way::Open);
        let state = way.subscribe();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(carry(socket, target.clone(), state.clone()));
            }
        });
        Line { address, way }
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Changes how it is, also for connections that are open.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn carry(mut near: TcpStream, target: String, mut state: watch::Receiver<Way>) {
    let carried = async {
        let mut far = TcpStream::connect(target).await?;
        far.set_nodelay(true)?;
        near.set_nodelay(true)?;
        copy_bidirectional(&mut near, &mut far).await
    };
    let changed = tokio::select! {
        biased;
        changed = state.wait_for(|way| *way != Way::Open) => changed.map(|way| *way),
        _ = carried => return,
    };
    if matches!(changed, Ok(Way::Garbled)) {
        // Whoever is at the other end may be gone already.
        let _ = near.write_all(&[0xA5; 256]).await;
    }
}
