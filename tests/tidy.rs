//! The shape of the source: who imports whom, what is named where, and what a page looks like.
//!
//! Every rule is tried on a planted violation first, so that none can pass by seeing nothing.

#[path = "tidy/floors.rs"]
mod floors;
#[path = "tidy/lexer.rs"]
mod lexer;
#[path = "tidy/pages.rs"]
mod pages;
#[path = "tidy/whole.rs"]
mod whole;

use std::fs;
use std::path::Path;

/// The folder of the project.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A file of the project: its path from the root, and its text.
struct File {
    path: String,
    text: String,
}

/// What is wrong, as `path:line: what, and the mend`.
type Complaints = Vec<String>;

/// A rule looks at all files at once, because some are about how files hang together.
type Rule = fn(&[File]) -> Complaints;

/// Asserts that the project keeps a rule.
fn holds(rule: Rule) {
    let complaints = rule(&project());
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Asserts that a rule complains of a file.
fn sees(rule: Rule, path: &str, text: &str) {
    let complaints = rule(&[file(path, text)]);
    assert!(!complaints.is_empty(), "nothing seen in {path}: {text}");
}

/// Asserts that a rule has nothing against a file.
fn passes(rule: Rule, path: &str, text: &str) {
    assert_eq!(rule(&[file(path, text)]), Vec::<String>::new(), "{text}");
}

fn file(path: &str, text: &str) -> File {
    File {
        path: path.into(),
        text: text.into(),
    }
}

/// Every text file that people write, and the lock file.
fn project() -> Vec<File> {
    let mut files = Vec::new();
    gather(Path::new(ROOT), "", &mut files);
    assert!(
        files.iter().any(|file| file.path == "src/domain/mod.rs"),
        "the source was not found"
    );
    files
}

fn gather(root: &Path, folder: &str, files: &mut Vec<File>) {
    const TEXT: [&str; 7] = ["rs", "md", "toml", "proto", "yaml", "sh", "lock"];
    const SKIPPED: [&str; 4] = ["target", ".git", "tests/data", "tests/golden"];
    let entries = fs::read_dir(root.join(folder)).expect("a folder of the project can be read");
    for entry in entries {
        let entry = entry.expect("a folder of the project can be read");
        let name = entry.file_name().into_string().expect("names are in UTF-8");
        let path = if folder.is_empty() {
            name
        } else {
            format!("{folder}/{name}")
        };
        if SKIPPED.contains(&&*path) || path.starts_with("mutants.out") {
            continue;
        }
        if entry.path().is_dir() {
            gather(root, &path, files);
        } else if TEXT.iter().any(|end| path.ends_with(&format!(".{end}"))) || path == ".ci/run" {
            let text = fs::read_to_string(entry.path()).expect("a source file is text");
            files.push(File { path, text });
        }
    }
}
