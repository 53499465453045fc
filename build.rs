//! Compiles `proto/wayfarer/v1` with protox, a compiler in Rust: no `protoc` is needed.

use std::error::Error;
use std::path::PathBuf;

/// The messages that are written as JSON too.
const OUTPUTS: [&str; 6] = [
    "Transition",
    "Alert",
    "Session",
    "Conversion",
    "Exposure",
    "KpiSnapshot",
];

/// The fields that hold a moment, besides those whose names end in `_at`.
const MOMENTS: [&str; 5] = ["at", "start", "end", "deadline", "watermark"];

/// Where the JSON spellings of bytes, moments and enums are.
const SPELLINGS: &str = "crate::wire::spelling";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let mut files = std::fs::read_dir("proto/wayfarer/v1")?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>, std::io::Error>>()?;
    files.retain(|path| path.extension().is_some_and(|end| end == "proto"));
    files.sort();

    let descriptors = protox::compile(files, ["proto"])?;
    let mut config = prost_build::Config::new();
    config.btree_map(["."]);
    for message in descriptors.file.iter().flat_map(|file| &file.message_type) {
        if !OUTPUTS.contains(&message.name()) {
            continue;
        }
        let path = format!(".wayfarer.v1.{}", message.name());
        config.type_attribute(
            &path,
            "#[derive(serde::Serialize, serde::Deserialize)] #[serde(default)]",
        );
        for field in &message.field {
            let optional = field.proto3_optional();
            let absent = match optional {
                true => ", skip_serializing_if = \"Option::is_none\"",
                false => "",
            };
            let spelling = match (field.r#type().as_str_name(), field.name()) {
                ("TYPE_BYTES", _) if optional => "optional_hex",
                ("TYPE_BYTES", _) => "hex",
                ("TYPE_ENUM", name) => name,
                ("TYPE_INT64", name) if MOMENTS.contains(&name) || name.ends_with("_at") => {
                    match optional {
                        true => "optional_time",
                        false => "time",
                    }
                }
                _ if optional => {
                    let attribute = "#[serde(skip_serializing_if = \"Option::is_none\")]";
                    config.field_attribute(format!("{path}.{}", field.name()), attribute);
                    continue;
                }
                _ => continue,
            };
            config.field_attribute(
                format!("{path}.{}", field.name()),
                format!("#[serde(with = \"{SPELLINGS}::{spelling}\"{absent})]"),
            );
        }
    }
    config.compile_fds(descriptors)?;
    Ok(())
}
