//! Values from the environment and from `--set`, put over those of the file.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::place::{Place, Source, SourceKind};
use super::problem::Problem;
use super::tree::{self, Entry, Node, Value};

/// What the names of our environment variables begin with; `__` goes one table deeper.
const PREFIX: &str = "WAYFARER__";
/// Where the keys are librdkafka's own, which have dots.
const PASSED_THROUGH: [&str; 2] = ["kafka", "librdkafka"];

/// Puts the variables that begin with `WAYFARER__` over `root`, in the order of their names.
pub(super) fn environment(
    root: &mut Node,
    env: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in env {
        let Some(key) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let lower = key.to_lowercase();
        let mut keys: Vec<String> = lower.split("__").map(String::from).collect();
        if keys.len() > 2 && keys[..2] == PASSED_THROUGH {
            let property = keys.split_off(2).join("_").replace('_', ".");
            keys.push(property);
        }
        let source = Source::new(SourceKind::Environment, name, "");
        put(root, &keys, value, &source, problems);
    }
}

/// Puts the `key=value` arguments over `root`, in their order.
pub(super) fn arguments(root: &mut Node, set: &[String], problems: &mut Vec<Problem>) {
    for argument in set {
        let Some((key, value)) = argument.split_once('=') else {
            let place = Place::start(&Source::new(SourceKind::Argument, argument, ""));
            let message = "has no `=`".into();
            let mend = "write --set KEY=VALUE, as in --set kafka.group_id=wayfarer".into();
            problems.push(Problem::error(&place, "", message, mend));
            continue;
        };
        let key = key.trim();
        let passed_through = PASSED_THROUGH.join(".") + ".";
        let keys: Vec<String> = match key.strip_prefix(&passed_through) {
            Some(property) => PASSED_THROUGH
                .into_iter()
                .chain([property])
                .map(String::from)
                .collect(),
            None => key
                .replace('[', ".")
                .replace(']', "")
                .split('.')
                .map(String::from)
                .collect(),
        };
        let source = Source::new(SourceKind::Argument, key, "");
        put(root, &keys, value, &source, problems);
    }
}

/// Puts `value` where `keys` lead, making tables on the way.
fn put(
    root: &mut Node,
    keys: &[String],
    value: &str,
    source: &Arc<Source>,
    problems: &mut Vec<Problem>,
) {
    let place = Place::start(source);
    let mut wrong = |path: &[String], message: &str, mend: &str| {
        let path = path.join(".");
        problems.push(Problem::error(&place, &path, message.into(), mend.into()));
    };
    let mut node = root;
    for (depth, key) in keys.iter().enumerate() {
        if key.is_empty() {
            return wrong(
                &keys[..depth],
                "a name is empty",
                "write the names between the dots",
            );
        }
        node = match step(node, key, &place) {
            Some(next) => next,
            None => {
                let message = format!("has no `{key}`: it is one value, or a shorter list");
                return wrong(&keys[..depth], &message, "set it as a whole");
            }
        };
    }
    let passed_through = keys.len() == 3 && keys[..2] == PASSED_THROUGH;
    match parse(value, passed_through, source) {
        Ok(value) => *node = value,
        Err(message) => wrong(keys, &message, "put the text in quotes"),
    }
}

/// The node below `node` that `key` names, made if need be; none if there can be none.
fn step<'a>(node: &'a mut Node, key: &str, place: &Place) -> Option<&'a mut Node> {
    let unwritten = matches!(&node.value, Value::Table(entries) if entries.is_empty());
    if key == "0" && unwritten {
        node.value = Value::List(Vec::new());
    }
    match &mut node.value {
        Value::Scalar(scalar) if !scalar.null => None,
        Value::List(items) => {
            let index: usize = key.parse().ok()?;
            if index == items.len() {
                items.push(Node::empty(place.clone()));
            }
            items.get_mut(index)
        }
        other => {
            if let Value::Scalar(_) = other {
                *other = Value::Table(Vec::new());
            }
            let Value::Table(entries) = other else {
                return None;
            };
            let found = entries.iter().position(|entry| entry.key == key);
            let index = found.unwrap_or_else(|| {
                entries.push(Entry {
                    key: key.into(),
                    place: place.clone(),
                    node: Node::empty(place.clone()),
                });
                entries.len() - 1
            });
            Some(&mut entries[index].node)
        }
    }
}

