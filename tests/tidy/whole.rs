//! How files hang together, and what comes from outside.

use std::collections::BTreeSet;

use crate::lexer::{blank, paths};
use crate::{Complaints, File, file, holds, passes, project, sees};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Values without behaviour, which the reference program may share with the domain.
const PLAIN_VALUES: &str = "AbandonmentSpec Abandonment Bounce Cause ChannelId ChannelSet \
    Converted Currency CustomerId Effect EffectId EffectKind EventTime Exposure InstanceKey KindId \
    MapSpec Maps Millis Moves Recovery Retraction ReturnSpec SessionEnded SessionSpec Sign \
    StageSpec StepIx StepSpec Touchpoint vocabulary";

/// Files in `src/` and in folders of `tests/` that no `mod` leads to.
fn dead_files(files: &[File]) -> Complaints {
    let text = |path: &str| {
        files
            .iter()
            .find(|file| file.path == path)
            .map(|file| &*file.text)
    };
    let mut complaints = Vec::new();
    for File { path, .. } in files {
        let in_tests = path.starts_with("tests/") && path.split('/').count() > 2;
        let Some(module) = path
            .strip_suffix(".rs")
            .filter(|_| path.starts_with("src/") || in_tests)
        else {
            continue;
        };
        let module = module.strip_suffix("/mod").unwrap_or(module);
        let Some((folder, name)) = module.rsplit_once('/') else {
            continue;
        };
        if name == "main" || name == "lib" {
            continue;
        }
        let doors = ["/mod.rs", "/lib.rs", "/main.rs", ".rs"].map(|door| format!("{folder}{door}"));
        let declared = |door: &String| text(door).is_some_and(|text| declares(text, name));
        // What several test binaries share is declared by at least one of them.
        let shared = folder == "tests"
            && files
                .iter()
                .any(|file| file.path.starts_with("tests/") && declares(&file.text, name));
        if !doors.iter().any(declared) && !shared {
            complaints.push(format!("{path}:1: dead: no `mod {name};` leads here"));
        }
    }
    complaints
}

fn declares(text: &str, module: &str) -> bool {
    let code = blank(text);
    code.lines().any(|line| {
        let line = line.trim().strip_suffix(';').unwrap_or_default();
        line.split_whitespace().rev().take(2).eq([module, "mod"])
    })
}

fn sources(files: &[File]) -> Complaints {
    let lock = files.iter().filter(|file| file.path == "Cargo.lock");
    lock.flat_map(|file| (1..).zip(file.text.lines()))
        .filter(|(_, line)| line.starts_with("source = "))
        .filter(|(_, line)| *line != format!("source = \"{REGISTRY}\""))
        .map(|(number, line)| format!("Cargo.lock:{number}: not from the registry: {line}"))
        .collect()
}

fn reference(files: &[File]) -> Complaints {
    let mut complaints = Vec::new();
    let program = reference_files(files);
    for file in files.iter().filter(|file| program.contains(&*file.path)) {
        for (line, path) in paths(&file.text) {
            let plain = match &path[..] {
                [krate, domain, value, ..] if krate == "wayfarer" && domain == "domain" => {
                    PLAIN_VALUES.split(' ').any(|plain| plain == value)
                }
                [krate, ..] => krate != "wayfarer",
                [] => true,
            };
            if !plain {
                let path = path.join("::");
                complaints.push(format!("{}:{line}: {path} is no plain value", file.path));
            }
        }
    }
    complaints
}

/// The files of the reference program: those of that name, and whatever they import beside them.
fn reference_files(files: &[File]) -> BTreeSet<&str> {
    let laws = |file: &&File| file.path.starts_with("tests/laws/");
    let mut found: BTreeSet<&str> = BTreeSet::new();
    let mut wanted: Vec<&File> = files
        .iter()
        .filter(|file| file.path.starts_with("tests/laws/reference"))
        .collect();
    while let Some(next) = wanted.pop() {
        if !found.insert(&next.path) {
            continue;
        }
        for (_, path) in paths(&next.text).iter().filter(|(_, path)| path.len() > 1) {
            let module = format!("tests/laws/{}.rs", path[1]);
            let own = path[0] == "crate" || path[0] == "super";
            wanted.extend(
                files
                    .iter()
                    .filter(laws)
                    .filter(|file| own && file.path == module),
            );
        }
    }
    found
}

#[test]
fn every_source_file_is_reached_by_a_mod() {
    let source = [
        file("src/lib.rs", "pub mod a;\n// mod b;"),
        file("src/a/mod.rs", ""),
        file("src/b.rs", ""),
    ];
    assert_eq!(
        dead_files(&source),
        ["src/b.rs:1: dead: no `mod b;` leads here"]
    );
    let laws = [
        file("tests/laws/main.rs", "mod a;"),
        file("tests/laws/c.rs", ""),
    ];
    assert_eq!(dead_files(&laws).len(), 1);
    holds(dead_files);
}

#[test]
fn all_dependencies_come_from_the_registry() {
    sees(
        sources,
        "Cargo.lock",
        "source = \"git+https://example.org/a\"",
    );
    passes(sources, "Cargo.lock", &format!("source = \"{REGISTRY}\""));
    holds(sources);
}

#[test]
fn the_reference_program_shares_only_plain_values_with_the_domain() {
    let path = "tests/laws/reference.rs";
    sees(reference, path, "use wayfarer::domain::{Effect, Customer};");
    sees(
        reference,
        path,
        "fn f() { wayfarer::state::Partition::new(); }",
    );
    sees(reference, path, "use wayfarer::domain::*;");
    passes(
        reference,
        path,
        "use wayfarer::domain::{Effect, EffectKind};",
    );
    passes(
        reference,
        "tests/laws/run.rs",
        "use wayfarer::state::Partition;",
    );
    let through = [
        file(path, "use crate::a::b;"),
        file("tests/laws/a.rs", "use wayfarer::domain::Panes;"),
    ];
    assert_eq!(reference(&through).len(), 1);
    assert!(!reference_files(&project()).is_empty(), "it was not found");
    holds(reference);
}
