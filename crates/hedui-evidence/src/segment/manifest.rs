//! What a backup says of itself: which files it needs, how long they are, what they hold, where the log ended.
//! Left to others: making one (`backup`), proving one (`drill`).

use std::fmt::Write;
use std::path::Path;

use crate::error::StoreError;
use crate::ids::{FrameId, read_hex, write_hex};
use crate::store::{Position, Verified};

/// The manifest's file beside the copied segments.
pub const MANIFEST_FILE: &str = "MANIFEST";
const VERSION: &str = "hedui-backup-v2";
/// Still read: it does not say which keys were destroyed, and its segments hold none that can be.
const VERSION_BEFORE_SHREDDING: &str = "hedui-backup-v1";
/// A segment takes less than 256 bytes of it; 65,536 segments are 16 TiB of log.
const MOST_BYTES: u64 = 16 << 20;

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) number: u64,
    /// How many bytes of the file belong to the backup.
    pub(super) length: u64,
    /// Whether another segment follows it in the store.
    pub(super) finished: bool,
    /// BLAKE3 of those bytes, wrapped keys as zeros.
    pub(super) digest: [u8; 32],
    pub(super) verified: Verified,
    /// The last frame in it.
    pub(super) last: Option<(Position, FrameId)>,
    /// How many findings there were when it was copied.
    pub(super) damaged: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) store_id: [u8; 16],
    pub(super) made_ms: i64,
    /// Every shred frame before this was carried out before the copying began.
    pub(super) shredded: Position,
    /// Ascending, without gaps.
    pub(super) parts: Vec<Part>,
}

impl Manifest {
    /// Where the log ends.
    pub(super) fn end(&self) -> Position {
        self.parts.last().map_or(Position::START, |part| Position {
            segment: part.number,
            offset: part.length,
        })
    }

    /// The last acknowledged frame.
    pub(super) fn last(&self) -> Option<(Position, FrameId)> {
        self.parts.iter().rev().find_map(|part| part.last)
    }

    pub(super) fn verified(&self) -> Verified {
        self.parts.iter().fold(Verified::default(), |sum, part| Verified {
            frames: sum.frames + part.verified.frames,
            leaves: sum.leaves + part.verified.leaves,
            sealed: sum.sealed + part.verified.sealed,
            bytes: sum.bytes + part.verified.bytes,
        })
    }

    pub(super) fn encode(&self) -> String {
        let hex = |bytes: &[u8]| {
            let mut text = String::new();
            // Writing to a string does not fail.
            let _ = write_hex(bytes, &mut text);
            text
        };
        let mut text = format!(
            "{VERSION}\nstore {}\nmade {}\nshredded {} {}\n",
            hex(&self.store_id),
            self.made_ms,
            self.shredded.segment,
            self.shredded.offset
        );
        for part in &self.parts {
            let Verified {
                frames,
                leaves,
                sealed,
                bytes,
            } = part.verified;
            let last = part.last.map_or_else(
                || "- -".to_owned(),
                |(position, frame)| format!("{} {frame}", position.offset),
            );
            let _ = writeln!(
                text,
                "segment {} {} {} {} {frames} {leaves} {sealed} {bytes} {} {last}",
                part.number,
                part.length,
                if part.finished { "finished" } else { "open" },
                hex(&part.digest),
                part.damaged,
            );
        }
        let crc = crc32fast::hash(text.as_bytes());
        let _ = writeln!(text, "crc {crc}");
        text
    }

    pub(super) fn decode(text: &str) -> Option<Self> {
        let (covered, crc) = text.trim_end().rsplit_once("\ncrc ")?;
        let covered = format!("{covered}\n");
        if crc.parse() != Ok(crc32fast::hash(covered.as_bytes())) {
            return None;
        }
        let mut lines = covered.lines();
        let states_shredding = match lines.next()? {
            VERSION => true,
            VERSION_BEFORE_SHREDDING => false,
            _ => return None,
        };
        let store_id = read_hex(lines.next()?.strip_prefix("store ")?)?;
        let made_ms = lines.next()?.strip_prefix("made ")?.parse().ok()?;
        let shredded = match states_shredding {
            true => position(lines.next()?.strip_prefix("shredded ")?)?,
            false => Position::START,
        };
        let parts: Vec<Part> = lines.map(part).collect::<Option<_>>()?;
        let ascending = (1..).zip(&parts).all(|(number, part)| part.number == number);
        (ascending && !parts.is_empty()).then_some(Self {
            store_id,
            made_ms,
            shredded,
            parts,
        })
    }

    /// Reads the manifest of a folder; none when there is no file. Errors: `Foreign` when it is damaged, `Io`.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, StoreError> {
        use std::io::Read;
        let file = match std::fs::File::open(folder.join(MANIFEST_FILE)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(StoreError::io("opening the manifest"))?,
        };
        let mut bytes = Vec::new();
        file.take(MOST_BYTES)
            .read_to_end(&mut bytes)
            .map_err(StoreError::io("reading the manifest"))?;
        let manifest = std::str::from_utf8(&bytes).ok().and_then(Self::decode);
        let foreign = || StoreError::Foreign {
            reason: format!("the manifest in {} is damaged or of another version", folder.display()),
        };
        manifest.map(Some).ok_or_else(foreign)
    }
}

fn position(text: &str) -> Option<Position> {
    let (segment, offset) = text.split_once(' ')?;
    Some(Position {
        segment: segment.parse().ok()?,
        offset: offset.parse().ok()?,
    })
}

fn part(line: &str) -> Option<Part> {
    let mut words = line.strip_prefix("segment ")?.split(' ');
    let mut number = || words.next()?.parse::<u64>().ok();
    let (segment, length) = (number()?, number()?);
    let finished = match words.next()? {
        "finished" => true,
        "open" => false,
        _ => return None,
    };
    let digest = read_hex(words.next()?)?;
    let mut number = || words.next()?.parse::<u64>().ok();
    let verified = Verified {
        frames: number()?,
        leaves: number()?,
        sealed: number()?,
        bytes: number()?,
    };
    let damaged = number()?;
    let last = match (words.next()?, words.next()?) {
        ("-", "-") => None,
        (offset, frame) => {
            let offset = offset.parse().ok()?;
            Some((Position { segment, offset }, FrameId::from_hex(frame)?))
        }
    };
    words.next().is_none().then_some(Part {
        number: segment,
        length,
        finished,
        digest,
        verified,
        last,
        damaged,
    })
}
