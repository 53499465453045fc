//! A YAML document as a tree in which every key and value knows its place.
//!
//! The parser gives events; here they become nodes. Keys must be texts and stand once; anchors and
//! aliases work within a budget; tags other than the usual ones, a second document, and anything
//! too large or too deep are refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, Span, Tag, options};

use super::place::{Place, Source};
use super::problem::Problem;

/// The largest document in bytes.
pub(super) const BYTES_MAX: usize = 1 << 20;
/// The most nodes of a document, those that aliases repeat included.
const NODES_MAX: usize = 50_000;
/// How deep lists and tables may nest.
const DEPTH_MAX: usize = 64;

/// A value with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Node {
    /// The value.
    pub(super) value: Value,
    /// Where it stands; for a value that is missing, where its key does.
    pub(super) place: Place,
}

/// A value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Value {
    /// A text; what it means is up to the reader.
    Scalar(Scalar),
    /// Values in order.
    List(Vec<Node>),
    /// Values by name, in the order in which they are written.
    Table(Vec<Entry>),
}

/// A text with what the reader needs to judge it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Scalar {
    /// The text.
    pub(super) text: String,
    /// Whether it stands for no value at all: empty, `~` or `null`, and not in quotes.
    pub(super) null: bool,
    /// What it was substituted from, if it was.
    pub(super) via: Option<Via>,
}

/// What a `${…}` was replaced with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Via {
    /// The environment variable of this name.
    Environment(String),
    /// The default given for the environment variable of this name, which is unset or empty.
    Fallback(String),
    /// The content of this file.
    File(String),
    /// Nothing: what is asked for cannot be had, which is reported already.
    Nowhere,
}

/// A key and its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// The key.
    pub(super) key: String,
    /// Where the key stands.
    pub(super) place: Place,
    /// The value.
    pub(super) node: Node,
}

impl Node {
    /// A text that stands for itself.
    pub(super) fn text(text: &str, place: Place) -> Self {
        let value = Value::Scalar(Scalar {
            text: text.into(),
            null: false,
            via: None,
        });
        Self { value, place }
    }

    /// A table without entries.
    pub(super) fn empty(place: Place) -> Self {
        Self {
            value: Value::Table(Vec::new()),
            place,
        }
    }

    /// The value of `key`, if this is a table that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Table(entries) => entries
                .iter()
                .find(|entry| entry.key == key)
                .map(|entry| &entry.node),
            Value::Scalar(_) | Value::List(_) => None,
        }
    }

    /// The node that `path` (as in `stages[1].steps[0].on`) leads to, or the last one on the way.
    pub(super) fn nearest(&self, path: &str) -> &Self {
        let mut node = self;
        for part in path.split(['.', '[']).filter(|part| !part.is_empty()) {
            let next = match (&node.value, part.strip_suffix(']')) {
                (Value::List(items), Some(index)) => {
                    index.parse().ok().and_then(|index: usize| items.get(index))
                }
                _ => node.get(part),
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        node
    }

    /// How many nodes it holds, itself included, and how deep they nest.
    fn extent(&self) -> (usize, usize) {
        let add = |(size, depth): (usize, usize), node: &Self| {
            let (more, deeper) = node.extent();
            (size + more, depth.max(deeper + 1))
        };
        match &self.value {
            Value::Scalar(_) => (1, 1),
            Value::List(items) => items.iter().fold((1, 1), add),
            Value::Table(entries) => entries.iter().map(|entry| &entry.node).fold((1, 1), add),
        }
    }
}

/// Parses the text of `source`. An empty document is an empty table.
///
/// # Errors
///
/// If the text is no YAML at all, or too large; smaller mistakes go to `problems`, and the tree
/// leaves them out.
pub(super) fn parse(
    source: &Arc<Source>,
    problems: &mut Vec<Problem>,
) -> Result<Node, Box<Problem>> {
    let start = Place::start(source);
    if source.text.len() > BYTES_MAX {
        let message = format!("{} bytes are too many", source.text.len());
        let mend = format!("at most {BYTES_MAX}: split it");
        return Err(Box::new(Problem::error(&start, "", message, mend)));
    }
    let options = options! {
        emit_comments: false,
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
    };
    let mut builder = Builder {
        source,
        problems,
        open: Vec::new(),
        anchors: BTreeMap::new(),
        nodes: 0,
        documents: 0,
        root: None,
    };
    for event in Parser::new_from_str_with_options(&source.text, options) {
        match event {
            Ok((event, span)) => builder.event(event, span)?,
            Err(error) => {
                let marker = error.marker();
                let place = builder.place(&Span::new(*marker, *marker));
                return Err(syntax_error(&place, &error.info()));
            }
        }
    }
    let nothing = |node: &Node| matches!(&node.value, Value::Scalar(scalar) if scalar.null);
    let root = builder.root.filter(|root| !nothing(root));
    Ok(root.unwrap_or_else(|| Node::empty(start)))
}

fn syntax_error(place: &Place, info: &str) -> Box<Problem> {
    let line = place.source.text.lines().nth(place.line - 1).unwrap_or("");
    let mend = if line.contains("${") {
        "between braces or brackets a `${…}` must stand in quotes: \"${…}\""
    } else if line.contains('\t') {
        "indent with spaces, not with tabs"
    } else {
        "mend the YAML; nothing else can be checked before"
    };
    let message = format!("no valid YAML: {info}");
    Box::new(Problem::error(place, "", message, mend.into()))
}

/// A list or a table whose end has not been read.
struct Open {
    node: Node,
    anchor: usize,
    /// In a table: the key whose value comes next; without a name if it was refused.
    key: Option<(Option<String>, Place)>,
}

struct Builder<'a> {
    source: &'a Arc<Source>,
    problems: &'a mut Vec<Problem>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    documents: usize,
    root: Option<Node>,
}

