//! A small log with its keys, for the tests of the formats; and the same written by another implementation.
//! Leaves the laws to the tests beside each module.

use std::collections::BTreeMap;

use crate::checkpoint::Checkpoint;
use crate::cosignature::CosigningKey;
use crate::merkle::{Frontier, Hash, Nodes, leaf_hash};
use crate::note::{Note, SigningKey};

pub(crate) const ORIGIN: &str = "log.example/district";

/// When the fixture's witnesses sign.
pub(crate) const TIME: u64 = 1_763_773_200;

pub(crate) fn log_key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, [1; 32]).unwrap()
}

/// Witness number `at`, from 0.
pub(crate) fn witness(at: u8) -> CosigningKey {
    let name = match at {
        0 => "witness.example/audit".to_owned(),
        1 => "witness.example/notary".to_owned(),
        _ => format!("witness.example/{at}"),
    };
    CosigningKey::from_seed(&name, [at + 2; 32]).unwrap()
}

/// The log with the entries `entry 0`, `entry 1`, ...
pub(crate) struct Log {
    nodes: BTreeMap<(u8, u64), Hash>,
    roots: Vec<Hash>,
}

impl Log {
    pub(crate) fn new(size: u64) -> Self {
        let (mut frontier, mut nodes) = (Frontier::new(), BTreeMap::new());
        let mut roots = vec![frontier.root()];
        for index in 0..size {
            frontier.append(leaf_hash(&entry(index)), |level, index, hash| {
                nodes.insert((level, index), hash);
            });
            roots.push(frontier.root());
        }
        Self { nodes, roots }
    }

    pub(crate) fn root(&self, size: u64) -> Hash {
        self.roots[size as usize]
    }

    pub(crate) fn text(&self, size: u64) -> String {
        Checkpoint::new(ORIGIN, size, self.root(size)).unwrap().to_string()
    }

    /// The checkpoint of this size, signed by the log and by these witnesses a minute after one another.
    pub(crate) fn signed(&self, size: u64, witnesses: &[u8]) -> Note {
        let mut note = Note::unsigned(&self.text(size)).unwrap();
        note.push_signature(&log_key().sign(note.text())).unwrap();
        for (minute, at) in witnesses.iter().enumerate() {
            let line = witness(*at).sign(note.text(), TIME + 60 * minute as u64).unwrap();
            note.push_signature(&line).unwrap();
        }
        note
    }
}

impl Nodes for Log {
    type Error = ();

    fn node(&self, level: u8, index: u64) -> Result<Hash, ()> {
        self.nodes.get(&(level, index)).copied().ok_or(())
    }
}

pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

/// The keys of `log_key`, `witness(0)` and `witness(1)`, written by another implementation.
pub(crate) const VKEYS: [&str; 3] = [
    "log.example/district+273f08f3+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
    "witness.example/audit+d7c9fe4d+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU",
    "witness.example/notary+41ddf811+BO1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR",
];

/// The proof of entry 6 of 11 with both witnesses, written by another implementation.
pub(crate) const PROOF: &str = "c2sp.org/tlog-proof@v1
extra c2FsdA==
index 6
Rn73BqsCMMU7SGYrU3boFVbdCx4Ss2dBA/9z7i4Fh/Q=
3QN52DrH8WTn7qMM3O+1dQglTEj3Zq/M09l2Nl4yjMw=
l5nzB1F+9RfCIF35tndivzR1ayAJn7ffzOdrzr0nOy4=
Gg7P34r3oeK3sD6u30u69aQetycGEXXjRiBCvpuP4wA=

log.example/district
11
MpIghwdLQvu/Ojo2cjqyeCX9m62x4pvd68P+qD6ewE0=

\u{2014} log.example/district Jz8I88nkq8WYSEvokOlacn64Vmu12WKg3cWVBqKFXw632385rit+AjDcYPhHVtCET2nRsL+mm/Q+haPBPgvM/NIAUAw=
\u{2014} witness.example/audit 18n+TQAAAABpIQsQ3CsB1h/S3C0y94JwEF7V+x3l3h9tmLQGqi4ouX0CoMasS9Fnj/ffqDyTZ6AHfszqKC6oSeiUVTflbowE0uGFAA==
\u{2014} witness.example/notary Qd34EQAAAABpIQtMRjKEuto0UJWrSNEE2kuPPhkiUJE5naHz9OF9LZDUHaixoaT5t8OwkMcNv7oyaoBFMPDmi6X3hMrp8p1brZzmDQ==
";
