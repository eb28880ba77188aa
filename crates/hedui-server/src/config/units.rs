//! Durations and byte sizes as people write them: `10s`, `256MiB`.
//! Leaves which sizes are sensible to `resolve`.

use std::time::Duration;

/// Larger first, so that writing takes the largest that fits.
const DURATIONS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];
const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// A whole number and one unit of `units`.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// With the largest unit that leaves a whole number.
fn written(amount: u64, units: &[(&str, u64)], zero: &str) -> String {
    let fitting = units
        .iter()
        .find(|(_, factor)| amount != 0 && amount.is_multiple_of(*factor));
    fitting.map_or_else(
        || zero.to_owned(),
        |(unit, factor)| format!("{}{unit}", amount / factor),
    )
}

/// `500ms`, `10s`, `5m`, `24h`, `7d`.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    scaled(text, &DURATIONS).map(Duration::from_millis)
}

/// As [`parse_duration`] reads it. Anything below a millisecond is dropped.
pub(super) fn show_duration(duration: Duration) -> String {
    written(
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        &DURATIONS,
        "0s",
    )
}

/// `512B`, `64KiB`, `256MiB`, `1GiB`.
pub(super) fn parse_bytes(text: &str) -> Option<u64> {
    scaled(text, &SIZES)
}

/// As [`parse_bytes`] reads it.
pub(super) fn show_bytes(bytes: u64) -> String {
    written(bytes, &SIZES, "0B")
}

/// 64 hexadecimal digits.
pub(super) fn parse_hex32(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (slot, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *slot = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// 64 lower-case hexadecimal digits.
pub(super) fn show_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
