//! Makes a log as its operator would export it: keys, entries, tiles, a signed and witnessed checkpoint, a policy.
//! Leaves spoiling it to the tests.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hedui_log::checkpoint::Checkpoint;
use hedui_log::cosignature::CosigningKey;
use hedui_log::merkle::{Frontier, Hash, inclusion_proof, leaf_hash};
use hedui_log::note::{Note, SigningKey};
use hedui_log::proof::TlogProof;
use hedui_log::tile::{Level, TileNodes, TilePath, encode_entries};

pub const ORIGIN: &str = "log.example/district";

/// When the first witness signs: 2025-11-22T01:00:00Z. The second is a minute later.
pub const TIME: u64 = 1_763_773_200;

pub struct Log {
    pub folder: PathBuf,
    pub size: u64,
    pub root: Hash,
}

pub fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, [1; 32]).unwrap()
}

pub fn witness(at: u8) -> CosigningKey {
    CosigningKey::from_seed(&format!("witness.example/w{at}"), [at + 2; 32]).unwrap()
}

/// Both witnesses must have signed.
pub fn policy() -> String {
    let witnesses = (0..2).map(|at| format!("witness W{at} {}\n", witness(at).verifier()));
    let log = log_key().verifier();
    format!(
        "log {log}\n{}group both all W0 W1\nquorum both\n",
        witnesses.collect::<String>()
    )
}

pub fn entry(index: u64) -> Vec<u8> {
    format!("entry number {index}, which somebody wrote").into_bytes()
}

/// The signed checkpoint of a tree.
pub fn signed(size: u64, root: Hash, witnesses: &[u8]) -> String {
    let text = Checkpoint::new(ORIGIN, size, root).unwrap().to_string();
    let mut note = Note::unsigned(&text).unwrap();
    note.push_signature(&log_key().sign(&text)).unwrap();
    for at in witnesses {
        let line = witness(*at).sign(&text, TIME + 60 * u64::from(*at)).unwrap();
        note.push_signature(&line).unwrap();
    }
    note.to_string()
}

/// The root over the first entries.
pub fn root_at(size: u64) -> Hash {
    let mut frontier = Frontier::new();
    (0..size).for_each(|index| frontier.append(leaf_hash(&entry(index)), |_, _, _| ()));
    frontier.root()
}

pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let path = folder.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, bytes)
}

/// Exports a log of `size` entries.
pub fn export(folder: &Path, size: u64) -> io::Result<Log> {
    export_of(folder, size, entry)
}

/// An answer's leaf of a hedui log, by its documented form.
pub fn leaf(ciphertext_digest: [u8; 32], commitment: [u8; 32]) -> Vec<u8> {
    let mut leaf = vec![1, 2];
    leaf.extend([0xE0; 16]);
    leaf.extend([0xCA; 16]);
    leaf.extend(1_763_773_200_000i64.to_be_bytes());
    leaf.extend(1_763_773_201_500i64.to_be_bytes());
    leaf.extend(ciphertext_digest);
    leaf.extend(commitment);
    leaf.extend([0xA0; 32]);
    for text in ["511703", "housing", "dibao", "FOUND", "window/0042"] {
        leaf.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        leaf.extend(text.as_bytes());
    }
    leaf.extend([0, 0]);
    leaf
}

/// Exports a log of these entries, one bundle at a time.
pub fn export_of(folder: &Path, size: u64, entry: impl Fn(u64) -> Vec<u8>) -> io::Result<Log> {
    let mut frontier = Frontier::new();
    let mut rows: Vec<(u64, Vec<u8>)> = vec![(0, Vec::new()); 8];
    let mut bundle: Vec<Vec<u8>> = Vec::new();
    for index in 0..size {
        bundle.push(entry(index));
        let mut nodes = Vec::new();
        frontier.append(leaf_hash(&entry(index)), |level, _, hash| nodes.push((level, hash)));
        for (level, hash) in nodes.into_iter().filter(|(level, _)| level % 8 == 0) {
            let (number, row) = &mut rows[usize::from(level / 8)];
            row.extend(hash.0);
            if row.len() == 256 * 32 {
                write(folder, &name(Level::Hashes(level / 8), *number, 256), row)?;
                row.clear();
                *number += 1;
            }
        }
        if bundle.len() == 256 || index + 1 == size {
            let path = name(Level::Entries, index / 256, bundle.len() as u16);
            write(folder, &path, &encode_entries(&bundle).unwrap())?;
            bundle.clear();
        }
    }
    for (level, (number, row)) in rows.iter().enumerate().filter(|(_, (_, row))| !row.is_empty()) {
        let width = (row.len() / 32) as u16;
        write(folder, &name(Level::Hashes(level as u8), *number, width), row)?;
    }
    let root = frontier.root();
    write(folder, "checkpoint", signed(size, root, &[0, 1]).as_bytes())?;
    let folder = folder.to_owned();
    Ok(Log { folder, size, root })
}

/// The proof of one entry, made from the files.
pub fn proof(log: &Log, index: u64) -> TlogProof {
    let nodes = TileNodes::new(log.size, |path: &TilePath| fs::read(log.folder.join(path.to_string())));
    TlogProof {
        extra: Some(b"salt".to_vec()),
        index,
        path: inclusion_proof(index, log.size, &nodes).unwrap(),
        checkpoint: signed(log.size, log.root, &[0, 1]),
    }
}

fn name(level: Level, index: u64, width: u16) -> String {
    TilePath { level, index, width }.to_string()
}
