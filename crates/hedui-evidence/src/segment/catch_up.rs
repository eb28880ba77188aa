//! Bringing an index up to the log when a store is opened: trusting it as far as it proves to belong to this log,
//! rebuilding it otherwise.
//! Left to others: filing while the store runs (`indexer`), how an index is kept (`index`).

use super::reader::LogReader;
use super::recover::MOST_HALF_KEYS;
use super::{IndexOpener, Opening, Progress};
use crate::codec::CodecError;
use crate::error::StoreError;
use crate::frame::{Frame, has_half_keys};
use crate::index::{Filed, Index, IndexError, LookupKey, Watermark};
use crate::store::{MAX_PAGE, Page, Position, corrupt};

/// Why catching up stopped: the log's failures are final, the index's lead to a fresh index.
enum Stopped {
    Log(StoreError),
    Index(IndexError),
}

/// An index that has the whole log.
pub(super) struct CaughtUp {
    pub(super) index: Box<dyn Index>,
    pub(super) opening: Opening,
    /// Filed frames with a wrapped key that is neither whole nor destroyed.
    pub(super) half_keys: Vec<Position>,
}

/// Opens the index of a log and files what it lacks. An index that fails, panics, belongs to another store or another
/// day of this one is thrown away and built anew from the segments. Frames with a wrapped key that is neither whole nor
/// destroyed are filed like others, and named: what was interrupted there can be finished once they are found.
pub(super) fn open_index(
    indexes: &mut dyn IndexOpener,
    reader: &LogReader,
    store_id: [u8; 16],
    (progress, stop): (&mut dyn FnMut(Progress), &dyn Fn() -> bool),
) -> Result<CaughtUp, StoreError> {
    let mut opening = Opening::default();
    let kept = indexes.open(false).map_err(|error| error.reason).and_then(|index| {
        let start = trusted_start(&*index, reader, store_id)?;
        Ok((index, start))
    });
    let reason = match kept {
        Ok((index, start)) => match catch_up(&*index, reader, start, (progress, stop)) {
            Ok((frames, half_keys)) => {
                opening.indexed_frames = frames;
                return Ok(CaughtUp {
                    index,
                    opening,
                    half_keys,
                });
            }
            Err(Stopped::Log(error)) => return Err(error),
            Err(Stopped::Index(error)) => error.reason,
        },
        Err(reason) => reason,
    };
    tracing::warn!(%reason, "rebuilding the index from the segments");
    let index = indexes.open(true)?;
    index.reset(store_id)?;
    let (frames, half_keys) = match catch_up(&*index, reader, Position::START, (progress, stop)) {
        Ok(done) => done,
        Err(Stopped::Log(error)) => return Err(error),
        Err(Stopped::Index(error)) => return Err(error.into()),
    };
    opening.indexed_frames = frames;
    opening.index_rebuilt = Some(reason);
    Ok(CaughtUp {
        index,
        opening,
        half_keys,
    })
}

/// From where the index lacks frames; or why it cannot be trusted.
fn trusted_start(index: &dyn Index, reader: &LogReader, store_id: [u8; 16]) -> Result<Position, String> {
    let text = |error: IndexError| error.reason;
    match index.store_id().map_err(text)? {
        None => {
            index.reset(store_id).map_err(text)?;
            return Ok(Position::START);
        }
        Some(found) if found != store_id => return Err("the index belongs to another store".to_owned()),
        Some(_) => {}
    }
    let Watermark { end, last } = index.watermark().map_err(text)?;
    if end > reader.tail {
        return Err("the index is ahead of the segments: they are older than it is".to_owned());
    }
    let Some((position, id)) = last else {
        return if end == Position::START {
            Ok(end)
        } else {
            Err("the index does not say how it ends".to_owned())
        };
    };
    // The last frame filed must still be the frame that stands there: an index of another day has another one.
    let head = reader
        .record(position)
        .and_then(|record| Frame::decode_head_with_any_keys(&record).map_err(|error| corrupt(position, &error)));
    match head {
        Ok(head) if head.id == id => Ok(end),
        Ok(_) | Err(StoreError::NotFound { .. }) => Err("the index was made for other segments".to_owned()),
        Err(error) => Err(format!("the last frame of the index cannot be read: {error}")),
    }
}

fn catch_up(
    index: &dyn Index,
    reader: &LogReader,
    start: Position,
    (progress, stop): (&mut dyn FnMut(Progress), &dyn Fn() -> bool),
) -> Result<(u64, Vec<Position>), Stopped> {
    let (mut from, mut frames, mut done_bytes, mut half_keys) = (start, 0, 0, Vec::new());
    let total_bytes = reader.bytes_from(start).map_err(Stopped::Log)?;
    while from < reader.tail {
        if stop() {
            return Err(Stopped::Log(StoreError::Closed));
        }
        let page = reader.scan_with_any_keys(from, MAX_PAGE).map_err(Stopped::Log)?;
        note_half_keys(&page, &mut half_keys).map_err(Stopped::Log)?;
        let filed: Vec<Filed> = page
            .entries
            .iter()
            .map(|entry| (entry.position, LookupKey::of_head(&entry.head)))
            .collect();
        let last = page.entries.last().map(|entry| (entry.position, entry.head.id));
        if let Some(last) = last {
            index
                .put(
                    &filed,
                    Watermark {
                        end: page.next,
                        last: Some(last),
                    },
                )
                .map_err(Stopped::Index)?;
        }
        frames += filed.len() as u64;
        done_bytes += page
            .entries
            .iter()
            .map(|entry| entry.record().len() as u64)
            .sum::<u64>();
        progress(Progress::Indexing {
            frames,
            done_bytes: done_bytes.min(total_bytes),
            total_bytes,
        });
        from = page.next;
    }
    Ok((frames, half_keys))
}

fn note_half_keys(page: &Page, half_keys: &mut Vec<Position>) -> Result<(), StoreError> {
    let half = page.entries.iter().filter(|entry| has_half_keys(entry.record()));
    for entry in half {
        if half_keys.len() >= MOST_HALF_KEYS {
            return Err(corrupt(entry.position, &CodecError::WrappedKey));
        }
        half_keys.push(entry.position);
    }
    Ok(())
}
