//! Page tokens: opaque, bound to their list, worth nothing to anyone else.
//! Leaves the order of lists to the broker.

use hedui_evidence::Position;
use tonic::{Code, Status};

use crate::grpc::status::refusal;

/// Entries of a page where the request says nothing, and at most.
const DEFAULT: usize = 50;
const MOST: usize = 500;

/// Size of a page: 50 where 0, at most 500.
///
/// Errors: negative sizes.
pub fn size(asked: i32) -> Result<usize, Status> {
    match usize::try_from(asked) {
        Ok(0) => Ok(DEFAULT),
        Ok(n) => Ok(n.min(MOST)),
        Err(_) => {
            let (zh, en) = ("每页数量不能为负", "page_size is 0 or positive");
            Err(refusal(Code::InvalidArgument, "PAGE_SIZE_INVALID", en, zh))
        }
    }
}

/// A token for the page after a position.
pub fn write(position: Position, list: &str) -> String {
    let mut bytes = [0u8; 20];
    let (segment, rest) = bytes.split_at_mut(8);
    let (offset, check) = rest.split_at_mut(8);
    segment.copy_from_slice(&position.segment.to_be_bytes());
    offset.copy_from_slice(&position.offset.to_be_bytes());
    check.copy_from_slice(&digest(position, list));
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The position of a token; none for the first page.
///
/// Errors: a token of another list, or none of ours.
pub fn read(token: &str, list: &str) -> Result<Option<Position>, Status> {
    if token.is_empty() {
        return Ok(None);
    }
    let (zh, en) = (
        "分页标记无效",
        "use the next_page_token of the page before, with the same district",
    );
    let invalid = || refusal(Code::InvalidArgument, "PAGE_TOKEN_INVALID", en, zh);
    if token.len() != 40 || !token.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(invalid());
    }
    let number = |range: std::ops::Range<usize>| {
        token
            .get(range)
            .and_then(|t| u64::from_str_radix(t, 16).ok())
            .ok_or_else(invalid)
    };
    let position = Position {
        segment: number(0..16)?,
        offset: number(16..32)?,
    };
    let check: String = digest(position, list).iter().map(|b| format!("{b:02x}")).collect();
    if token.get(32..) == Some(check.as_str()) {
        Ok(Some(position))
    } else {
        Err(invalid())
    }
}

/// Tells a token that was not meant for this list. A position gives no right to anything, so this guards against mistakes only.
fn digest(position: Position, list: &str) -> [u8; 4] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"hedui page token v1").update(list.as_bytes());
    hasher
        .update(&position.segment.to_be_bytes())
        .update(&position.offset.to_be_bytes());
    hasher.finalize().as_bytes().first_chunk().copied().unwrap_or_default()
}
