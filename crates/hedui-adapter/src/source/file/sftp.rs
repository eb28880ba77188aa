//! Files on a server that is reached over SFTP: its host key is pinned, what is read is bounded, and nothing is ever written there.
//! Leaves which file is read to `file`. Texts of the library and of the server are never passed on.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt as _, TryStreamExt as _};
use hedui_core::Failure;
use russh::Disconnect;
use russh::client::{self, Handle};
use russh::keys::ssh_key::{self, HashAlg};
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate};
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::shelf::{MAX_FILE_BYTES, MAX_FILES, Seen, Shelf};
use crate::manifest::{FileAt, SftpLogin, SftpServer};
use crate::reason::Reason;

/// How long connecting and logging in may take together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long looking at the folder may take.
const LIST_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a whole file may take.
const READ_TIMEOUT: Duration = Duration::from_secs(900);
/// Bytes asked for at once: what every server gives.
const PIECE: u32 = 32_768;
/// Pieces under way, so that a long line is used in full.
const PIECES: usize = 16;

/// The files of a server.
pub(in crate::source) struct Sftp {
    server: SftpServer,
    at: FileAt,
    done: Option<String>,
    pinned: Pinned,
    login: Login,
    session: Mutex<Option<Session>>,
}

#[derive(Clone)]
enum Login {
    Password(crate::manifest::Secret),
    Key(Arc<PrivateKey>),
}

struct Session {
    // Kept so that the line stays up.
    line: Handle<Pinned>,
    sftp: RawSftpSession,
}

/// The only key that the server may show.
#[derive(Clone)]
enum Pinned {
    Key(Box<PublicKey>),
    Fingerprint(ssh_key::Fingerprint),
}

impl Pinned {
    fn of(text: &str) -> Option<Pinned> {
        if text.starts_with("SHA256:") {
            return text.parse().ok().map(Pinned::Fingerprint);
        }
        PublicKey::from_openssh(text).ok().map(|key| Pinned::Key(Box::new(key)))
    }

    fn is(&self, shown: &PublicKey) -> bool {
        match self {
            Pinned::Key(key) => key.key_data() == shown.key_data(),
            Pinned::Fingerprint(fingerprint) => shown.fingerprint(HashAlg::Sha256) == *fingerprint,
        }
    }
}

/// Whether a text pins a host key: a line as in `known_hosts` without the name, or a fingerprint.
pub fn is_host_key(text: &str) -> bool {
    Pinned::of(text).is_some()
}

impl client::Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => self.is(key),
            PublicKeyOrCertificate::Certificate(_) => false,
        })
    }
}

impl Sftp {
    pub(in crate::source) fn new(server: &SftpServer, at: FileAt, done: Option<String>) -> Result<Sftp, Failure> {
        let unusable = |key: &'static str| Reason::SourceMissing.failure_at(format_args!("sftp.{key}"));
        let login = match &server.login {
            SftpLogin::Password(password) => Login::Password(password.clone()),
            SftpLogin::Key(key) => {
                let key = russh::keys::decode_secret_key(key.expose(), None).map_err(|_| unusable("key"))?;
                Login::Key(Arc::new(key))
            }
        };
        Ok(Sftp {
            pinned: Pinned::of(&server.host_key).ok_or_else(|| unusable("host_key"))?,
            server: server.clone(),
            at,
            done,
            login,
            session: Mutex::default(),
        })
    }

