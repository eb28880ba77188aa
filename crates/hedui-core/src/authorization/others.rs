//! For which programmes besides those asked for the letters let the answers be looked at.
//! Leaves reading letters, and who is asked, to `authorization`.

use super::{Authorization, JOINT_ASSISTANCE, Reach, reach};
use crate::names::ProgrammeId;

/// Programmes besides those asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Others {
    All,
    These(Vec<ProgrammeId>),
}

/// The programmes besides those asked for, of which the letters covering one member open no fewer departments.
pub(super) fn besides(letters: &[&Authorization], programmes: &[ProgrammeId], asked: &Reach) -> Others {
    let no_fewer = |programme: &ProgrammeId| match (reach(letters, std::slice::from_ref(programme)), asked) {
        (Ok(Reach::All), _) => true,
        (Ok(Reach::These(these)), Reach::These(asked)) => asked.iter().all(|department| these.contains(department)),
        (Ok(Reach::These(_)), Reach::All) | (Err(_), _) => false,
    };
    let named = letters.iter().flat_map(|letter| &letter.programmes);
    let mut others: Vec<ProgrammeId> = Vec::new();
    for programme in named.filter(|p| !programmes.contains(p)) {
        if others.contains(programme) || !no_fewer(programme) {
            continue;
        }
        if programme.as_str() == JOINT_ASSISTANCE {
            return Others::All;
        }
        others.push(programme.clone());
    }
    Others::These(others)
}

/// What both are for.
pub(super) fn both(one: Others, other: Others) -> Others {
    match (one, other) {
        (Others::All, rest) | (rest, Others::All) => rest,
        (Others::These(mut these), Others::These(those)) => {
            these.retain(|programme| those.contains(programme));
            Others::These(these)
        }
    }
}