/// The value that a text spells: a list, a table or a quoted text if it begins like one, else the
/// text itself.
fn parse(value: &str, verbatim: bool, source: &Arc<Source>) -> Result<Node, String> {
    let place = Place::start(source);
    if verbatim || value.starts_with("${") || !value.starts_with(['[', '{', '"', '\'']) {
        return Ok(Node::text(value, place));
    }
    let text = Source::new(source.kind, &source.name, value);
    let mut problems = Vec::new();
    match tree::parse(&text, &mut problems) {
        Ok(mut node) if problems.is_empty() => {
            replant(&mut node, &place);
            Ok(node)
        }
        Ok(_) => Err(problems.swap_remove(0).message),
        Err(problem) => Err(problem.message),
    }
}

/// Gives every node below the place of the whole: there is no line to point to.
fn replant(node: &mut Node, place: &Place) {
    node.place = place.clone();
    match &mut node.value {
        Value::Scalar(_) => {}
        Value::List(items) => items.iter_mut().for_each(|item| replant(item, place)),
        Value::Table(entries) => {
            for entry in entries {
                entry.place = place.clone();
                replant(&mut entry.node, place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Node {
        Node::empty(Place::start(&Source::new(SourceKind::File, "f", "")))
    }

    fn text(node: &Node, path: &str) -> String {
        match &node.nearest(path).value {
            Value::Scalar(scalar) => scalar.text.clone(),
            other => panic!("{path} is {other:?}"),
        }
    }

    #[test]
    fn a_double_underscore_goes_one_table_deeper() {
        let names = [
            ("WAYFARER__KAFKA__BOOTSTRAP_SERVERS", "b:9092"),
            ("WAYFARER__KAFKA__LIBRDKAFKA__SASL_PASSWORD", "[x"),
            ("WAYFARER__INPUTS__0__TOPIC", "seen"),
            ("WAYFARER_TEST_KAFKA", "not ours"),
        ];
        let env = names
            .map(|(name, value)| (name.into(), value.into()))
            .into();
        let (mut root, mut problems) = (empty(), Vec::new());
        environment(&mut root, &env, &mut problems);
        assert_eq!(problems, []);
        assert_eq!(text(&root, "kafka.bootstrap_servers"), "b:9092");
        let librdkafka = root.nearest("kafka.librdkafka");
        assert!(librdkafka.get("sasl.password").is_some(), "{librdkafka:?}");
        assert_eq!(text(&root, "inputs[0].topic"), "seen");
        assert!(root.get("test_kafka").is_none());
    }

    #[test]
    fn the_last_argument_wins() {
        let set = [
            "a.b=1",
            "a.b=2",
            "c=[x, y]",
            "c[1]=z",
            "kafka.librdkafka.d.e=f",
        ];
        let (mut root, mut problems) = (empty(), Vec::new());
        arguments(&mut root, &set.map(String::from), &mut problems);
        assert_eq!(problems, []);
        assert_eq!(text(&root, "a.b"), "2");
        assert_eq!(text(&root, "c[0]"), "x");
        assert_eq!(text(&root, "c[1]"), "z");
        assert!(root.nearest("kafka.librdkafka").get("d.e").is_some());
    }

    #[test]
    fn what_cannot_be_set_is_a_problem() {
        let set = ["a=1", "a.b=2", "novalue", "l=[x", ".x=1", "m=[]", "m[5]=1"];
        let (mut root, mut problems) = (empty(), Vec::new());
        arguments(&mut root, &set.map(String::from), &mut problems);
        assert_eq!(problems.len(), 5, "{problems:#?}");
    }
}
