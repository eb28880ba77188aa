//! Every mistake of a department's folder at once, each with file, line, column and a hint; and what is no mistake, but better otherwise.
//! Leaves reading the files to the caller, and whether the source answers to the conformance kit.

use hedui_toml::{Mistake, Mistakes};

use crate::catalogue::Folder;
use crate::manifest::{Connector, Manifest, ManifestError, Variables};

/// The mistakes in the manifest and the cases of a folder; `at` is written before the files' names.
///
/// A variable that is not given stands for a text that fits anywhere: its value is the operator's, not the folder's.
///
/// # Errors
/// All of them, by file, line and column.
pub fn lint(folder: &Folder, at: &str, given: &Variables) -> Result<Manifest, Mistakes> {
    let mut variables = Manifest::placeholders(&folder.manifest);
    variables.extend(given.clone());
    let file = |name: &str| format!("{at}{name}");
    let mut mistakes: Vec<Mistake> = Vec::new();
    let manifest = Manifest::parse(&folder.manifest, &variables);
    match &manifest {
        Ok(manifest) if manifest.id.as_str() != folder.name => {
            let place = hedui_toml::locate(&folder.manifest, &[hedui_toml::Step::Key("id".to_owned())], false);
            let mistake = ManifestError {
                place: Some(place),
                ..ManifestError::new("id", format!("must be {:?}, the name of the folder", folder.name))
            };
            mistakes.push(mistake.in_file(&file("department.toml")));
        }
        Ok(_) => {}
        Err(found) => mistakes.extend(found.iter().cloned().map(|m| m.in_file(&file("department.toml")))),
    }
    let elsewhere = manifest.as_ref().is_ok_and(|m| m.connector.is_answered_elsewhere());
    if folder.cases.is_empty() && elsewhere {
        // There is no source that could be made out of cases.
    } else if folder.cases.is_empty() {
        let missing = ManifestError::new("case", "there is no cases.toml: a department has at least one [[case]]");
        mistakes.push(missing.in_file(&file("cases.toml")));
    } else if let Err(found) = crate::cases::parse(&folder.cases) {
        mistakes.extend(found.into_iter().map(|m| m.in_file(&file("cases.toml"))));
    }
    match manifest {
        Ok(manifest) if mistakes.is_empty() => Ok(manifest),
        _ => Err(Mistakes(mistakes)),
    }
}

/// What a database without `sample` is told.
const NO_SAMPLE: &str = "no `sample`: an emptied table, and a column that keeps numbers in another form than the query asks for, would be read as no record; \
select what the query compares, of some people: sample = \"SELECT column FROM table LIMIT 200\"";

/// What a manifest without mistakes had better say as well, with its place and the reason `ADVICE`.
pub fn advice(folder: &Folder, at: &str, manifest: &Manifest) -> Vec<Mistake> {
    let mut found = Vec::new();
    let without_success = matches!(&manifest.connector, Connector::Http(http) if http.success.is_none());
    let without_sample = manifest.connector.sample().is_some_and(<[String]>::is_empty);
    let advised = [
        (without_success, crate::conformance::errors::NO_SUCCESS),
        (without_sample, NO_SAMPLE),
    ];
    for (_, text) in advised.into_iter().filter(|(applies, _)| *applies) {
        let place = hedui_toml::locate(
            &folder.manifest,
            &[hedui_toml::Step::Key("connector".to_owned())],
            false,
        );
        let advice = ManifestError {
            place: Some(place),
            reason: "ADVICE",
            ..ManifestError::new("connector", text)
        };
        found.push(advice.in_file(&format!("{at}department.toml")));
    }
    found
}
