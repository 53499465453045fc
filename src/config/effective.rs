//! The settings that are in effect, with where each came from, as YAML that can be read again.

use super::path::{Path, Segment};
use super::place::Place;
use super::tree::Via;

/// One setting as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Shown {
    /// The value as text; none if the setting is optional and not set.
    text: Option<String>,
    /// Whether the text is a list that is YAML already.
    list: bool,
    /// Where it came from.
    origin: Origin,
}

/// Where a setting came from.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Origin {
    /// Where it is written; none for a default.
    place: Option<Place>,
    /// What it was substituted from.
    via: Option<Via>,
}

/// What is shown of a secret.
pub(super) const HIDDEN: &str = "********";

impl Shown {
    /// A value as it is shown; nothing of it is kept if it is secret.
    pub(super) fn new(
        text: Option<String>,
        secret: bool,
        place: Option<Place>,
        via: Option<Via>,
    ) -> Self {
        Self {
            text: text.map(|text| if secret { HIDDEN.into() } else { text }),
            list: false,
            origin: Origin { place, via },
        }
    }

    /// A list of texts that stands at one place, or is a default.
    pub(super) fn list(items: impl Iterator<Item = String>, place: Option<Place>) -> Self {
        Self {
            text: Some(flow(items)),
            list: true,
            origin: Origin { place, via: None },
        }
    }
}

impl Origin {
    /// Whether both come from the same source, be it from different lines.
    fn alike(&self, other: &Self) -> bool {
        let from = match (&self.place, &other.place) {
            (Some(one), Some(two)) => one.source == two.source,
            (one, two) => one.is_none() && two.is_none(),
        };
        from && self.via == other.via
    }

    fn comment(&self) -> String {
        let Some(place) = &self.place else {
            return "default".into();
        };
        let written = if place.source.has_lines() {
            format!("from {}:{}", place.source, place.line)
        } else {
            format!("from {}", place.source)
        };
        match &self.via {
            None => written,
            Some(Via::Environment(name)) => format!("{written}, environment {name}"),
            Some(Via::Fallback(name)) => format!("{written}, default for {name}"),
            Some(Via::File(name)) => format!("{written}, file {name}"),
            Some(Via::Nowhere) => written,
        }
    }
}

/// All settings in the order in which they were read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Effective {
    root: Branch,
}

/// A setting, or settings below it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Branch {
    leaf: Option<Shown>,
    below: Vec<(Segment, Branch)>,
}

impl Effective {
    /// Adds a setting; a later one at the same path replaces it.
    pub(super) fn add(&mut self, path: &Path, shown: Shown) {
        let mut branch = &mut self.root;
        for segment in &path.0 {
            let found = branch.below.iter().position(|(other, _)| other == segment);
            let index = found.unwrap_or_else(|| {
                branch.below.push((segment.clone(), Branch::default()));
                branch.below.len() - 1
            });
            branch = &mut branch.below[index].1;
        }
        branch.leaf = Some(shown);
    }

    /// The settings as YAML, a comment after each saying where it came from.
    pub fn to_yaml(&self) -> String {
        let mut lines = Vec::new();
        self.root.write("", "", &mut lines);
        let widest = |(line, _): &(String, String)| line.chars().count();
        let column = lines.iter().map(widest).filter(|width| *width <= 48).max();
        let mut text = String::new();
        for (line, comment) in lines {
            let gap = column.unwrap_or(0).saturating_sub(line.chars().count());
            text.push_str(&line);
            if !comment.is_empty() {
                text.push_str(&" ".repeat(gap));
                text.push_str("  # ");
                text.push_str(&comment);
            }
            text.push('\n');
        }
        text
    }
}

impl Branch {
    /// Whether it is an optional setting that is not set.
    fn is_unset(&self) -> bool {
        self.below.is_empty() && self.leaf.as_ref().is_none_or(|leaf| leaf.text.is_none())
    }

    /// Writes the branch after `head`, which stands on the line already; what follows is indented
    /// by `indent`.
    fn write(&self, head: &str, indent: &str, lines: &mut Vec<(String, String)>) {
        if let Some((text, origin)) = self.one_line() {
            return lines.push((format!("{head} {text}"), origin.comment()));
        }
        // The first line of a list's item stands behind the dash.
        let mut dash = head.ends_with('-').then(|| format!("{head} "));
        if dash.is_none() && !head.is_empty() {
            lines.push((head.into(), String::new()));
        }
        let deeper = format!("{indent}  ");
        for (segment, branch) in &self.below {
            let label = match segment {
                Segment::Key(key) => format!("{}:", scalar(key)),
                Segment::Index(_) => "-".into(),
            };
            if branch.is_unset() {
                lines.push((format!("{indent}# {label}"), "not set".into()));
                continue;
            }
            let start = dash.take().unwrap_or_else(|| indent.into());
            branch.write(&format!("{start}{label}"), &deeper, lines);
        }
    }

    /// The branch as one value, if it is one, or a list of values from one source.
    fn one_line(&self) -> Option<(String, &Origin)> {
        if self.below.is_empty() {
            let leaf = self.leaf.as_ref()?;
            let text = match &leaf.text {
                Some(text) if leaf.list => text.clone(),
                Some(text) => scalar(text),
                None => return None,
            };
            return Some((text, &leaf.origin));
        }
        let mut items = Vec::new();
        for (segment, branch) in &self.below {
            let leaf = branch.leaf.as_ref().filter(|_| branch.below.is_empty())?;
            match segment {
                Segment::Index(_) => items.push(leaf),
                Segment::Key(_) => return None,
            }
        }
        let first = *items.first()?;
        let texts: Option<Vec<_>> = items.iter().map(|leaf| leaf.text.clone()).collect();
        let alike = items.iter().all(|leaf| leaf.origin.alike(&first.origin));
        alike.then_some((flow(texts?.into_iter()), &first.origin))
    }
}

/// A list on one line.
pub(super) fn flow(items: impl Iterator<Item = String>) -> String {
    let items: Vec<_> = items.map(|item| scalar(&item)).collect();
    format!("[{}]", items.join(", "))
}

/// A text as a YAML scalar that is read back as the same text.
fn scalar(text: &str) -> String {
    let plain =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '%' | '+' | ':');
    let first = |c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '.');
    let safe = text.starts_with(first)
        && text.chars().all(plain)
        && !text.ends_with(':')
        && !matches!(text, "null" | "Null" | "NULL" | "...");
    if safe {
        return text.into();
    }
    let text = text.replace("${", "$${");
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                quoted.push_str(&format!("\\U{:08x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
