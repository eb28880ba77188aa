//! Bringing an index up to the log when a store is opened: trusting it as far as it proves to belong to this log,
//! rebuilding it otherwise.
//! Left to others: filing while the store runs (`indexer`), how an index is kept (`index`).

use super::reader::LogReader;
use super::{IndexOpener, Opening, Progress};
use crate::error::StoreError;
use crate::index::{Filed, Index, IndexError, LookupKey, Watermark};
use crate::store::{MAX_PAGE, Position};

/// Why catching up stopped: the log's failures are final, the index's lead to a fresh index.
enum Stopped {
    Log(StoreError),
    Index(IndexError),
}

/// Opens the index of a log and files what it lacks. An index that fails, panics, belongs to another store or another
/// day of this one is thrown away and built anew from the segments.
pub(super) fn open_index(
    indexes: &mut dyn IndexOpener,
    reader: &LogReader,
    store_id: [u8; 16],
    (progress, stop): (&mut dyn FnMut(Progress), &dyn Fn() -> bool),
) -> Result<(Box<dyn Index>, Opening), StoreError> {
    let mut opening = Opening::default();
    let kept = indexes.open(false).map_err(|error| error.reason).and_then(|index| {
        let start = trusted_start(&*index, reader, store_id)?;
        Ok((index, start))
    });
    let reason = match kept {
        Ok((index, start)) => match catch_up(&*index, reader, start, (progress, stop)) {
            Ok(frames) => {
                opening.indexed_frames = frames;
                return Ok((index, opening));
            }
            Err(Stopped::Log(error)) => return Err(error),
            Err(Stopped::Index(error)) => error.reason,
        },
        Err(reason) => reason,
    };
    tracing::warn!(%reason, "rebuilding the index from the segments");
    let index = indexes.open(true)?;
    index.reset(store_id)?;
    opening.indexed_frames = match catch_up(&*index, reader, Position::START, (progress, stop)) {
        Ok(frames) => frames,
        Err(Stopped::Log(error)) => return Err(error),
        Err(Stopped::Index(error)) => return Err(error.into()),
    };
    opening.index_rebuilt = Some(reason);
    Ok((index, opening))
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
    match reader.read(position) {
        Ok(frame) if frame.id == id => Ok(end),
        Ok(_) | Err(StoreError::NotFound { .. }) => Err("the index was made for other segments".to_owned()),
        Err(error) => Err(format!("the last frame of the index cannot be read: {error}")),
    }
}

fn catch_up(
    index: &dyn Index,
    reader: &LogReader,
    start: Position,
    (progress, stop): (&mut dyn FnMut(Progress), &dyn Fn() -> bool),
) -> Result<u64, Stopped> {
    let (mut from, mut frames, mut done_bytes) = (start, 0, 0);
    let total_bytes = reader.bytes_from(start).map_err(Stopped::Log)?;
    while from < reader.tail {
        if stop() {
            return Err(Stopped::Log(StoreError::Closed));
        }
        let page = reader.scan(from, MAX_PAGE).map_err(Stopped::Log)?;
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
    Ok(frames)
}
