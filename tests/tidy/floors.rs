//! Who imports whom, and what may be named where.

use crate::lexer::paths;
use crate::{Complaints, File, holds, passes, sees};

/// The rooms, and the rooms that each may import. A room that is not listed may not exist.
const FLOORS: &[(&str, &str)] = &[
    ("domain", ""),
    ("wire", "domain"),
    ("traffic", "domain"),
    ("state", "domain wire"),
    ("runtime", "domain wire state"),
    ("kafka", "domain wire state runtime"),
    ("sim", "domain wire state runtime"),
    ("config", "domain wire state runtime kafka sim traffic"),
    ("metrics", "domain wire state runtime"),
    ("http", "domain wire state runtime metrics"),
    (
        "cli",
        "domain wire state runtime kafka sim traffic config metrics http",
    ),
];

/// Where names are banned, which, and why. A name with `::` is the beginning of a path.
const BANNED: &[(&str, &str, &str)] = &[
    (
        "src/domain/",
        "rdkafka tokio tracing prost metrics axum std::io std::fs std::thread std::env std::net \
         SystemTime Instant HashMap HashSet f32 f64",
        "the domain is told, it never asks, and its sums are exact",
    ),
    (
        "src/wire/",
        "rdkafka tokio tracing metrics std::fs std::thread std::env SystemTime Instant",
        "wire turns bytes into values and back, and does nothing else",
    ),
    (
        "src/state/",
        "rdkafka tokio tracing metrics std::fs std::thread std::env SystemTime Instant",
        "state is told the time and reports by what it returns",
    ),
    (
        "src/runtime/",
        "rdkafka tokio metrics metrics_exporter_prometheus SystemTime Instant",
        "the runtime knows logs and clocks as ports, and reports to an observer",
    ),
    (
        "src/traffic/",
        "rdkafka tokio tracing std::fs std::env SystemTime Instant",
        "the same seed gives the same shop",
    ),
    (
        "src/sim/",
        "rdkafka tokio SystemTime Instant",
        "the simulation has a clock of its own",
    ),
    (
        "src/kafka/",
        "tokio",
        "nothing below the HTTP edge is asynchronous",
    ),
];

fn floors(files: &[File]) -> Complaints {
    let mut complaints = Vec::new();
    for file in files {
        let Some(room) = room(&file.path) else {
            continue;
        };
        let Some((_, may)) = FLOORS.iter().find(|(name, _)| *name == room) else {
            complaints.push(format!("{}:1: no such room: add it to FLOORS", file.path));
            continue;
        };
        let door = file.path.ends_with("/mod.rs");
        let depth = file.path.split('/').count() - 1 - usize::from(door);
        for (line, path) in paths(&file.text) {
            // More steps up than the file is deep can only be taken by a module inside the file.
            let up = path.iter().take_while(|part| *part == "super").count();
            let beyond = up >= depth && path.get(up).is_some_and(|to| is_room(to));
            if up > 0 && beyond {
                let mend = "leaves its room by `super`: write `crate`";
                complaints.push(format!("{}:{line}: {mend}", file.path));
            }
            let to = path.get(1).filter(|to| is_room(to) && *to != room);
            let to = to.filter(|_| path[0] == "crate" || path[0] == "wayfarer");
            if let Some(to) = to.filter(|to| !may.split(' ').any(|below| below == *to)) {
                complaints.push(format!("{}:{line}: {room} must not import {to}", file.path));
            }
        }
    }
    complaints
}

/// The room that a file belongs to; none for `lib.rs`, `main.rs` and what is not in `src/`.
fn room(path: &str) -> Option<&str> {
    let room = path.strip_prefix("src/")?.split('/').next()?;
    let room = room.strip_suffix(".rs").unwrap_or(room);
    (room != "lib" && room != "main").then_some(room)
}

fn is_room(name: &str) -> bool {
    FLOORS.iter().any(|(room, _)| *room == name)
}

fn banned(files: &[File]) -> Complaints {
    let mut complaints = Vec::new();
    // Files of nothing but tests may read golden texts.
    let program = |file: &&File| file.path.starts_with("src/") && !file.path.contains("/tests");
    for file in files.iter().filter(program) {
        for (line, path) in paths(&file.text) {
            if path == ["unsafe"] && file.path != "src/kafka/ffi.rs" {
                let mend = "unsafe code belongs in kafka/ffi.rs";
                complaints.push(format!("{}:{line}: {mend}", file.path));
            }
            let joined = path.join("::");
            let named = |name: &&str| match name.contains("::") {
                true => joined == *name || joined.starts_with(&format!("{name}::")),
                false => path.iter().any(|part| part == name),
            };
            for (_, names, why) in BANNED.iter().filter(|(at, ..)| file.path.starts_with(at)) {
                if let Some(name) = names.split(' ').find(named) {
                    complaints.push(format!("{}:{line}: no `{name}` here: {why}", file.path));
                }
            }
        }
    }
    complaints
}

#[test]
fn imports_go_downwards_only() {
    sees(
        floors,
        "src/domain/a.rs",
        "use crate::{domain::x, wire::y};",
    );
    sees(floors, "src/runtime/a.rs", "fn f() { crate::kafka::g() }");
    sees(floors, "src/sim/a.rs", "use crate::kafka::x;");
    sees(floors, "src/domain/a.rs", "use super::super::wire::x;");
    sees(floors, "src/domain/mod.rs", "use super::wire::x;");
    sees(floors, "src/attic/a.rs", "use crate::domain::x;");
    let inside = "use super::super::c;\nmod tests { use super::super::super::d; }";
    passes(floors, "src/wire/a/b.rs", inside);
    let mentioned = "//! [`crate::cli`]\nuse crate::wire as w;";
    passes(floors, "src/kafka/a.rs", mentioned);
    holds(floors);
}

#[test]
fn no_room_names_what_belongs_to_another() {
    sees(banned, "src/domain/a.rs", "use std::{fmt, thread};");
    sees(banned, "src/domain/a.rs", "fn f<'a>(x: &'a f64) {}");
    sees(banned, "src/state/a.rs", "use rdkafka::Message;");
    sees(banned, "src/cli/a.rs", "fn f() { unsafe { g() } }");
    let mentioned = "/// No f64. /* HashMap */\nconst A: &str = r#\"Instant \" \"#;";
    passes(banned, "src/domain/a.rs", mentioned);
    passes(banned, "src/domain/tests.rs", "use std::fs;");
    passes(banned, "src/kafka/ffi.rs", "fn f() { unsafe { g() } }");
    holds(banned);
}
