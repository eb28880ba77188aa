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

/// How many characters must be inserted, deleted, replaced or exchanged with their neighbour to make one from the other, none
/// of them twice.
fn slips(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last = None;
    for (done, character) in from.chars().enumerate() {
        let mut next = vec![done + 1];
        for (column, wanted) in to.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&row, column) + usize::from(character != *wanted);
            let mut fewest = replaced.min(at(&row, column + 1) + 1).min(at(&next, column) + 1);
            if let Some(previous) = column.checked_sub(1)
                && last == Some(*wanted)
                && to.get(previous) == Some(&character)
            {
                fewest = fewest.min(at(&before, previous) + 1);
            }
            next.push(fewest);
        }
        before = std::mem::replace(&mut row, next);
        last = Some(character);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
