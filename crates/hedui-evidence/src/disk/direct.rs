//! Long appends go past the system's page cache: evidence is written once and rarely read, and a copy that nobody reads costs pages to find, to fill,
//! to write back and to let go, a third of a millisecond for every megabyte and a half.
//! Leaves short appends, and the ends of long ones that are no whole blocks, to the ordinary way. What was durable is never written again: only
//! blocks that are new from their first byte to their last go this way, so that nobody who erases in a file meets it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// Where pieces begin and how long they are, in the file and in memory: no disk or file system asks for more than a page.
const BLOCK: usize = 4_096;
/// How much one system call writes.
const PIECE: usize = if cfg!(test) { 2 * BLOCK } else { 2 << 20 };
/// Shorter appends take longer this way: their ends are synced by themselves.
pub(super) const FROM_BYTES: usize = if cfg!(test) { BLOCK } else { 512 << 10 };

/// The file that is being appended to, opened for this way of writing.
pub(super) struct Direct {
    open: Option<(String, File)>,
    /// Room for a piece, and for beginning it where a block may.
    room: Vec<u8>,
    /// The file system has refused: it is not asked again.
    refused: bool,
    calls: Calls,
}

/// How files are opened for this way of writing, and written.
#[derive(Clone, Copy)]
struct Calls {
    open: fn(&Path) -> io::Result<File>,
    write: fn(&File, &[u8], u64) -> io::Result<()>,
}

impl Default for Direct {
    fn default() -> Direct {
        let open = |path: &Path| {
            let flags = OFlags::DIRECT.bits().cast_signed();
            OpenOptions::new().write(true).custom_flags(flags).open(path)
        };
        Direct::by(Calls {
            open,
            write: |file, bytes, at| file.write_all_at(bytes, at),
        })
    }
}

impl std::fmt::Debug for Direct {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let open = self.open.as_ref().map(|(name, _)| name);
        let mut out = out.debug_struct("Direct");
        out.field("open", &open)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl Direct {
    fn by(calls: Calls) -> Direct {
        Direct {
            open: None,
            room: Vec::new(),
            refused: false,
            calls,
        }
    }

    /// Whether an append of this length goes this way.
    pub(super) fn takes(&self, bytes: usize) -> bool {
        bytes >= FROM_BYTES && !self.refused
    }

    /// Writes `parts` at `at`, the end of the file; `ordinary` is the same file, opened as always.
    pub(super) fn append(
        &mut self,
        (dir, name): (&Path, &str),
        ordinary: &File,
        at: u64,
        parts: &[&[u8]],
    ) -> io::Result<()> {
        let mut rest = Parts::new(parts);
        let mut at = at;
        let into_block = usize::try_from(at % BLOCK as u64).unwrap_or(0);
        if into_block > 0 {
            at += self.ordinarily(ordinary, at, &mut rest, BLOCK - into_block)?;
        }
        while rest.left >= BLOCK {
            let count = rest.left.min(PIECE) / BLOCK * BLOCK;
            at += self.blocks((dir, name), ordinary, at, &mut rest, count)?;
        }
        let end = rest.left;
        self.ordinarily(ordinary, at, &mut rest, end)?;
        Ok(())
    }

    /// Closes a file before something else is done to it.
    pub(super) fn let_go(&mut self, name: &str) {
        self.open.take_if(|(open, _)| open == name);
    }

    fn ordinarily(&mut self, file: &File, at: u64, rest: &mut Parts<'_>, count: usize) -> io::Result<u64> {
        let piece = self.fill(rest, count)?;
        file.write_all_at(piece, at)?;
        Ok(piece.len() as u64)
    }

    fn blocks(
        &mut self,
        (dir, name): (&Path, &str),
        ordinary: &File,
        at: u64,
        rest: &mut Parts<'_>,
        count: usize,
    ) -> io::Result<u64> {
        let Calls { open, write } = self.calls;
        let file = match self.open.take().filter(|(open, _)| open == name) {
            Some((_, file)) => Ok(file),
            None if self.refused => Err(io::ErrorKind::Unsupported.into()),
            None => open(&dir.join(name)),
        };
        let piece = self.fill(rest, count)?;
        match file.and_then(|file| write(&file, piece, at).map(|()| file)) {
            Ok(file) => self.open = Some((name.to_owned(), file)),
            // Whatever is wrong otherwise, the ordinary way meets it too, or it passes.
            Err(error) => {
                ordinary.write_all_at(piece, at)?;
                if is_refusal(&error) && !self.refused {
                    self.refused = true;
                    tracing::info!(
                        "long groups are written through the page cache: the file system takes none past it"
                    );
                }
            }
        }
        Ok(count as u64)
    }

    /// The next `count` bytes, beginning where a block may.
    fn fill(&mut self, rest: &mut Parts<'_>, count: usize) -> io::Result<&[u8]> {
        if self.room.is_empty() {
            self.room = vec![0; PIECE + BLOCK];
        }
        let begin = self.room.as_ptr().align_offset(BLOCK);
        let room = self.room.get_mut(begin..).and_then(|room| room.get_mut(..count));
        let piece = room.ok_or(io::ErrorKind::OutOfMemory)?;
        rest.copy_to(piece);
        Ok(piece)
    }
}

/// Whether the file system will never take it, rather than not now.
fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}

