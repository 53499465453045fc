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
            let count = match field.label().as_str_name() {
                "LABEL_REPEATED" => Count::Many,
                _ if field.proto3_optional() => Count::NoneOrOne,
                _ => Count::One,
            };
            let kind = field.r#type().as_str_name();
            if let Some(attribute) = attribute(field.name(), kind, count) {
                config.field_attribute(format!("{path}.{}", field.name()), attribute);
            }
        }
    }
    config.compile_fds(descriptors)?;
    Ok(())
}

/// How many values a field has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Count {
    One,
    NoneOrOne,
    Many,
}

/// How serde treats a field: what is absent is left out, and some types are spelled as text.
fn attribute(name: &str, kind: &str, count: Count) -> Option<String> {
    let optional = count == Count::NoneOrOne;
    let is_moment = MOMENTS.contains(&name) || name.ends_with("_at");
    let spelling = match kind {
        "TYPE_BYTES" if optional => Some("optional_hex"),
        "TYPE_BYTES" => Some("hex"),
        "TYPE_INT64" if is_moment && optional => Some("optional_time"),
        "TYPE_INT64" if is_moment => Some("time"),
        "TYPE_ENUM" => Some(name),
        _ => None,
    };
    let spelling = spelling.map(|module| format!("with = \"{SPELLINGS}::{module}\""));
    let absent = match kind {
        _ if optional => Some("skip_serializing_if = \"Option::is_none\"".to_owned()),
        "TYPE_STRING" if count == Count::Many => {
            Some("skip_serializing_if = \"Vec::is_empty\"".to_owned())
        }
        _ => None,
    };
    let parts: Vec<_> = [spelling, absent].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("#[serde({})]", parts.join(", ")))
}
