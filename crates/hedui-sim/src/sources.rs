//! The truth written into real sources: databases, text files, workbooks, a web server, the data of plugins. Only through manifests.
//! Leaves reading them to the connectors, and starting plugins to `plugin` or to whoever has a process to spare.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use hedui_adapter::manifest::{Connector, Manifest, ManifestError, Variables};
use hedui_adapter::samples::{SampleRow, SampleServer, materialise, sample_row};
use hedui_adapter::{Catalogue, Folder};
use hedui_core::DepartmentId;

use crate::error::SimError;
use crate::people_file::{self, HeldPerson};
use crate::population::{PersonRecords, Population};

/// Threads that write: more than that wait for one disk.
const WRITERS: usize = 4;

/// Where a plugin has to be started, and what it answers from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginData {
    /// The department.
    pub department: DepartmentId,
    /// Its people, in the form of [`crate::people_file`].
    pub file: PathBuf,
    /// The variable of the manifest that its address is given to, for example `grpc_rural_commercial_bank`.
    pub variable: String,
}

/// The written sources of a district; the web server ends when this is dropped.
pub struct Sources {
    server: SampleServer,
    /// `data` and `http`; the addresses of plugins are added once they run.
    pub variables: Variables,
    /// Plugins to start.
    pub plugins: Vec<PluginData>,
    /// Records written.
    pub records: usize,
    /// Records of which a source could not hold every field; none in the compiled-in catalogue.
    pub lossy: usize,
    /// Records that no source can hold: their department is not in the catalogue, or has no place for the type.
    pub left_out: usize,
}

/// Everything but the server.
impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources")
            .field("url", &self.server.url())
            .field("plugins", &self.plugins)
            .field("records", &self.records)
            .field("lossy", &self.lossy)
            .field("left_out", &self.left_out)
            .finish_non_exhaustive()
    }
}

/// Writes a population into the sources of a catalogue's folders, below `dir`.
///
/// Every department of the catalogue gets its source, an empty one where the population has nothing for it. Blocks its thread while it writes
/// (a second or two for 500 households): call it before serving anybody.
pub async fn write(population: &Population, folders: &[Folder], dir: &Path) -> Result<Sources, SimError> {
    let server = SampleServer::start()
        .await
        .map_err(|error| problem("web server", &error))?;
    std::fs::create_dir_all(dir).map_err(|source| SimError::Io {
        what: "creating the data folder".into(),
        source,
    })?;
    let mut variables = Variables::new();
    variables.insert("data".to_owned(), dir.display().to_string());
    variables.insert("http".to_owned(), server.url());
    let parts = departments(population, folders, &variables, dir, &server)?;
    let mut sources = Sources {
        server,
        variables,
        plugins: Vec::new(),
        records: 0,
        lossy: 0,
        left_out: 0,
    };
    let sizes = population.sizes();
    for part in &parts {
        sources.records += part.records;
        sources.lossy += part.lossy;
        sources.left_out += part.left_out;
        sources.plugins.extend(part.plugin.clone());
    }
    let unknown = sizes
        .iter()
        .filter(|(id, _)| !parts.iter().any(|part| part.department == **id));
    sources.left_out += unknown.map(|(_, records)| records).sum::<usize>();
    Ok(sources)
}

/// What was written for one department.
struct Part {
    department: DepartmentId,
    records: usize,
    lossy: usize,
    left_out: usize,
    plugin: Option<PluginData>,
}

/// Departments have nothing in common, so they are written on a few threads at once; the parts come in the order of the folders.
fn departments(
    population: &Population,
    folders: &[Folder],
    variables: &Variables,
    dir: &Path,
    server: &SampleServer,
) -> Result<Vec<Part>, SimError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(folder) = folders.get(number) else { return done };
            let part = Writer {
                population,
                variables,
                dir,
                server,
            }
            .department(folder);
            done.push((number, part));
        }
    };
    let mut parts = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS).map(|_| scope.spawn(work)).collect();
        let mut parts = Vec::with_capacity(folders.len());
        for thread in threads {
            parts.extend(thread.join().map_err(|_| problem("sources", &"a writer panicked"))?);
        }
        Ok::<_, SimError>(parts)
    })?;
    parts.sort_by_key(|(number, _)| *number);
    parts.into_iter().map(|(_, part)| part).collect()
}

