//! The profiles that a run knows: those named, those of the lake, those of the program.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use carnac_ingest::Profile;

use crate::demo::SAMPLES;

/// Returns every profile, the named ones first, so that they win.
pub(crate) fn load(root: &str, named: &[PathBuf]) -> anyhow::Result<Vec<Arc<Profile>>> {
    let mut profiles = Vec::new();
    let mut paths = Vec::new();
    for path in named {
        if path.is_dir() { paths.extend(in_folder(path)?) } else { paths.push(path.clone()) }
    }
    paths.extend(of_lake(root)?);
    for path in &paths {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("read profile {}", path.display()))?;
        profiles.push(Arc::new(Profile::parse(&text, path)?));
    }
    let embedded = SAMPLES.get_dir("profiles").into_iter().flat_map(|folder| folder.files());
    for file in embedded {
        let text = file.contents_utf8().unwrap_or_default();
        profiles.push(Arc::new(Profile::parse(text, file.path())?));
    }
    Ok(profiles)
}

/// The files of the folder `profiles` of a local lake.
fn of_lake(root: &str) -> anyhow::Result<Vec<PathBuf>> {
    let folder = Path::new(root).join("profiles");
    if root.contains("://") || !folder.is_dir() {
        return Ok(Vec::new());
    }
    in_folder(&folder)
}

/// The `.toml` files of a folder, in the order of their names.
fn in_folder(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = folder.read_dir().with_context(|| format!("list {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("list {}", folder.display()))?.path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
