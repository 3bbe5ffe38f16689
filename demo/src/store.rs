//! Threads and runs of one server, and the files they are kept in with `--data`.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::clock::{self, Micros};

/// The name a client gives a thread that has none yet.
pub const UNNAMED: &str = "New Thread";

/// What a person called a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadMeta {
    /// Title.
    pub name: Option<String>,
    /// Subtitle.
    pub description: Option<String>,
}

/// A conversation of one user in one room.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Thread {
    /// Room.
    pub room: String,
    /// Id.
    pub id: Uuid,
    /// `preferred_username` of its owner.
    pub user: String,
    /// Creation.
    pub created: Micros,
    /// Name and description.
    pub meta: Option<ThreadMeta>,
    /// The latest of the ends of its runs, and of the creation of those that have not ended.
    pub last_activity: Option<Micros>,
    /// In the order of creation.
    pub runs: Vec<Run>,
}

impl Thread {
    /// The run of that id.
    pub fn run(&self, id: Uuid) -> Option<&Run> {
        // The newest is asked for most.
        self.runs.iter().rev().find(|run| run.id == id)
    }

    /// The run of that id, to change it.
    pub fn run_mut(&mut self, id: Uuid) -> Option<&mut Run> {
        self.runs.iter_mut().rev().find(|run| run.id == id)
    }

    /// Whether it still waits for a title.
    pub fn is_unnamed(&self) -> bool {
        self.meta
            .as_ref()
            .and_then(|meta| meta.name.as_deref())
            .is_none_or(|name| name.is_empty() || name == UNNAMED)
    }
}

/// A thumb, up or down.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Feedback {
    /// `thumbs_up` or `thumbs_down`.
    pub feedback: String,
    /// Free text.
    pub reason: Option<String>,
}

/// One exchange in a thread.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// Id.
    pub id: Uuid,
    /// Run it continues.
    pub parent: Option<Uuid>,
    /// `RunAgentInput` as posted; of the first run, the state to begin with.
    pub input: Option<Value>,
    /// Creation.
    pub created: Micros,
    /// Whether it was posted.
    pub is_started: bool,
    /// End.
    pub finished: Option<Micros>,
    /// As sent.
    pub events: Vec<Value>,
    /// `{"label": …}`
    pub meta: Option<Value>,
    /// Token counts, once finished.
    pub usage: Option<Value>,
    /// The caller's verdict.
    pub feedback: Option<Feedback>,
}

impl Run {
    /// A run that was not started.
    pub fn new(parent: Option<Uuid>, meta: Option<Value>) -> Self {
        Self {
            id: Uuid::new_v4(),
            parent,
            input: None,
            created: clock::now(),
            is_started: false,
            finished: None,
            events: Vec::new(),
            meta,
            usage: None,
            feedback: None,
        }
    }
}

/// Everything one server keeps.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ServerData {
    /// By thread id.
    pub threads: HashMap<Uuid, Thread>,
}

/// A folder of JSON files, or nothing.
#[derive(Debug, Clone)]
pub struct Folder(Option<PathBuf>);

impl Folder {
    /// Makes the folder when it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(path: Option<PathBuf>) -> io::Result<Self> {
        if let Some(path) = &path {
            fs::create_dir_all(path)?;
        }
        Ok(Self(path))
    }

    /// What a file holds; the default when there is none. A file that cannot be read is set aside and told about.
    ///
    /// # Errors
    /// When the file is there but cannot be opened or set aside.
    pub fn load<T: DeserializeOwned + Default>(&self, name: &str) -> io::Result<T> {
        let Some(path) = self.path(name) else {
            return Ok(T::default());
        };
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
            Err(error) => return Err(error),
        };
        match serde_json::from_slice(&bytes) {
            Ok(data) => Ok(data),
            Err(error) => {
                let aside = path.with_extension(format!("json.unreadable-{}", clock::now()));
                fs::rename(&path, &aside)?;
                eprintln!(
                    "{} cannot be read ({error}). It was set aside as {}; starting empty.",
                    path.display(),
                    aside.display()
                );
                Ok(T::default())
            }
        }
    }

    /// Replaces a file in one step, readable by its owner only.
    ///
    /// # Errors
    /// When the file cannot be written; the old one is then untouched.
    pub fn save(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let Some(path) = self.path(name) else {
            return Ok(());
        };
        let draft = path.with_extension("json.new");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, &path)
    }

    /// Whether anything is kept at all.
    pub fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.0
            .as_deref()
            .map(|folder: &Path| folder.join(format!("{name}.json")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn folder() -> (Folder, PathBuf) {
        let path = std::env::temp_dir().join(format!("enfilade-demo-{}", Uuid::new_v4()));
        (Folder::open(Some(path.clone())).unwrap(), path)
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let (folder, path) = folder();
        folder.save("harbor", br#"{"threads":{}}"#).unwrap();
        assert!(
            folder
                .load::<ServerData>("harbor")
                .unwrap()
                .threads
                .is_empty()
        );
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_read_is_set_aside() {
        let (folder, path) = folder();
        fs::write(path.join("harbor.json"), b"{\"threads\":").unwrap();
        assert!(
            folder
                .load::<ServerData>("harbor")
                .unwrap()
                .threads
                .is_empty()
        );
        let names: Vec<_> = fs::read_dir(&path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names.len(), 1);
        assert!(
            names[0]
                .to_string_lossy()
                .starts_with("harbor.json.unreadable-")
        );
        fs::remove_dir_all(path).unwrap();
    }
}
