//! From the maps that a config names to compiled maps, every mistake with its line.

use std::path::Path;
use std::sync::Arc;

use super::builtin;
use super::files::{self, Files};
use super::map::{self, Written};
use super::names;
use super::place::{Place, Source, SourceKind};
use super::problem::Problem;
use super::reader::Reader;
use super::settings::{Config, MapSource};
use super::slot::Slot;
use super::tree::{self, Node};
use crate::domain::{MapSpec, Maps, Mistake, vocabulary};

/// A map that the config holds or names.
#[derive(Debug)]
pub(super) enum Draft {
    /// It stands in the config.
    Inline(Box<Document>),
    /// It stands elsewhere.
    Named {
        /// `builtin:…`, or a file counted from the config's folder.
        name: String,
        /// Where it is named.
        place: Place,
        /// The path to the name.
        path: String,
    },
}

/// A map with the tree it was read from.
#[derive(Debug)]
pub(super) struct Document {
    written: Written,
    root: Node,
    /// The path to the map in its document; empty for a file of its own.
    path: String,
    /// Paths below the map at which a problem was found while reading it.
    troubled: Vec<String>,
}

/// Reads the config's key `maps`.
pub(super) fn read(mut slot: Slot<'_, '_>, drafts: &mut Vec<Draft>) -> Vec<MapSource> {
    if slot.node().is_none() {
        let place = slot.place().clone();
        let named = Config::default()
            .maps
            .into_iter()
            .filter_map(|map| match map {
                MapSource::Named(name) => Some(name),
                MapSource::Inline => None,
            });
        let path = slot.path();
        let names = slot.many(named.collect());
        let draft = |name: String| Draft::Named {
            name,
            place: place.clone(),
            path: path.clone(),
        };
        drafts.extend(names.iter().cloned().map(draft));
        return names.into_iter().map(MapSource::Named).collect();
    }
    if slot.is_empty_list() {
        slot.wrong("names no map", "name at least one, or leave the key out");
    }
    let mut sources = Vec::new();
    slot.one_or_each(|item| {
        let (place, path) = (item.place().clone(), item.path());
        if let (true, Some(root)) = (item.is_table(), item.node()) {
            let written = item.again().table(map::read);
            drafts.push(Draft::Inline(Box::new(Document {
                written,
                root: root.clone(),
                path,
                troubled: Vec::new(),
            })));
            sources.push(MapSource::Inline);
        } else if let Some(name) = item.again().optional::<String>() {
            sources.push(MapSource::Named(name.clone()));
            drafts.push(Draft::Named { name, place, path });
        }
    });
    sources
}

/// Opens what `drafts` name and gives all maps in order; those that cannot be opened are left out
/// and reported.
pub(super) fn open(
    drafts: Vec<Draft>,
    files: &Files,
    problems: &mut Vec<Problem>,
) -> Vec<Document> {
    let mut documents = Vec::new();
    for draft in drafts {
        let opened = match draft {
            Draft::Inline(mut document) => {
                let below = format!("{}.", document.path);
                let paths = problems.iter().map(|problem| &problem.path);
                document.troubled = paths
                    .filter_map(|path| path.strip_prefix(&below))
                    .map(String::from)
                    .collect();
                Ok(*document)
            }
            Draft::Named { name, place, path } => source(&name, files)
                .map_err(|(message, mend)| Box::new(Problem::error(&place, &path, message, mend)))
                .and_then(|source| document(&source, problems)),
        };
        match opened {
            Ok(document) => documents.push(document),
            Err(problem) => problems.push(*problem),
        }
    }
    documents
}

/// The map in the file at `path`.
pub(super) fn open_file(path: &Path, problems: &mut Vec<Problem>) -> Option<Document> {
    let name = path.display().to_string();
    let opened = source(&name, &Files::default())
        .map_err(|(message, mend)| {
            let place = Place::start(&Source::new(SourceKind::File, &name, ""));
            Box::new(Problem::error(&place, "", message, mend))
        })
        .and_then(|source| document(&source, problems));
    opened.map_err(|problem| problems.push(*problem)).ok()
}

/// The text that `name` stands for, or what is wrong with the name and its mend.
fn source(name: &str, files: &Files) -> Result<Arc<Source>, (String, String)> {
    if let Some(builtin) = name.strip_prefix(builtin::PREFIX) {
        let known = || builtin::MAPS.iter().map(|(known, _)| *known);
        return match builtin::text(builtin) {
            Some(text) => Ok(Source::new(SourceKind::BuiltIn, name, text)),
            None => Err((
                format!("there is no built-in map `{builtin}`"),
                match names::nearest(builtin, known()) {
                    Some(near) => format!("did you mean `{}{near}`?", builtin::PREFIX),
                    None => format!("built in are {}", names::one_of(known())),
                },
            )),
        };
    }
    let path = files.path(name);
    match files::read(&path) {
        Ok(text) => Ok(Source::new(
            SourceKind::File,
            &path.display().to_string(),
            &text,
        )),
        Err(error) => Err((
            format!("the map {} cannot be read: {error}", path.display()),
            "name a file, counted from the config's folder, or `builtin:five-stages`".into(),
        )),
    }
}

