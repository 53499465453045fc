//! The config: one YAML file, the environment and `--set`, read into typed values with every
//! mistake found at once.
//!
//! ```text
//! text ─▶ tree ─▶ overrides ─▶ substitution ─▶ reader ─▶ Config, maps
//!         places   env, --set   ${…}            types, ranges, unknown keys
//! ```
//!
//! Later wins: defaults, the file, `WAYFARER__…` variables, `--set`. Every value keeps the place it
//! was written at, so that a problem names file, line and column, and `wayfarer echo` says where
//! each setting came from. The environment is an argument; nothing here reads it.

mod builtin;
mod effective;
mod files;
mod librdkafka;
mod load;
mod map;
mod mapping;
mod maps;
mod names;
mod overrides;
mod path;
mod pipeline;
mod place;
mod problem;
mod reader;
mod setting;
mod settings;
mod slot;
mod substitute;
#[cfg(test)]
mod tests;
mod tree;

pub use builtin::MAPS as BUILTIN_MAPS;
pub use effective::Effective;
pub use load::{Given, Loaded, LoadedMaps, builtin_map, load, load_mapping, load_maps};
pub use mapping::{Field, From, Mapping, Money, TimeFormat};
pub use place::{Place, Source, SourceKind};
pub use problem::{Problem, Problems, Severity};
pub use settings::{
    Config, Delivery, Http, Input, InputFormat, Kafka, Late, Limits, Log, LogFormat, MapSource,
    Mismatch, Output, OutputFormat, Outputs, Property, State, Time,
};
