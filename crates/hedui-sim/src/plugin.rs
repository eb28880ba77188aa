//! A department's own program: answers the protocol from a file of people. What stands behind manifests with `kind = "grpc"` in the demo.
//! Leaves the protocol to the adapter kit, and writing the file to `sources`.

use std::path::Path;
use std::sync::Arc;

use hedui_adapter::samples::{Person, TypedAdapter};
use hedui_adapter::serve::{Serving, serve};
use hedui_adapter::{Catalogue, Description, Folder, Manifest, Variables};

use crate::error::SimError;
use crate::people_file;

/// What a department of the folders says of itself, without reaching its source.
pub fn description(folders: &[Folder], department: &str) -> Result<Description, SimError> {
    let folder = folders.iter().find(|folder| folder.name == department);
    let folder = folder.ok_or_else(|| SimError::Argument(format!("the catalogue has no department `{department}`")))?;
    let stand_in = |name: String| (name, "http://127.0.0.1:1".to_owned());
    let variables: Variables = Manifest::variables(&folder.manifest)
        .into_iter()
        .map(stand_in)
        .collect();
    let manifest = Manifest::parse(&folder.manifest, &variables).map_err(|mistakes| SimError::Source {
        department: department.to_owned(),
        message: mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    })?;
    Ok(manifest.describe())
}

/// Serves a department of the compiled-in catalogue from its file on a free port of 127.0.0.1.
pub async fn start(department: &str, data: &Path) -> Result<Serving, SimError> {
    start_as(description(&Catalogue::bundled_folders(), department)?, data).await
}

/// Serves a department that describes itself so.
pub async fn start_as(description: Description, data: &Path) -> Result<Serving, SimError> {
    let people = people_file::read(data)?.into_iter().map(|person| Person {
        id_number: person.id_number,
        name: person.name,
        records: person.records,
    });
    let adapter = TypedAdapter::new(description, people);
    let failed = |source| SimError::Io {
        what: "binding a port of 127.0.0.1".into(),
        source,
    };
    serve(Arc::new(adapter)).await.map_err(failed)
}
