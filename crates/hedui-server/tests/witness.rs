//! `hedui witness` as a process: killed and started again it knows what it cosigned; its key file and its folder are its own.
//! Leaves requests and failing disks to the tests beside the code.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use hedui_log::checkpoint::Checkpoint;
use hedui_log::cosignature;
use hedui_log::merkle::{Frontier, consistency_proof, leaf_hash};
use hedui_log::note::{Note, SigningKey, VerifierKey};
use hedui_log::witness::AddCheckpoint;

const ORIGIN: &str = "log.example/511703/2026";

fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, [1; 32]).unwrap()
}

/// The request for a tree of so many entries, all alike.
fn request(old: u64, size: u64) -> AddCheckpoint {
    struct Kept(std::collections::BTreeMap<(u8, u64), hedui_log::merkle::Hash>);
    impl hedui_log::merkle::Nodes for Kept {
        type Error = ();

        fn node(&self, level: u8, index: u64) -> Result<hedui_log::merkle::Hash, ()> {
            self.0.get(&(level, index)).copied().ok_or(())
        }
    }
    let (mut tree, mut kept) = (Frontier::new(), Kept(Default::default()));
    for _ in 0..size {
        tree.append(leaf_hash(b"entry"), |level, index, hash| {
            kept.0.insert((level, index), hash);
        });
    }
    let text = Checkpoint::new(ORIGIN, size, tree.root()).unwrap().to_string();
    let mut note = Note::unsigned(&text).unwrap();
    note.push_signature(&log_key().sign(&text)).unwrap();
    AddCheckpoint::new(old, consistency_proof(old, size, &kept).unwrap(), note).unwrap()
}

fn command(folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hedui"));
    let vkey = log_key().verifier().to_string();
    command
        .args([
            "witness",
            "--name",
            "witness.example",
            "--listen",
            "127.0.0.1:0",
            "--log",
            &vkey,
        ])
        .arg("--directory")
        .arg(folder.join("state"))
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn ended(folder: &Path, more: &[&str]) -> Output {
    command(folder, more).output().unwrap()
}

struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(folder: &Path) -> Process {
        let mut child = command(folder, &[]).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let line = loop {
            match lines.next() {
                Some(Ok(line)) if line.contains("witnessing") => break line,
                Some(Ok(line)) => said.push(line),
                _ => panic!("the witness ended: {said:?}"),
            }
        };
        // What it logs later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let address = line.split("address=").nth(1).and_then(|rest| rest.split(' ').next());
        let address = address.unwrap().parse().unwrap();
        Process { child, address }
    }

    fn ask(&self, request: &AddCheckpoint) -> (u16, String) {
        let body = request.to_string();
        let mut stream = TcpStream::connect(self.address).unwrap();
        let head = format!(
            "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// SIGKILL.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn a_killed_witness_never_cosigns_less_than_before_and_shows_the_key_that_it_signs_with() {
    let folder = tempfile::tempdir().unwrap();
    let shown = ended(folder.path(), &["--show-key"]);
    assert!(shown.status.success(), "{shown:?}");
    let key: VerifierKey = String::from_utf8(shown.stdout).unwrap().trim_end().parse().unwrap();
    assert_eq!(key.name(), "witness.example");
    let file = folder.path().join("state/witness.key");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let mut last = 0;
    for size in [3, 7, 8] {
        let process = Process::start(folder.path());
        if last > 0 {
            assert_eq!(process.ask(&request(0, last - 1)), (409, format!("{last}\n")));
        }
        let asked = request(last, size);
        let (status, line) = process.ask(&asked);
        assert_eq!(status, 200, "{line}");
        let mut note = Note::unsigned(asked.note().text()).unwrap();
        note.push_signature(&line).unwrap();
        cosignature::verify(&note, &key).unwrap();
        process.kill();
        last = size;
    }

    // One process at a time.
    let process = Process::start(folder.path());
    let second = ended(folder.path(), &[]);
    assert_eq!(second.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&second.stderr).contains("another witness"),
        "{second:?}"
    );
    process.kill();

    // A key that others can read, a missing one that must not be made, another key on the same folder.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = ended(folder.path(), &["--show-key"]);
    assert!(
        !refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("0644"),
        "{refused:?}"
    );
    std::fs::remove_file(&file).unwrap();
    let settings = folder.path().join("witness.toml");
    std::fs::write(&settings, "[witness]\ncreate_key = false\n").unwrap();
    let missing = ended(folder.path(), &["--config", settings.to_str().unwrap()]);
    assert!(!missing.status.success() && !file.exists(), "{missing:?}");
    let other = ended(folder.path(), &[]);
    assert!(String::from_utf8_lossy(&other.stderr).contains("new key"), "{other:?}");
}
