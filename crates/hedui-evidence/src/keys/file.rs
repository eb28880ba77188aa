//! The files of secrets: one line of text that says what the secret is for, readable by its owner only.
//! Left to others: where they lie (configuration), their backup, the rotation of the master key.

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
/// The same for whoever gets something else.
pub(super) const FORM: &str = "one line `hedui-master-key-v1:` and 64 hex digits";
/// Longer texts are not read to their end: they are no key.
pub(super) const MAX_KEY_BYTES: usize = 256;

/// The secret in a file's, or a command's, text.
fn secret_in(text: &str, prefix: &str) -> Option<Zeroizing<[u8; 32]>> {
    let digits = text.trim_end().strip_prefix(prefix)?;
    read_hex::<32>(digits).map(Zeroizing::new)
}

/// The master key in a command's text.
pub(super) fn parse(text: &str) -> Option<MasterKey> {
    secret_in(text, MASTER).map(MasterKey)
}

fn refused(path: &Path, reason: impl Into<String>) -> StoreError {
    StoreError::KeyFile {
        place: path.display().to_string(),
        reason: reason.into(),
    }
}

impl MasterKey {
    /// Reads a key file. Errors: [`StoreError::KeyFile`] when it is missing, malformed, or open to anybody but its owner.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        read_secret(path, MASTER).map(Self)
    }

    /// Makes a key file with mode 0600 and a new key in it. Errors: [`StoreError::KeyFile`], also when the file exists:
    /// a key in use is never overwritten.
    pub fn create(path: &Path, rng: &mut (impl CryptoRng + ?Sized)) -> Result<Self, StoreError> {
        create_secret(path, MASTER, rng).map(Self)
    }

    /// Reads the file, or makes it when there is none.
    pub fn read_or_create(path: &Path, rng: &mut (impl CryptoRng + ?Sized)) -> Result<Self, StoreError> {
        read_or_create_secret(path, MASTER, rng).map(Self)
    }
}

/// Reads a file of one line: a prefix that says what the secret is for, and 64 hex digits.
pub(crate) fn read_secret(path: &Path, prefix: &str) -> Result<Zeroizing<[u8; 32]>, StoreError> {
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
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_KEY_BYTES + 1));
    (&mut file)
        .take(MAX_KEY_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| refused(path, error.to_string()))?;
    let secret = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| secret_in(text, prefix));
    secret.ok_or_else(|| refused(path, format!("expected one line `{prefix}` and 64 hex digits")))
}

/// Makes such a file with mode 0600 and a new secret in it.
pub(crate) fn create_secret(
    path: &Path,
    prefix: &str,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Result<Zeroizing<[u8; 32]>, StoreError> {
    let mut secret = Zeroizing::new([0u8; 32]);
    rng.fill_bytes(secret.as_mut_slice());
    let mut line = Zeroizing::new(String::with_capacity(prefix.len() + 65));
    line.push_str(prefix);
    write_hex(secret.as_slice(), &mut *line).map_err(|error| refused(path, error.to_string()))?;
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
) -> Result<Zeroizing<[u8; 32]>, StoreError> {
    match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => create_secret(path, prefix, rng),
        _ => read_secret(path, prefix),
    }
}
