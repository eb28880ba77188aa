//! "Did you mean": the nearest of some names.
//! Leaves which names there are to the caller.

/// Longest name that is compared; a longer one is no slip of the finger.
const MAX_CHARS: usize = 64;

/// The name that is one to three slips away, by the length of what was written.
pub(super) fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let length = wrong.chars().count();
    if length > MAX_CHARS {
        return None;
    }
    let (slips, name) = names.map(|name| (slips(wrong, name), name)).min()?;
    (slips <= (length / 3).clamp(1, 3)).then_some(name)
}

/// How many characters must be inserted, deleted or replaced to make one from the other.
fn slips(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (done, character) in from.chars().enumerate() {
        let mut left = done + 1;
        let mut next = vec![left];
        for ((above_left, above), wanted) in row.iter().zip(row.iter().skip(1)).zip(&to) {
            let replaced = above_left + usize::from(character != *wanted);
            left = replaced.min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
