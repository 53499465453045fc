//! As much of Rust's grammar as the rules need: what is code, and which paths stand in it.

/// The paths in the code, each with its line: `use a::{b, c::d};` holds `a::b` and `a::c::d`. A
/// name that stands alone is a path of one part.
pub(crate) fn paths(text: &str) -> Vec<(usize, Vec<String>)> {
    let code = blank(text);
    let tokens = tokens(&code);
    let mut paths = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_name(tokens[at].1) {
            at = path(&tokens, at, &[], &mut paths);
        } else {
            at += 1;
        }
    }
    paths
}

/// Reads the path (or the list of paths in braces) at `at`, and returns where it ends.
fn path(
    tokens: &[(usize, &str)],
    mut at: usize,
    before: &[String],
    paths: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let (line, mut parts) = (tokens[at].0, before.to_vec());
    while at < tokens.len() {
        if tokens[at].1 == "{" {
            at += 1;
            while at < tokens.len() && tokens[at].1 != "}" {
                at = match tokens[at].1 {
                    "as" => at + 2,
                    "{" | "*" => path(tokens, at, &parts, paths),
                    name if is_name(name) => path(tokens, at, &parts, paths),
                    _ => at + 1,
                };
            }
            return at + 1;
        }
        parts.push(tokens[at].1.to_owned());
        at += 1;
        let goes_on = |next: &&(usize, &str)| is_name(next.1) || next.1 == "{" || next.1 == "*";
        if tokens.get(at).is_none_or(|token| token.1 != "::")
            || tokens.get(at + 1).filter(goes_on).is_none()
        {
            break;
        }
        at += 1;
    }
    paths.push((line, parts));
    at
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, numbers, `::` and single signs, each with its line.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    for (line, mut rest) in (1..).zip(code.lines()) {
        while let Some(first) = rest.chars().next() {
            let word = rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let length = match word {
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                _ => word,
            };
            if !first.is_whitespace() {
                tokens.push((line, &rest[..length]));
            }
            rest = &rest[length..];
        }
    }
    tokens
}

/// The text with comments, strings and characters replaced by blanks, line for line.
pub(crate) fn blank(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_name = false;
    while let Some(first) = rest.chars().next() {
        let length = foreign(rest, after_name);
        let (piece, tail) = rest.split_at(length.unwrap_or(first.len_utf8()));
        match length {
            None => code.push(first),
            Some(_) => code.extend(piece.chars().map(|c| if c == '\n' { c } else { ' ' })),
        }
        after_name = length.is_none() && (first.is_alphanumeric() || first == '_');
        rest = tail;
    }
    code
}

/// How long the comment, string or character is that begins here, if one does.
fn foreign(rest: &str, after_name: bool) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if rest.starts_with('"') {
        return Some(quoted(rest, '"'));
    }
    if let Some(after) = rest.strip_prefix('\'') {
        // A lifetime is a quote before a name that no quote follows.
        let mut after = after.chars();
        let (first, second) = (after.next()?, after.next());
        return (first == '\\' || second == Some('\'')).then(|| quoted(rest, '\''));
    }
    let raw = rest.strip_prefix('b').unwrap_or(rest).strip_prefix('r')?;
    let hashes = raw.len() - raw.trim_start_matches('#').len();
    if after_name || !raw[hashes..].starts_with('"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let body = &raw[hashes + 1..];
    let closed = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(rest.len() - body.len() + closed)
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let tail = &rest[at..];
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

#[test]
fn code_is_told_from_what_it_only_mentions() {
    let same = |text: &str| assert_eq!(blank(text), text);
    same("fn f<'a>(x: &'a str) -> r#type {}");
    assert_eq!(blank("a // b \" c\nd"), "a         \nd");
    assert_eq!(blank("a /* /* b */ \n c */ d"), "a            \n      d");
    assert_eq!(
        blank(r#"f("a \" b", '"', '\'') g"#),
        "f(        ,    ,     ) g"
    );
    assert_eq!(
        blank("br#\"a \" b\"# c, r\"\\\" d"),
        "            c,      d"
    );
}

#[test]
fn lists_of_imports_are_taken_apart() {
    let found: Vec<String> = paths("use a::{self, b as c, d::{e, f::*}};\nlet x = g::h::<i>();")
        .into_iter()
        .map(|(line, path)| format!("{line} {}", path.join("::")))
        .collect();
    let wanted = [
        "1 use",
        "1 a::self",
        "1 a::b",
        "1 a::d::e",
        "1 a::d::f::*",
        "2 let",
        "2 x",
        "2 g::h",
        "2 i",
    ];
    assert_eq!(found, wanted);
}
