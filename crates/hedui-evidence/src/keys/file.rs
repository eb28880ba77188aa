//! The master key's file: one line of text, readable by its owner only.
//! Left to others: where it lies (configuration), its backup, its rotation.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rand::CryptoRng;
use zeroize::Zeroizing;

use super::MasterKey;
use crate::error::StoreError;
use crate::ids::{read_hex, write_hex};

/// What the line of a master key begins with; 64 hex digits follow.
const MASTER: &str = "hedui-master-key-v1:";
/// Longer files are not read to their end.
const MAX_FILE_BYTES: u64 = 256;

fn refused(path: &Path, reason: impl Into<String>) -> StoreError {
    StoreError::KeyFile {
        place: path.display().to_string(),
        reason: reason.into(),
    }
}

impl MasterKey {
    /// Reads a key file. Errors: [`StoreError::KeyFile`] when it is missing, malformed, or open to anybody but its owner.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        read_secret(path, MASTER).map(Self::from_bytes)
    }

    /// Makes a key file with mode 0600 and a new key in it. Errors: [`StoreError::KeyFile`], also when the file exists:
    /// a key in use is never overwritten.
    pub fn create(path: &Path, rng: &mut (impl CryptoRng + ?Sized)) -> Result<Self, StoreError> {
        create_secret(path, MASTER, rng).map(Self::from_bytes)
    }

    /// Reads the file, or makes it when there is none.
    pub fn read_or_create(path: &Path, rng: &mut (impl CryptoRng + ?Sized)) -> Result<Self, StoreError> {
        read_or_create_secret(path, MASTER, rng).map(Self::from_bytes)
    }
}

/// Reads a file of one line: a prefix that says what the secret is for, and 64 hex digits.
pub(crate) fn read_secret(path: &Path, prefix: &str) -> Result<[u8; 32], StoreError> {
    let mut file = File::open(path).map_err(|error| refused(path, error.to_string()))?;
    let mode = file
        .metadata()
        .map_err(|error| refused(path, error.to_string()))?
        .permissions()
        .mode()
        & 0o7777;
    if mode & 0o077 != 0 {
        return Err(refused(
            path,
            format!("its mode is {mode:04o}, others can use it; run: chmod 600 on it"),
        ));
    }
    let mut text = Zeroizing::new(String::new());
    (&mut file)
        .take(MAX_FILE_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| refused(path, error.to_string()))?;
    let digits = text.trim_end().strip_prefix(prefix).and_then(read_hex::<32>);
    digits.ok_or_else(|| refused(path, format!("expected one line `{prefix}` and 64 hex digits")))
}

/// Makes such a file with mode 0600 and a new secret in it.
pub(crate) fn create_secret(
    path: &Path,
    prefix: &str,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<[u8; 32], StoreError> {
    let mut secret = [0u8; 32];
    rng.fill_bytes(&mut secret);
    let mut line = Zeroizing::new(String::with_capacity(prefix.len() + 65));
    line.push_str(prefix);
    write_hex(&secret, &mut *line).map_err(|error| refused(path, error.to_string()))?;
    line.push('\n');
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(line.as_bytes())?;
        file.sync_all()?;
        // The name must be durable too, or a power cut leaves evidence without its key.
        match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
            _ => File::open(".")?.sync_all(),
        }
    };
    write().map_err(|error| refused(path, error.to_string()))?;
    Ok(secret)
}

/// Reads the file, or makes it when there is none.
pub(crate) fn read_or_create_secret(
    path: &Path,
    prefix: &str,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<[u8; 32], StoreError> {
    match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => create_secret(path, prefix, rng),
        _ => read_secret(path, prefix),
    }
}
