//! Making a log whole again that a failure has left in an unknown state, so that appends resume by themselves.
//! Left to others: when to try (`committer`), what a start finds (`recover`).

use std::io;

use super::format::{SEGMENT_HEADER, SegmentHeader, segment_name};
use super::log::{Log, create_segment};
use crate::store::Position;

impl Log {
    /// Gives up on the file that failed: cuts it back to the last acknowledged group, makes that durable, and goes on in
    /// a new segment. Nothing is done to the file that needs what it lost: everything before the cut was durable
    /// before, and what is behind it was acknowledged to nobody. Afterwards those frames are certainly absent.
    ///
    /// Each step may be repeated, and power may be cut after any: until the new segment's name is durable, opening the
    /// store finds the last segment with or without the group that failed, whole or not at all.
    pub(crate) fn heal(&mut self) -> Result<(), String> {
        let Some(first) = self.broken.clone() else {
            return Ok(());
        };
        match self.begin_anew() {
            Ok(()) => {
                self.broken = None;
                Ok(())
            }
            Err((doing, error)) => Err(format!("{first}; then {doing} failed: {error}")),
        }
    }

    fn begin_anew(&mut self) -> Result<(), (&'static str, io::Error)> {
        let step = |doing: &'static str| move |error: io::Error| (doing, error);
        let Position { segment, offset } = self.tail;
        // What an earlier attempt, or a rotation, left half made. Nothing in it was ever acknowledged.
        self.remove_segment(segment + 1)
            .map_err(step("removing an unfinished segment"))?;
        // A segment without a group is made anew instead: otherwise a disk that fails for hours would leave a file for
        // every attempt.
        let (number, previous_end) = if offset == SEGMENT_HEADER {
            self.remove_segment(segment)
                .map_err(step("removing an empty segment"))?;
            (segment, self.previous_end)
        } else {
            self.cut_back().map_err(step("cutting the failed group"))?;
            (segment + 1, offset)
        };
        let header = SegmentHeader {
            store_id: self.store_id,
            number,
            first_group: self.next_group,
            previous_end,
        };
        create_segment(&*self.disk, &header).map_err(step("beginning a new segment"))?;
        self.entered(&header);
        Ok(())
    }

    /// Cuts the last segment to its acknowledged length, through a descriptor that never saw the failure.
    fn cut_back(&self) -> io::Result<()> {
        let name = segment_name(self.tail.segment);
        self.disk.let_go(&name);
        self.disk.truncate(&name, self.tail.offset)?;
        self.disk.sync(&name)?;
        if self.disk.len(&name)? == self.tail.offset {
            Ok(())
        } else {
            Err(io::Error::other("the file has another length than it was cut to"))
        }
    }

    fn remove_segment(&self, number: u64) -> io::Result<()> {
        match self.disk.remove(&segment_name(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            // Also when it was gone: an earlier removal may not be durable yet.
            _ => self.disk.sync_dir(),
        }
    }
}
