//! "Did you mean": the nearest of some names.
//! Leaves which names there are to the caller.

/// Longest name that is compared; a longer one is no slip of the finger.
const MAX_CHARS: usize = 64;

/// A hint with the name that is at most two slips away, or a third of its length for a long one.
pub fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    if wrong.chars().count() > MAX_CHARS {
        return None;
    }
    let allowed = wrong.chars().count().div_ceil(3).clamp(1, 3);
    let best = names.map(|name| (distance(wrong, name), name)).min()?;
    (best.0 <= allowed).then(|| format!("did you mean `{}`?", best.1))
}

/// Number of characters to insert, delete or replace.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (slot, cb) in row.iter_mut().skip(1).zip(b.chars()) {
            let replaced = diagonal + usize::from(ca != cb);
            diagonal = *slot;
            left = replaced.min(diagonal + 1).min(left + 1);
            *slot = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
