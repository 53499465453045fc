//! The files that a config names, found from the folder it lies in.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::tree::BYTES_MAX;

/// Reads files whose paths count from one folder.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    /// Paths count from the folder that `file` lies in.
    pub(super) fn beside(file: &Path) -> Self {
        let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
        Self { folder }
    }

    /// The path of `name` as the process can open it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The text of the file `name`, not much longer than the largest document.
    ///
    /// # Errors
    ///
    /// If it cannot be opened or is not UTF-8.
    pub(super) fn read(&self, name: &str) -> io::Result<String> {
        read(&self.path(name))
    }
}

/// The text of a file, cut off behind the size at which a document is refused.
///
/// # Errors
///
/// If it cannot be opened or is not UTF-8.
pub(super) fn read(path: &Path) -> io::Result<String> {
    let limit = BYTES_MAX + 4;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(limit as u64).read_to_end(&mut bytes)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        // Cut inside a character: too large anyway.
        Err(error) if error.as_bytes().len() == limit => {
            Ok(String::from_utf8_lossy(error.as_bytes()).into_owned())
        }
        Err(_) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it is not UTF-8 text",
        )),
    }
}