    /// Connects and logs in.
    async fn connect(&self) -> Result<Session, Failure> {
        let mut config = client::Config {
            inactivity_timeout: Some(LIST_TIMEOUT),
            ..client::Config::default()
        };
        if let Pinned::Key(key) = &self.pinned {
            // A server with keys of several kinds shows the one that is pinned.
            config.preferred.key = std::borrow::Cow::Owned(vec![key.algorithm()]);
        }
        let address = (self.server.host.as_str(), self.server.port);
        let mut line = client::connect(Arc::new(config), address, self.pinned.clone())
            .await
            .map_err(|error| line_failure(&error))?;
        let user = self.server.user.as_str();
        let outcome = match &self.login {
            Login::Password(password) => line.authenticate_password(user, password.expose()).await,
            Login::Key(key) => {
                let key = PrivateKeyWithHashAlg::new(Arc::clone(key), None);
                line.authenticate_publickey(user, key).await
            }
        };
        if !outcome.map_err(|error| line_failure(&error))?.success() {
            return Err(Reason::SourceRefused.failure_at("sftp: user and password or key"));
        }
        let channel = line
            .channel_open_session()
            .await
            .map_err(|error| line_failure(&error))?;
        let refused = |_| Reason::SourceRefused.failure_at("sftp is not offered");
        channel.request_subsystem(true, "sftp").await.map_err(refused)?;
        let sftp = RawSftpSession::new(channel.into_stream());
        sftp.init().await.map_err(|error| failure(&error))?;
        Ok(Session { line, sftp })
    }

    /// Works on the server, over one line for all that one look needs. A line on which something failed is given up.
    async fn within<T>(
        &self,
        patience: Duration,
        work: impl AsyncFnOnce(&RawSftpSession) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let late = |_| Reason::SourceTimeout.failure();
        let mut held = self.session.lock().await;
        let session = match held.take().filter(|session| !session.line.is_closed()) {
            Some(session) => session,
            None => timeout(CONNECT_TIMEOUT, self.connect()).await.map_err(late)??,
        };
        let done = timeout(patience, work(&session.sftp)).await.map_err(late)?;
        if done.is_ok() {
            *held = Some(session);
        }
        done
    }

    fn path(&self, name: &str) -> String {
        match &self.at {
            FileAt::Path(path) => path.clone(),
            FileAt::Folder(folder, _) => format!("{}/{name}", folder.trim_end_matches('/')),
        }
    }
}

#[async_trait]
impl Shelf for Sftp {
    async fn files(&self) -> Result<Vec<Seen>, Failure> {
        self.within(LIST_TIMEOUT, async |sftp| match &self.at {
            FileAt::Path(path) => single(sftp, path, self.done.as_deref()).await,
            FileAt::Folder(folder, _) => all(sftp, folder).await,
        })
        .await
    }

    async fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        self.within(READ_TIMEOUT, async |sftp| read(sftp, self.path(name)).await)
            .await
    }

    async fn leave(&self) {
        if let Some(session) = self.session.lock().await.take() {
            // Whoever does not hear it sees the line end.
            let _ = session.line.disconnect(Disconnect::ByApplication, "", "").await;
        }
    }
}

/// A file and its mark, where they are there.
async fn single(sftp: &RawSftpSession, path: &str, done: Option<&str>) -> Result<Vec<Seen>, Failure> {
    let mut paths = vec![path.to_owned()];
    paths.extend(done.map(|done| format!("{path}{done}")));
    let mut found = Vec::new();
    for path in paths {
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        match sftp.stat(path).await {
            Ok(attrs) => found.extend(seen(name, &attrs.attrs)),
            Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => {}
            Err(error) => return Err(failure(&error)),
        }
    }
    Ok(found)
}

async fn all(sftp: &RawSftpSession, folder: &str) -> Result<Vec<Seen>, Failure> {
    let handle = sftp.opendir(folder).await.map_err(|error| failure(&error))?.handle;
    let mut found = Vec::new();
    let mut count = 0;
    loop {
        match sftp.readdir(handle.as_str()).await {
            Ok(name) => {
                count += name.files.len();
                if count > MAX_FILES {
                    return Err(Reason::SourceTooLarge.failure_at("files in the folder"));
                }
                let files = name.files.into_iter().filter(|file| !file.attrs.is_dir());
                found.extend(files.filter_map(|file| seen(file.filename, &file.attrs)));
            }
            Err(SftpError::Status(status)) if status.status_code == StatusCode::Eof => break,
            Err(error) => return Err(failure(&error)),
        }
    }
    sftp.close(handle).await.map_err(|error| failure(&error))?;
    Ok(found)
}