impl Sources {
    /// The catalogue of these sources; `endpoints` gives the address of each plugin by its department.
    pub fn catalogue(
        &self,
        folders: &[Folder],
        endpoints: &[(DepartmentId, String)],
    ) -> Result<(Catalogue, Variables), SimError> {
        let mut variables = self.variables.clone();
        for plugin in &self.plugins {
            let endpoint = endpoints
                .iter()
                .find(|(id, _)| *id == plugin.department)
                .map(|(_, address)| address);
            let endpoint = endpoint.ok_or_else(|| SimError::Source {
                department: plugin.department.to_string(),
                message: "its plugin has no address".to_owned(),
            })?;
            variables.insert(plugin.variable.clone(), endpoint.clone());
        }
        let catalogue = Catalogue::load(folders, &variables).map_err(|mistakes| SimError::Source {
            department: "catalogue".to_owned(),
            message: mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        })?;
        Ok((catalogue, variables))
    }
}

/// Writes departments one by one.
struct Writer<'a> {
    population: &'a Population,
    variables: &'a Variables,
    dir: &'a Path,
    server: &'a SampleServer,
}

impl Writer<'_> {
    fn department(&self, folder: &Folder) -> Result<Part, SimError> {
        let manifest = parse(folder, self.variables)?;
        let mut part = Part {
            department: manifest.id.clone(),
            records: 0,
            lossy: 0,
            left_out: 0,
            plugin: None,
        };
        if manifest.connector.is_plugin() {
            self.plugin(folder, &mut part)?;
            return Ok(part);
        }
        let mut rows = Vec::new();
        for person in self.population.held_by(&manifest.id) {
            part.add(&manifest, person, &mut rows);
        }
        let written = match &manifest.connector {
            Connector::Http(_) => self.server.put(&manifest, &rows),
            _ => materialise(&manifest, &rows),
        };
        written.map_err(|error| problem(manifest.id.as_str(), &error))?;
        Ok(part)
    }

    fn plugin(&self, folder: &Folder, part: &mut Part) -> Result<(), SimError> {
        let unknown = |name: &String| !self.variables.contains_key(name);
        let variable = Manifest::variables(&folder.manifest).into_iter().find(unknown);
        let file = self.dir.join(format!("{}.people.jsonl", part.department));
        let people = self.population.held_by(&part.department).map(|person| HeldPerson {
            id_number: person.id.expose().to_owned(),
            name: person.registered_name.clone(),
            records: person.records.clone(),
        });
        part.records = people_file::write(&file, people)?;
        let department = part.department.clone();
        part.plugin = Some(PluginData {
            department,
            file,
            variable: variable.unwrap_or_default(),
        });
        Ok(())
    }
}

impl Part {
    fn add(&mut self, manifest: &Manifest, person: &PersonRecords, rows: &mut Vec<SampleRow>) {
        let Some(mapping) = &manifest.mapping else { return };
        let (id, name) = (&person.id, person.registered_name.as_str());
        for record in &person.records {
            let exact = sample_row(manifest, record, id, name).ok();
            let lossy = exact.is_none();
            let fitted = || sample_row(manifest, &mapping.fit(record, id, name)?, id, name).ok();
            let Some(mut made) = exact.or_else(fitted) else {
                self.left_out += 1;
                continue;
            };
            // The mapping writes the number in its form of 18; the register may keep the one of 15.
            made.row.set(&mapping.identity.id_number, person.registered_id.as_str());
            rows.push(made);
            self.records += 1;
            self.lossy += usize::from(lossy);
        }
    }
}

/// A manifest with a stand-in for what is not known yet: the addresses of plugins.
fn parse(folder: &Folder, variables: &Variables) -> Result<Manifest, SimError> {
    let mut all = variables.clone();
    for name in Manifest::variables(&folder.manifest) {
        all.entry(name).or_insert_with(|| "http://127.0.0.1:1".to_owned());
    }
    Manifest::parse(&folder.manifest, &all).map_err(|mistakes: Vec<ManifestError>| SimError::Source {
        department: folder.name.clone(),
        message: mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    })
}

fn problem(department: &str, error: &dyn std::fmt::Display) -> SimError {
    SimError::Source {
        department: department.to_owned(),
        message: error.to_string(),
    }
}