/// Pieces of memory one after the other, and how far they were taken.
struct Parts<'a> {
    parts: &'a [&'a [u8]],
    /// What is left of the first.
    first: &'a [u8],
    left: usize,
}

impl<'a> Parts<'a> {
    fn new(parts: &'a [&'a [u8]]) -> Parts<'a> {
        Parts {
            parts,
            first: &[],
            left: parts.iter().map(|part| part.len()).sum(),
        }
    }

    /// Fills `into` as far as there is anything left.
    fn copy_to(&mut self, mut into: &mut [u8]) {
        while !into.is_empty() {
            if self.first.is_empty() {
                let Some((first, parts)) = self.parts.split_first() else {
                    return;
                };
                (self.first, self.parts) = (first, parts);
                continue;
            }
            let count = self.first.len().min(into.len());
            let (taken, first) = self.first.split_at(count);
            let (filled, rest) = into.split_at_mut(count);
            filled.copy_from_slice(taken);
            (self.first, into) = (first, rest);
            self.left -= count;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;
    use crate::disk::{Disk as _, RealDisk};

    /// Something done to a file; sizes around those that matter.
    #[derive(Debug, Clone)]
    enum Act {
        Append(Vec<usize>),
        Erase(u64, u64),
        Cut(u64),
        LetGo,
        Sync,
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let length = prop_oneof![0..40usize, BLOCK - 3..BLOCK + 3, 0..5 * PIECE];
        let act = prop_oneof![
            6 => prop::collection::vec(length, 0..4).prop_map(Act::Append),
            2 => (any::<u64>(), 1..9_000u64).prop_map(|(at, count)| Act::Erase(at, count)),
            1 => any::<u64>().prop_map(Act::Cut),
            1 => Just(Act::LetGo),
            1 => Just(Act::Sync),
        ];
        prop::collection::vec(act, 1..12)
    }

    fn bytes(length: usize, seed: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 31 + seed * 7 + at / 251) as u8).collect()
    }

    /// What a position and a count mean in a file of this length.
    fn within(at: u64, count: u64, length: u64) -> (u64, u64) {
        let at = at % (length + 1);
        (at, count.min(length - at))
    }

    fn run(acts: &[Act]) -> Result<(), TestCaseError> {
        let folder = tempfile::tempdir().unwrap();
        let disk = RealDisk::open(folder.path(), false).unwrap();
        disk.create("a").unwrap();
        let mut model: Vec<u8> = Vec::new();
        for (seed, act) in acts.iter().enumerate() {
            let length = model.len() as u64;
            match act {
                Act::Append(lengths) => {
                    let parts: Vec<Vec<u8>> = lengths.iter().map(|length| bytes(*length, seed)).collect();
                    let slices: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
                    disk.append("a", length, &slices).unwrap();
                    model.extend(parts.concat());
                }
                Act::Erase(at, count) => {
                    let (at, count) = within(*at, *count, length);
                    disk.erase("a", &[(at, count)]).unwrap();
                    model[at as usize..(at + count) as usize].fill(0);
                }
                Act::Cut(at) => {
                    let (at, _) = within(*at, 0, length);
                    disk.truncate("a", at).unwrap();
                    model.truncate(at as usize);
                }
                Act::LetGo => disk.let_go("a"),
                Act::Sync => disk.sync("a").unwrap(),
            }
            prop_assert!(fs::read(folder.path().join("a")).unwrap() == model, "after {act:?}");
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Erased places stay erased, and cut ones cut, whatever is appended around them.
        #[test]
        fn a_file_holds_what_was_appended_less_what_was_erased_and_cut(acts in acts()) {
            run(&acts)?;
        }
    }

    /// What an append in two parts leaves, and whether the next one goes the ordinary way from the start.
    fn appended(calls: Calls) -> (bool, bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let ordinary = File::create(&path).unwrap();
        let text = bytes(5 * PIECE + 17, 3);
        let (one, other) = text.split_at(1_234);
        let mut direct = Direct::by(calls);
        assert!(direct.takes(text.len()) && !direct.takes(FROM_BYTES - 1));
        direct
            .append((folder.path(), "a"), &ordinary, 0, &[one, other])
            .unwrap();
        (fs::read(&path).unwrap() == text, direct.refused)
    }

    #[test]
    fn whatever_the_file_system_refuses_everything_is_written() {
        let open = |path: &Path| OpenOptions::new().write(true).open(path);
        let write = |file: &File, bytes: &[u8], at| file.write_all_at(bytes, at);
        assert_eq!(appended(Calls { open, write }), (true, false));
        // It opens the file, takes a part and then no more.
        let write = |file: &File, bytes: &[u8], at| {
            file.write_all_at(&bytes[..bytes.len() / 2], at)?;
            Err(io::ErrorKind::InvalidInput.into())
        };
        assert_eq!(appended(Calls { open, write }), (true, true));
        let write = |_: &File, _: &[u8], _| Err(io::ErrorKind::Unsupported.into());
        assert_eq!(appended(Calls { open, write }), (true, true));
        // What may pass is tried again with the next piece.
        let write = |_: &File, _: &[u8], _| Err(io::ErrorKind::Other.into());
        assert_eq!(appended(Calls { open, write }), (true, false));
        let open = |_: &Path| Err(io::ErrorKind::InvalidInput.into());
        assert_eq!(appended(Calls { open, write }), (true, true));
        let open = |_: &Path| Err(io::Error::other("too many open files"));
        assert_eq!(appended(Calls { open, write }), (true, false));
    }

    #[test]
    fn blocks_go_this_way_and_ends_do_not() {
        static WRITTEN: Mutex<Vec<(u64, usize)>> = Mutex::new(Vec::new());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let ordinary = File::create(&path).unwrap();
        let mut direct = Direct::by(Calls {
            open: |path| OpenOptions::new().write(true).open(path),
            write: |file, bytes, at| {
                assert_eq!(bytes.as_ptr().align_offset(BLOCK), 0);
                WRITTEN.lock().unwrap().push((at, bytes.len()));
                file.write_all_at(bytes, at)
            },
        });
        let text = bytes(PIECE + 3 * BLOCK, 1);
        direct.append((folder.path(), "a"), &ordinary, 100, &[&text]).unwrap();
        let block = BLOCK as u64;
        assert_eq!(*WRITTEN.lock().unwrap(), [(block, PIECE), (3 * block, PIECE)]);
        assert!(fs::read(&path).unwrap()[100..] == text);
    }

    #[test]
    fn an_error_of_the_disk_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"").unwrap();
        // Open for reading only: every write through it fails.
        let ordinary = File::open(&path).unwrap();
        let mut direct = Direct::default();
        let text = bytes(BLOCK + 1, 1);
        assert!(direct.append((folder.path(), "a"), &ordinary, 0, &[&text]).is_err());
        assert!(direct.append((folder.path(), "a"), &ordinary, 7, &[&text]).is_err());
    }
}
