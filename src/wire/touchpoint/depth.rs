//! How deep JSON is nested, found without recursion and before anything is parsed.

use super::error::{DecodeError, Reason};

/// Levels of lists and objects within each other that are read.
pub(super) const DEPTH_MAX: usize = 32;

/// Fails if lists and objects are nested deeper than [`DEPTH_MAX`]. The text need not be JSON.
pub(super) fn check(json: &[u8]) -> Result<(), DecodeError> {
    // Text with few brackets cannot be deep; counting them costs much less than following strings.
    let opening: usize = json
        .iter()
        .map(|byte| usize::from(matches!(byte, b'{' | b'[')))
        .sum();
    if opening <= DEPTH_MAX {
        return Ok(());
    }
    let (mut depth, mut text, mut escaped) = (0_usize, false, false);
    for (place, byte) in json.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if text => escaped = true,
            b'"' => text = !text,
            b'{' | b'[' if !text => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(DecodeError::new(
                        Reason::TooDeep,
                        format_args!("byte {place}"),
                        format_args!(
                            "lists and objects are nested deeper than {DEPTH_MAX} levels; send \
                             them flatter"
                        ),
                    ));
                }
            }
            b'}' | b']' if !text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_two_levels_are_read_and_thirty_three_are_not() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(check(nested(32).as_bytes()), Ok(()));
        let error = check(nested(33).as_bytes()).unwrap_err();
        assert_eq!((error.reason, &*error.place), (Reason::TooDeep, "byte 32"));
    }

    #[test]
    fn brackets_in_texts_and_side_by_side_are_not_depth() {
        let text = format!(r#"{{"a": "\"{}"}}"#, "[".repeat(100));
        assert_eq!(check(text.as_bytes()), Ok(()));
        assert_eq!(check("[]".repeat(100).as_bytes()), Ok(()));
    }
}
