//! `${…}`: values that are named in a document and stand elsewhere.
//!
//! Substitution happens after parsing and replaces whole texts only, so that what is put in can
//! never change the shape of the document. Keys are left alone.

use std::collections::BTreeMap;

use super::files::Files;
use super::problem::Problem;
use super::setting::Wrong;
use super::tree::{Node, Scalar, Value, Via};

/// What a text asks for.
#[derive(PartialEq, Eq, Debug)]
enum Asked<'a> {
    /// Nothing: the text as it is, escapes undone.
    Nothing(String),
    /// An environment variable, perhaps with a text to use if it is unset or empty.
    Variable(&'a str, Option<&'a str>),
    /// The content of a file.
    File(&'a str),
}

/// Replaces every `${…}` in the document `root`; what cannot be replaced goes to `problems`.
pub(super) fn substitute(
    root: &mut Node,
    env: &BTreeMap<String, String>,
    files: &Files,
    problems: &mut Vec<Problem>,
) {
    below(root, "", env, files, problems);
}

fn below(
    node: &mut Node,
    path: &str,
    env: &BTreeMap<String, String>,
    files: &Files,
    problems: &mut Vec<Problem>,
) {
    match &mut node.value {
        Value::Scalar(scalar) => {
            if scalar.text.contains("${")
                && let Err(wrong) = replace(scalar, env, files)
            {
                scalar.via = Some(Via::Nowhere);
                let problem = Problem::error(&node.place, path, wrong.message, wrong.mend);
                problems.push(problem);
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                below(item, &format!("{path}[{index}]"), env, files, problems);
            }
        }
        Value::Table(entries) => {
            for entry in entries {
                let path = match path {
                    "" => entry.key.clone(),
                    _ => format!("{path}.{}", entry.key),
                };
                below(&mut entry.node, &path, env, files, problems);
            }
        }
    }
}

fn replace(
    scalar: &mut Scalar,
    env: &BTreeMap<String, String>,
    files: &Files,
) -> Result<(), Wrong> {
    let (text, via) = match asked(&scalar.text)? {
        Asked::Nothing(text) => (text, None),
        Asked::Variable(name, fallback) => {
            let value = env.get(name).map(String::as_str);
            let by_name = || Some(Via::Environment(name.into()));
            match (value, fallback) {
                (None | Some(""), Some(text)) => (text.into(), Some(Via::Fallback(name.into()))),
                (Some(value), _) => (value.into(), by_name()),
                (None, None) => {
                    return Err(Wrong::new(
                        format!("the environment variable {name} is not set"),
                        format!("set it, or write a default: ${{{name}:-…}}"),
                    ));
                }
            }
        }
        Asked::File(name) => {
            let text = files.read(name).map_err(|error| {
                let mend = "the path counts from the folder of the config";
                Wrong::new(format!("the file {name} cannot be read: {error}"), mend)
            })?;
            let text = text.strip_suffix('\n').unwrap_or(&text);
            let text = text.strip_suffix('\r').unwrap_or(text);
            (text.to_owned(), Some(Via::File(name.into())))
        }
    };
    scalar.text = text;
    scalar.via = via;
    Ok(())
}

/// What a text that holds `${` asks for.
fn asked(text: &str) -> Result<Asked<'_>, Wrong> {
    let escaped = text.replace("$${", "");
    if !escaped.contains("${") {
        return Ok(Asked::Nothing(text.replace("$${", "${")));
    }
    let inner = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .filter(|inner| !inner.contains(['{', '}']));
    let Some(inner) = inner else {
        return Err(Wrong::new(
            "only a whole value can be substituted, not a part of one",
            "write `${NAME}` alone, or `$${` for the characters themselves",
        ));
    };
    if let Some(name) = inner.strip_prefix("file:") {
        return Ok(Asked::File(name));
    }
    let (name, fallback) = match inner.split_once(":-") {
        Some((name, fallback)) => (name, Some(fallback)),
        None => (inner, None),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(fits) {
        return Err(Wrong::new(
            "what stands between `${` and `}` is no name",
            "write `${NAME}`, `${NAME:-default}` or `${file:/path}`",
        ));
    }
    Ok(Asked::Variable(name, fallback))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_text_asks_for_a_variable_or_a_file() {
        assert_eq!(asked("${A_1}"), Ok(Asked::Variable("A_1", None)));
        assert_eq!(asked("${A:-b:-c}"), Ok(Asked::Variable("A", Some("b:-c"))));
        assert_eq!(asked("${A:-}"), Ok(Asked::Variable("A", Some(""))));
        assert_eq!(asked("${file:/run/x}"), Ok(Asked::File("/run/x")));
    }

    #[test]
    fn two_dollars_stand_for_the_characters_themselves() {
        assert_eq!(asked("a$${b}"), Ok(Asked::Nothing("a${b}".into())));
        assert_eq!(asked("$$${b}"), Ok(Asked::Nothing("$${b}".into())));
    }

    #[test]
    fn a_part_of_a_text_is_never_substituted() {
        for text in [
            "a${B}c",
            "${A}${B}",
            "${A} ",
            "${A",
            "$${A}${B}",
            "${A:-{}}",
        ] {
            let wrong = asked(text).unwrap_err();
            assert!(wrong.message.contains("not a part"), "{text}: {wrong:?}");
        }
        assert!(asked("${}").is_err());
        assert!(asked("${A B}").is_err());
    }
}