impl Builder<'_> {
    fn place(&self, span: &Span) -> Place {
        let one_line = span.start.line() == span.end.line();
        let width = span.end.col().saturating_sub(span.start.col());
        Place {
            source: Arc::clone(self.source),
            line: span.start.line().max(1),
            column: span.start.col() + 1,
            width: if one_line { width } else { 1 },
        }
    }

    fn wrong(&mut self, place: &Place, message: &str, mend: &str) {
        let problem = Problem::error(place, "", message.into(), mend.into());
        self.problems.push(problem);
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Box<Problem>> {
        let place = self.place(&span);
        self.tag(event.tag(), &place);
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents == 2 {
                    self.wrong(
                        &place,
                        "a second document begins here",
                        "write one document a file",
                    );
                }
            }
            Event::Scalar(text, style, anchor, _) => {
                let null = style == ScalarStyle::Plain
                    && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let text = text.into_owned();
                let via = None;
                let value = Value::Scalar(Scalar { text, null, via });
                self.finish(Node { value, place }, anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => {
                let value = Value::List(Vec::new());
                self.begin(Node { value, place }, anchor);
            }
            Event::MappingStart(_, anchor, _) => self.begin(Node::empty(place), anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { node, anchor, .. }) = self.open.pop() {
                    self.finish(node, anchor)?;
                }
            }
            Event::Alias(anchor) => self.alias(anchor, place)?,
            _ => {}
        }
        Ok(())
    }

    fn tag(&mut self, tag: Option<&Tag>, place: &Place) {
        if let Some(tag) = tag
            && !tag.is_yaml_core_schema()
        {
            let message = format!("the tag `{}` means nothing here", tag.original());
            self.wrong(place, &message, "leave it out");
        }
    }

    fn begin(&mut self, node: Node, anchor: usize) {
        let key = None;
        self.open.push(Open { node, anchor, key });
    }

    /// Repeats an anchored node at the place of its alias.
    fn alias(&mut self, anchor: usize, place: Place) -> Result<(), Box<Problem>> {
        let Some(node) = self.anchors.get(&anchor) else {
            self.wrong(&place, "an alias cannot stand inside its anchor", "");
            return self.finish(Node::empty(place), 0);
        };
        let (size, depth) = node.extent();
        self.nodes += size;
        if self.nodes > NODES_MAX || self.open.len() + depth > DEPTH_MAX {
            return Err(too_large(&place));
        }
        let value = node.value.clone();
        self.finish(Node { value, place }, 0)
    }

    /// Puts a complete node where it belongs.
    fn finish(&mut self, mut node: Node, anchor: usize) -> Result<(), Box<Problem>> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(too_large(&node.place));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return Ok(());
        };
        match (&mut open.node.value, open.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Table(entries), None) => {
                let taken = |key: &str| entries.iter().find(|entry| entry.key == key);
                open.key = Some(match key_of(&node, taken) {
                    Ok(name) => (Some(name), node.place),
                    Err(problem) => {
                        self.problems.push(*problem);
                        (None, node.place)
                    }
                });
            }
            (Value::Table(entries), Some((Some(key), place))) => {
                if node.place.width == 0 {
                    node.place = place.clone();
                }
                entries.push(Entry { key, place, node });
            }
            (Value::Table(_), Some((None, _))) | (Value::Scalar(_), _) => {}
        }
        Ok(())
    }
}

/// The name that a key node spells, if no other entry `taken` has it.
fn key_of<'a>(
    node: &Node,
    taken: impl Fn(&str) -> Option<&'a Entry>,
) -> Result<String, Box<Problem>> {
    let wrong = |message: &str, mend: &str| {
        let problem = Problem::error(&node.place, "", message.into(), mend.into());
        Err(Box::new(problem))
    };
    let Value::Scalar(Scalar { text, null, .. }) = &node.value else {
        return wrong(
            "a key must be a text",
            "quote it, or write a list with `- `",
        );
    };
    if *null {
        return wrong("a key is missing before the colon", "name it");
    }
    if text == "<<" {
        return wrong("`<<` does not merge tables here", "write the keys out");
    }
    if let Some(first) = taken(text) {
        let message = format!(
            "`{text}` stands here twice, first on line {}",
            first.place.line
        );
        return wrong(&message, "keep one of the two");
    }
    Ok(text.clone())
}

fn too_large(place: &Place) -> Box<Problem> {
    let message = format!("too much: at most {NODES_MAX} values, {DEPTH_MAX} deep");
    Box::new(Problem::error(place, "", message, "split it".into()))
}