fn document(source: &Arc<Source>, problems: &mut Vec<Problem>) -> Result<Document, Box<Problem>> {
    let mut reader = Reader::default();
    let root = tree::parse(source, &mut reader.problems)?;
    let written = reader.document(&root, map::read);
    let troubled = reader
        .problems
        .iter()
        .map(|problem| problem.path.clone())
        .collect();
    problems.append(&mut reader.problems);
    Ok(Document {
        written,
        root,
        path: String::new(),
        troubled,
    })
}

/// Compiles the maps together. What is wrong with them goes to `problems`, and so do names of types
/// that nobody knows; a mistake that only follows from a problem found before is left out.
pub(super) fn compile(
    documents: &[Document],
    config: &Config,
    channels: Option<&Place>,
    problems: &mut Vec<Problem>,
) -> (Vec<MapSpec>, Option<Maps>) {
    for document in documents {
        document.unknown_kinds(&config.types, problems);
    }
    let specs: Vec<_> = documents
        .iter()
        .map(|document| document.written.spec.clone())
        .collect();
    let maps = Maps::compile(&specs, &config.settings());
    let mistakes = match maps {
        Ok(maps) => return (specs, Some(maps)),
        Err(mistakes) => mistakes,
    };
    for mistake in &mistakes {
        match (documents.get(mistake.map), channels) {
            (_, Some(place)) if mistake.path == "channels" => {
                let message = mistake.message.clone();
                problems.push(Problem::error(place, "channels", message, String::new()));
            }
            (Some(document), _) => problems.extend(document.problem(mistake)),
            (None, _) => {}
        }
    }
    (specs, None)
}

impl Document {
    /// A mistake as a problem with its place, unless it only follows from a problem known already.
    fn problem(&self, mistake: &Mistake) -> Option<Problem> {
        let follows = self
            .troubled
            .iter()
            .any(|path| follows(&mistake.path, path));
        if follows {
            return None;
        }
        let path = match &*self.path {
            "" => mistake.path.clone(),
            above => format!("{above}.{}", mistake.path),
        };
        let place = &self.root.nearest(&mistake.path).place;
        Some(Problem::error(
            place,
            &path,
            mistake.message.clone(),
            String::new(),
        ))
    }

    /// Warns once of each type that is neither usual nor among `types`.
    fn unknown_kinds(&self, types: &[String], problems: &mut Vec<Problem>) {
        let known = || {
            vocabulary::KINDS
                .iter()
                .copied()
                .chain(types.iter().map(String::as_str))
        };
        let mut seen = Vec::new();
        for mention in &self.written.mentions {
            if known().any(|kind| kind == mention.kind) || seen.contains(&&mention.kind) {
                continue;
            }
            seen.push(&mention.kind);
            let mend = match names::nearest(&mention.kind, known()) {
                Some(kind) => {
                    format!("did you mean `{kind}`? Else list it under the config's `types`")
                }
                None => "list it under the config's `types` if it is meant".into(),
            };
            let message = format!("`{}` is no usual touchpoint type", mention.kind);
            problems.push(Problem::warning(&mention.place, &self.path, message, mend));
        }
    }
}

/// Whether a mistake may only follow from what is wrong at `trouble`: because one of the two lies
/// within the other, or because the mistake is one of two values that do not go together.
fn follows(mistake: &str, trouble: &str) -> bool {
    let within = |inner: &str, outer: &str| {
        let rest = inner.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    if trouble.is_empty() || within(mistake, trouble) || within(trouble, mistake) {
        return true;
    }
    if mistake == "return.to" {
        return within(trouble, "stages");
    }
    let Some((table, key)) = mistake.rsplit_once('.') else {
        return false;
    };
    let needs: &[&str] = match key.split('[').next() {
        Some("max") => &["gap"],
        Some("again") => &["after", "again"],
        Some("completes") => &["opens", "extends", "cancels"],
        _ => &[],
    };
    needs
        .iter()
        .any(|need| within(trouble, &format!("{table}.{need}")))
}

#[cfg(test)]
mod tests {
    use super::follows;

    #[test]
    fn a_mistake_that_follows_from_another_is_told_apart() {
        assert!(follows("stages[0]", "stages[0].on"));
        assert!(follows(
            "abandonments[0].again[1]",
            "abandonments[0].again[0]"
        ));
        assert!(follows("abandonments[0].again[1]", "abandonments[0].after"));
        assert!(follows(
            "abandonments[0].completes",
            "abandonments[0].extends[1]"
        ));
        assert!(follows("return.to", "stages[2].id"));
        assert!(!follows("return.to", "return.after"));
        assert!(!follows("stages[10].on", "stages[1]"));
        assert!(!follows("session.max", "abandonments[0].gap"));
    }
}
