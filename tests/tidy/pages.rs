//! What a page looks like, and what stands on none.

use crate::{Complaints, File, holds, passes, sees};

const LINES_MAX: usize = 400;
const COLUMNS_MAX: usize = 100;

/// Words about how the project is made, which tell its readers nothing.
const WORKSHOP: [&str; 9] = [
    "agent",
    "agents",
    "subagent",
    "prompt",
    "prompts",
    "llm",
    "worktree",
    "prototype",
    "prototypes",
];

fn titles(files: &[File]) -> Complaints {
    rust(files)
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| format!("{}:1: open with `//!` and what the file is for", file.path))
        .collect()
}

fn lengths(files: &[File]) -> Complaints {
    let long = |file: &File| {
        let code = file.text.split("#[cfg(test)]\nmod tests {").next()?;
        let lines = code.lines().count();
        let complaint = format!("{}:{LINES_MAX}: {lines} lines: take it apart", file.path);
        (lines > LINES_MAX).then_some(complaint)
    };
    rust(files)
        .filter(|file| file.path.starts_with("src/") && !file.path.contains("/tests"))
        .filter_map(long)
        .collect()
}

fn rust(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.path.ends_with(".rs"))
}

fn columns(files: &[File]) -> Complaints {
    let written = |file: &&File| !file.path.ends_with(".toml") && !file.path.ends_with(".lock");
    let mut complaints = Vec::new();
    for file in files.iter().filter(written) {
        let mut fenced = false;
        for (line, text) in (1..).zip(file.text.lines()) {
            fenced ^= file.path.ends_with(".md") && text.trim_start().starts_with("```");
            let bare = text.trim_start_matches(['/', '!', ' ', '#']);
            // Tables, links and texts that are quoted as they are cannot be broken.
            let free = fenced
                || bare.starts_with('|')
                || ["://", "r#\""].iter().any(|whole| text.contains(whole));
            if text.chars().count() > COLUMNS_MAX && !free {
                complaints.push(format!("{}:{line}: longer than a line", file.path));
            }
            if text.contains('\t') {
                complaints.push(format!("{}:{line}: a tab: use spaces", file.path));
            }
        }
    }
    complaints
}

fn leftovers(files: &[File]) -> Complaints {
    find(files, |line| {
        let later = words(line).any(|word| ["TODO", "FIXME", "XXX"].contains(&word));
        later || line.contains("dbg!(") || line.contains("#[ignore")
    })
}

fn workshop(files: &[File]) -> Complaints {
    const PHRASES: [&str; 4] = ["/work/", "this issue", "next issue", "first issue"];
    find(files, |line| {
        let line = line.to_lowercase();
        words(&line).any(|word| WORKSHOP.contains(&word))
            || PHRASES.iter().any(|phrase| line.contains(phrase))
            || names_an_issue(&line)
    })
}

/// Whether a line holds `#` and a number as a word of its own.
fn names_an_issue(line: &str) -> bool {
    line.match_indices('#').any(|(at, _)| {
        let number = line[at + 1..].split(|c: char| !c.is_alphanumeric()).next();
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let own = at == 0 || line[..at].ends_with([' ', '(', '[']);
        own && number.is_some_and(|number| !number.is_empty() && digits(number))
    })
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// A complaint about each line that is forbidden.
fn find(files: &[File], forbidden: impl Fn(&str) -> bool) -> Complaints {
    let mut complaints = Vec::new();
    // This file names what it forbids.
    for file in files
        .iter()
        .filter(|file| file.path != "tests/tidy/pages.rs")
    {
        for (line, text) in (1..).zip(file.text.lines()) {
            if forbidden(text) {
                complaints.push(format!("{}:{line}: forbidden: {}", file.path, text.trim()));
            }
        }
    }
    complaints
}

#[test]
fn every_source_file_opens_with_what_it_is_for() {
    sees(titles, "src/domain/a.rs", "use std::fmt;\n//! Late.");
    passes(titles, "src/domain/a.rs", "//! In time.");
    holds(titles);
}

#[test]
fn no_source_file_is_longer_than_a_few_pages() {
    let long = "fn f() {}\n".repeat(LINES_MAX + 1);
    sees(lengths, "src/domain/a.rs", &long);
    let tests = format!("//! A.\n#[cfg(test)]\nmod tests {{\n{long}}}");
    passes(lengths, "src/domain/a.rs", &tests);
    passes(lengths, "src/domain/tests.rs", &long);
    holds(lengths);
}

#[test]
fn lines_fit_a_page_and_have_no_tabs() {
    sees(columns, "src/a.rs", &"é".repeat(COLUMNS_MAX + 1));
    sees(columns, "docs/a.md", &"word ".repeat(COLUMNS_MAX / 4));
    sees(columns, "src/a.rs", "\tlet x;");
    passes(columns, "src/a.rs", &"é".repeat(COLUMNS_MAX));
    let table = format!("| {} |", "-".repeat(COLUMNS_MAX));
    passes(columns, "docs/a.md", &table);
    passes(columns, "docs/a.md", &format!("```text\nx{table}\n```"));
    let link = format!("<https://a/{}>", "b".repeat(COLUMNS_MAX));
    passes(columns, "docs/a.md", &link);
    let raw = format!("const A: &str = r#\"{}\"#;", "c".repeat(COLUMNS_MAX));
    passes(columns, "src/a.rs", &raw);
    holds(columns);
}

#[test]
fn nothing_is_left_for_later() {
    sees(leftovers, "src/a.rs", "// TODO: mend");
    sees(leftovers, "docs/a.md", "FIXME");
    sees(leftovers, "src/a.rs", "dbg!(x);");
    sees(leftovers, "tests/a.rs", "#[ignore = \"needs a broker\"]");
    passes(leftovers, "src/a.rs", "// METHODOLOGY; we ignore nothing");
    holds(leftovers);
}

#[test]
fn nothing_tells_how_the_project_is_made() {
    sees(workshop, "src/a.rs", "// as the prompt said");
    sees(workshop, "docs/a.md", "the Agent's part");
    sees(workshop, "docs/a.md", "this closes #12, at last");
    sees(workshop, "tests/a.rs", "let data = \"/work/shared/data\";");
    sees(workshop, "docs/a.md", "left to the next issue");
    let fine = "let s = r#\"x\"#; // promptly, page#1, a session's end, an issue of Kafka";
    passes(workshop, "src/a.rs", fine);
    holds(workshop);
}
