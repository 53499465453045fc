//! Values in JSON, found by path.

use serde_json::Value as Json;

use super::value::Value;

/// What stands at `path`: `a.b[0].c`, or a key of the top that is spelled like the whole path.
pub(super) fn at<'a>(root: &'a Json, path: &str) -> Option<&'a Json> {
    if let Some(found) = root.get(path) {
        return Some(found);
    }
    path.split(['.', '[', ']'])
        .filter(|step| !step.is_empty())
        .try_fold(root, |here, step| match here {
            Json::Array(list) => list.get(step.parse::<usize>().ok()?),
            Json::Object(fields) => fields.get(step),
            _ => None,
        })
}

/// What was found, as a single value.
pub(super) fn value(found: Option<&Json>) -> Value<'_> {
    match found {
        None | Some(Json::Null) => Value::Absent,
        Some(Json::Bool(flag)) => Value::Flag(*flag),
        Some(Json::Number(number)) => {
            if let Some(whole) = number.as_i64() {
                Value::Whole(whole)
            } else if let Some(huge) = number.as_u64() {
                Value::Huge(huge)
            } else {
                Value::Number(number.as_f64().unwrap_or(f64::INFINITY))
            }
        }
        Some(Json::String(text)) => Value::Text(text.as_str().into()),
        Some(Json::Array(_)) => Value::List,
        Some(Json::Object(_)) => Value::Object,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_through_objects_and_lists() {
        let root: Json = serde_json::from_str(
            r#"{"a": {"b": [{"c": 1}, {"c": "two"}]}, "x.y": true, "x": {"y": false}, "n": null}"#,
        )
        .unwrap();
        let found = |path| value(at(&root, path));
        assert_eq!(found("a.b[0].c"), Value::Whole(1));
        assert_eq!(found("a.b.1.c"), Value::Text("two".into()));
        assert_eq!(found("x.y"), Value::Flag(true));
        assert_eq!(found("a.b"), Value::List);
        assert_eq!(found("a"), Value::Object);
        for nothing in ["n", "a.c", "a.b[2]", "a.b[x]", "x.y.z", "a.b[-1]"] {
            assert_eq!(found(nothing), Value::Absent, "{nothing}");
        }
    }
}