fn seen(name: String, attrs: &FileAttributes) -> Option<Seen> {
    Some(Seen {
        name,
        written: i64::from(attrs.mtime?) * 1_000,
        nanos: 0,
        bytes: attrs.size?,
    })
}

/// A file, in pieces of which several are under way.
async fn read(sftp: &RawSftpSession, path: String) -> Result<Vec<u8>, Failure> {
    let open = sftp.open(path, OpenFlags::READ, FileAttributes::empty()).await;
    let handle = open.map_err(|error| failure(&error))?.handle;
    let size = sftp
        .fstat(handle.as_str())
        .await
        .map_err(|error| failure(&error))?
        .attrs
        .size;
    let size = size.ok_or_else(|| Reason::SourceError.failure_at("sftp: no size"))?;
    if size > MAX_FILE_BYTES {
        return Err(Reason::SourceTooLarge.failure_at("the file"));
    }
    let starts = (0..size).step_by(PIECE as usize);
    let pieces = futures::stream::iter(starts).map(|start| piece(sftp, handle.as_str(), start, size));
    let mut bytes = Vec::new();
    let mut pieces = std::pin::pin!(pieces.buffered(PIECES));
    while let Some(piece) = pieces.try_next().await? {
        bytes.extend_from_slice(&piece);
    }
    sftp.close(handle.as_str()).await.map_err(|error| failure(&error))?;
    Ok(bytes)
}

/// A piece; servers may give less than was asked for, but never nothing before the end.
async fn piece(sftp: &RawSftpSession, handle: &str, start: u64, size: u64) -> Result<Vec<u8>, Failure> {
    let wanted = usize::try_from(size.saturating_sub(start).min(u64::from(PIECE))).unwrap_or(0);
    let mut bytes: Vec<u8> = Vec::with_capacity(wanted);
    while bytes.len() < wanted {
        let left = u32::try_from(wanted - bytes.len()).unwrap_or(PIECE);
        let read = sftp.read(handle, start + bytes.len() as u64, left).await;
        let data = match read {
            Ok(data) => data.data,
            Err(SftpError::Status(status)) if status.status_code == StatusCode::Eof => Default::default(),
            Err(error) => return Err(failure(&error)),
        };
        if data.is_empty() || data.len() > wanted - bytes.len() {
            return Err(Reason::SourceUnavailable.failure_at("the file is being replaced"));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn line_failure(error: &russh::Error) -> Failure {
    match error {
        russh::Error::UnknownKey => Reason::SourceRefused.failure_at("sftp: the host key is not the pinned one"),
        russh::Error::NoCommonAlgo { .. } => Reason::SourceRefused.failure_at("sftp: no common algorithm"),
        russh::Error::KeyChanged { .. } => Reason::SourceRefused.failure_at("sftp: the host key is not the pinned one"),
        _ => Reason::SourceUnavailable.failure_at("sftp"),
    }
}

fn failure(error: &SftpError) -> Failure {
    match error {
        SftpError::Status(status) => match status.status_code {
            StatusCode::NoSuchFile => Reason::SourceMissing.failure_at("sftp: the file or folder"),
            StatusCode::PermissionDenied => Reason::SourceRefused.failure_at("sftp: the file or folder"),
            StatusCode::NoConnection | StatusCode::ConnectionLost => Reason::SourceUnavailable.failure_at("sftp"),
            _ => Reason::SourceError.failure_at("sftp"),
        },
        SftpError::Timeout => Reason::SourceTimeout.failure(),
        SftpError::IO(_) => Reason::SourceUnavailable.failure_at("sftp"),
        _ => Reason::SourceError.failure_at("sftp"),
    }
}
