//! Loading: from what the user gave to a config and its maps, or to every problem with them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::effective::Effective;
use super::files::{self, Files};
use super::mapping::{self, Mapping};
use super::maps;
use super::overrides;
use super::pipeline;
use super::place::{Place, Source, SourceKind};
use super::problem::{Problem, Problems, Severity};
use super::reader::Reader;
use super::settings::Config;
use super::substitute;
use super::tree::{self, Node};
use crate::domain::{MapSpec, Maps, Rules, Settings};

/// What the user gave.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The config file; without one, all settings have their defaults.
    pub file: Option<&'a Path>,
    /// The environment.
    pub env: &'a BTreeMap<String, String>,
    /// The `KEY=VALUE` arguments of `--set`, in their order.
    pub set: &'a [String],
}

/// A config without errors.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// The maps as written, in the order in which the config names them.
    pub specs: Vec<MapSpec>,
    /// The maps compiled with the settings.
    pub maps: Maps,
    /// What is legal but probably not meant.
    pub warnings: Problems,
    /// The settings with their origins.
    pub effective: Effective,
}

/// Maps without errors.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadedMaps {
    /// The maps as written.
    pub specs: Vec<MapSpec>,
    /// The maps compiled together.
    pub maps: Maps,
    /// What is legal but probably not meant.
    pub warnings: Problems,
}

impl Config {
    /// What the maps are compiled with.
    pub fn settings(&self) -> Settings {
        Settings {
            disorder: self.time.disorder,
            bounds: self.limits.bounds,
            kinds: self.types.clone(),
            channels: self.channels.clone(),
            rules: Rules::ALL,
        }
    }
}

/// Loads a config with its maps.
///
/// # Errors
///
/// Every problem found, warnings included, if there is an error among them.
pub fn load(given: &Given<'_>) -> Result<Loaded, Problems> {
    let mut reader = Reader::default();
    let mut root = match given.file {
        None => Node::empty(Place::start(&Source::new(
            SourceKind::File,
            "(no config file)",
            "",
        ))),
        Some(path) => open(path, &mut reader.problems)?,
    };
    let files = given.file.map(Files::beside).unwrap_or_default();
    overrides::environment(&mut root, given.env, &mut reader.problems);
    overrides::arguments(&mut root, given.set, &mut reader.problems);
    substitute::substitute(&mut root, given.env, &files, &mut reader.problems);

    let mut drafts = Vec::new();
    let config = reader.document(&root, |table| {
        pipeline::read(table, |slot| maps::read(slot, &mut drafts))
    });
    let Reader {
        mut problems,
        effective,
    } = reader;
    let documents = maps::open(drafts, &files, &mut problems);
    let channels = root.get("channels").map(|node| &node.place);
    let (specs, maps) = maps::compile(&documents, &config, channels, &mut problems);
    let (maps, warnings) = judge(maps, problems)?;
    Ok(Loaded {
        config,
        specs,
        maps,
        warnings,
        effective,
    })
}

/// Loads maps from files, or built-in ones by `builtin:NAME`, and compiles them together with the
/// settings of `config`.
///
/// # Errors
///
/// Every problem found, warnings included, if there is an error among them.
pub fn load_maps(paths: &[PathBuf], config: &Config) -> Result<LoadedMaps, Problems> {
    let mut problems = Vec::new();
    let documents: Vec<_> = paths
        .iter()
        .filter_map(|path| maps::open_file(path, &mut problems))
        .collect();
    let (specs, maps) = maps::compile(&documents, config, None, &mut problems);
    let (maps, warnings) = judge(maps, problems)?;
    Ok(LoadedMaps {
        specs,
        maps,
        warnings,
    })
}

/// The built-in map `name`, as in `five-stages`; none if there is no such map.
pub fn builtin_map(name: &str) -> Option<MapSpec> {
    let path = PathBuf::from(format!("{}{name}", super::builtin::PREFIX));
    let loaded = load_maps(&[path], &Config::default()).ok()?;
    loaded.specs.into_iter().next()
}

/// Loads a mapping from a file of its own.
///
/// # Errors
///
/// Every problem found.
pub fn load_mapping(path: &Path) -> Result<Mapping, Problems> {
    let mut reader = Reader::default();
    let root = open(path, &mut reader.problems)?;
    let mapping = reader.document(&root, mapping::read);
    judge(Some(mapping), reader.problems).map(|(mapping, _)| mapping)
}

/// The tree of the file at `path`.
fn open(path: &Path, problems: &mut Vec<Problem>) -> Result<Node, Problems> {
    let name = path.display().to_string();
    let text = files::read(path).map_err(|error| {
        let place = Place::start(&Source::new(SourceKind::File, &name, ""));
        let message = format!("cannot be read: {error}");
        Problems::new(vec![Problem::error(&place, "", message, String::new())])
    })?;
    let source = Source::new(SourceKind::File, &name, &text);
    tree::parse(&Arc::clone(&source), problems).map_err(|problem| {
        problems.push(*problem);
        Problems::new(std::mem::take(problems))
    })
}

/// What was loaded with its warnings, unless there was an error.
fn judge<T>(loaded: Option<T>, problems: Vec<Problem>) -> Result<(T, Problems), Problems> {
    let failed = problems
        .iter()
        .any(|problem| problem.severity == Severity::Error);
    let problems = Problems::new(problems);
    match loaded {
        Some(loaded) if !failed => Ok((loaded, problems)),
        _ => Err(problems),
    }
}
