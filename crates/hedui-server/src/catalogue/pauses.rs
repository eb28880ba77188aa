//! The pauses as a file, so that a department that was paused is not asked after a restart: written whole, durably, before they take effect.
//! Leaves what a pause means to the broker.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;

use hedui_broker::Pause;
use hedui_core::DepartmentId;

const FILE: &str = "paused.json";

/// The file in its folder; without a folder nothing outlives the process.
pub(super) struct PauseFile(Option<PathBuf>);

impl PauseFile {
    pub fn new(folder: Option<PathBuf>) -> PauseFile {
        PauseFile(folder)
    }

    /// What is kept; nothing where there is no file yet.
    pub fn read(&self) -> io::Result<BTreeMap<DepartmentId, Pause>> {
        let Some(folder) = &self.0 else {
            return Ok(BTreeMap::new());
        };
        match fs::read(folder.join(FILE)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error),
        }
    }

    /// Keeps these in the place of what was kept.
    pub fn write(&self, pauses: &BTreeMap<DepartmentId, Pause>) -> io::Result<()> {
        let Some(folder) = &self.0 else {
            return Ok(());
        };
        let (path, new) = (folder.join(FILE), folder.join(format!("{FILE}.new")));
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec_pretty(pauses)?)?;
        file.sync_all()?;
        fs::rename(new, path)?;
        File::open(folder)?.sync_all()
    }
}
