//! The demo's district: its people, its sources, its plugin process, and the two departments that go silent.
//! Leaves inventing people and writing sources to `hedui-sim`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use hedui_adapter::manifest::{Connector, Variables};
use hedui_adapter::{Catalogue, Folder};
use hedui_sim::population::Settings;
use hedui_sim::{PluginData, Population, Sources, generate};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::demo::DemoArgs;
use crate::demo::choose::Three;

/// Departments of which the first two with a file of their own fall silent for the third report.
const SILENCED: [&str; 5] = ["traffic-police", "finance-office", "housing", "commerce", "taxation"];

/// A plugin in a process of its own.
struct Plugin {
    data: PluginData,
    address: String,
    child: Child,
}

/// The district.
pub struct District {
    population: Population,
    folders: Vec<Folder>,
    sources: Sources,
    plugins: Vec<Plugin>,
    directory: PathBuf,
    /// Removes the folder at the end, where it is ours.
    _temporary: Option<tempfile::TempDir>,
    moved: Vec<(PathBuf, PathBuf)>,
    code: String,
}

impl District {
    /// Invents the people, writes the sources, starts the plugins.
    pub async fn build(args: &DemoArgs, today: hedui_core::Date) -> anyhow::Result<District> {
        let (directory, temporary) = match &args.directory {
            Some(directory) => (directory.clone(), None),
            None => {
                let temporary = tempfile::Builder::new()
                    .prefix("hedui-demo-")
                    .tempdir()
                    .context("a temporary folder")?;
                (temporary.path().to_path_buf(), Some(temporary))
            }
        };
        let folders = match &args.adapters {
            Some(adapters) => Catalogue::folders(adapters)
                .with_context(|| format!("cannot read the manifests in {}", adapters.display()))?,
            None => Catalogue::bundled_folders(),
        };
        let settings = Settings {
            seed: args.seed,
            district: args.district.clone(),
            households: args.households,
            as_of: today,
            // Whoever signs wishes to be told what else they are entitled to.
            programmes: vec![
                "dibao".to_owned(),
                hedui_core::authorization::JOINT_ASSISTANCE.to_owned(),
            ],
        };
        let population = generate(&settings)?;
        let sources = hedui_sim::sources::write(&population, &folders, &directory.join("sources")).await?;
        let mut plugins = Vec::new();
        for data in &sources.plugins {
            plugins.push(Plugin::start(data.clone(), args.adapters.as_deref()).await?);
        }
        Ok(District {
            population,
            folders,
            sources,
            plugins,
            directory,
            _temporary: temporary,
            moved: Vec::new(),
            code: args.district.clone(),
        })
    }

    /// The people.
    pub fn population(&self) -> &Population {
        &self.population
    }

    /// Where everything is kept.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The variables of the manifests: folder, web server, addresses of the plugins.
    pub fn variables(&self) -> Variables {
        let mut variables = self.sources.variables.clone();
        for plugin in &self.plugins {
            variables.insert(plugin.data.variable.clone(), plugin.address.clone());
        }
        variables
    }

    /// How many departments of which kind: `12 sqlite, 5 csv`.
    pub fn kinds(&self) -> String {
        let Ok(catalogue) = Catalogue::load(&self.folders, &self.variables()) else {
            return String::new();
        };
        let mut counts = std::collections::BTreeMap::new();
        for manifest in catalogue.manifests() {
            let kind = match &manifest.connector {
                Connector::Sqlite { .. } => "SQLite databases",
                Connector::Postgres(_) => "PostgreSQL databases",
                Connector::Mysql(_) => "MySQL databases",
                Connector::Odbc(_) => "ODBC databases",
                Connector::Csv { .. } => "CSV drops",
                Connector::Excel { .. } => "Excel workbooks",
                Connector::Dbf { .. } => "dBASE drops",
                Connector::Http(_) => "HTTP/JSON services",
                Connector::Grpc { .. } => "gRPC plugin process",
                Connector::People(_) => "people",
                Connector::Exec(_) => "programs",
                Connector::Json(_) => "JSON plugins",
                Connector::Peer(_) => "peers",
            };
            *counts.entry(kind).or_insert(0u32) += 1;
        }
        counts
            .iter()
            .map(|(kind, n)| format!("{n} {kind}"))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Makes two departments fall silent for real: their files are moved away. Returns their ids.
    pub fn switch_off(&mut self) -> anyhow::Result<Vec<String>> {
        let catalogue = Catalogue::load(&self.folders, &self.variables()).ok();
        let mut off = Vec::new();
        for id in SILENCED {
            let manifest = catalogue
                .as_ref()
                .and_then(|c| c.manifests().iter().find(|m| m.id.as_str() == id));
            let path = manifest.and_then(|m| match &m.connector {
                Connector::Sqlite { path, .. } => Some(PathBuf::from(path)),
                other => other.file().map(|file| PathBuf::from(file.path())),
            });
            if let Some(path) = path.filter(|_| off.len() < 2) {
                let away = path.with_extension("away");
                std::fs::rename(&path, &away).with_context(|| format!("moving {} away", path.display()))?;
                self.moved.push((path, away));
                off.push(id.to_owned());
            }
        }
        Ok(off)
    }

    /// Brings them back.
    pub fn switch_on(&mut self) -> anyhow::Result<()> {
        for (path, away) in self.moved.drain(..) {
            std::fs::rename(&away, &path).with_context(|| format!("moving {} back", path.display()))?;
        }
        Ok(())
    }

    /// Writes the first household as an application file, for the user to verify and to change.
    pub fn write_household(&self, three: &Three) -> anyhow::Result<PathBuf> {
        let file = self.directory.join("household.toml");
        let text = three.qualifies.file(&self.code).to_toml()?;
        std::fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        Ok(file)
    }

    /// Ends the plugin processes.
    pub async fn end(mut self) {
        for plugin in &mut self.plugins {
            // Already ended is as good.
            let _ = plugin.child.kill().await;
        }
    }
}

impl Plugin {
    /// Starts this program again as the plugin of one department, and reads the address that it prints first.
    async fn start(data: PluginData, adapters: Option<&Path>) -> anyhow::Result<Plugin> {
        let program = std::env::current_exe().context("where this program stands")?;
        let mut command = Command::new(program);
        command
            .args(["sim-plugin", "--department", data.department.as_str(), "--data"])
            .arg(&data.file);
        if let Some(adapters) = adapters {
            command.arg("--catalogue").arg(adapters);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("starting a plugin process")?;
        let stdout = child.stdout.take().context("the plugin's output")?;
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .await
            .context("reading the plugin's address")?;
        let address = line.trim().to_owned();
        anyhow::ensure!(
            address.starts_with("http://"),
            "the plugin of {} printed no address",
            data.department
        );
        Ok(Plugin { data, address, child })
    }
}
