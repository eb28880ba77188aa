//! The file `state`: how far the store was read, and what the logs were then, in lines of text.
//! Left to others: writing it whole and durably (`folder`).

use hedui_log::merkle::Hash;

use super::LogName;
use super::folder::Written;
use crate::ids::FrameId;
use crate::store::Position;

/// First line.
const STATE_VERSION: &str = "hedui-logs-v1";

pub(super) fn state_text(written: &Written) -> String {
    let Position { segment, offset } = written.next;
    let mut text = format!("{STATE_VERSION}\nnext {segment} {offset}\n");
    if let Some((Position { segment, offset }, id)) = written.last {
        text.push_str(&format!("last {segment} {offset} {id}\n"));
    }
    for (log, size, frames, root) in &written.sizes {
        text.push_str(&format!("log {} {} {size} {frames} {root}\n", log.district, log.year));
    }
    text.push_str(&format!("end {}\n", written.sizes.len()));
    text
}

/// A log as the state names it.
pub(super) struct Kept {
    pub log: LogName,
    pub size: u64,
    pub frames: usize,
    pub root: Hash,
}

/// What the state says.
pub(super) struct StateFile {
    pub next: Position,
    pub last: Option<(Position, FrameId)>,
    pub logs: Vec<Kept>,
}

pub(super) fn parse_state(text: &str) -> Option<StateFile> {
    let mut lines = text.lines();
    (lines.next()? == STATE_VERSION).then_some(())?;
    let (segment, offset) = lines.next()?.strip_prefix("next ")?.split_once(' ')?;
    let next = Position {
        segment: segment.parse().ok()?,
        offset: offset.parse().ok()?,
    };
    let (mut last, mut logs) = (None, Vec::new());
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["last", segment, offset, id] => {
                let (segment, offset) = (segment.parse().ok()?, offset.parse().ok()?);
                last = Some((Position { segment, offset }, FrameId::from_hex(id)?));
            }
            ["log", district, year, size, frames, root] => logs.push(Kept {
                log: LogName {
                    district: (*district).to_owned(),
                    year: year.parse().ok()?,
                },
                size: size.parse().ok()?,
                frames: frames.parse().ok()?,
                root: root.parse().ok()?,
            }),
            ["end", count] => return (count.parse() == Ok(logs.len())).then_some(StateFile { next, last, logs }),
            _ => return None,
        }
    }
    None
}
