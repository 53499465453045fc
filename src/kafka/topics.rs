//! Sources, and the names and lists that librdkafka knows them by.

use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::errors;
use crate::runtime::{Error, Progress, Source, Start};

/// The input topics in their order.
pub(super) struct Topics(Vec<String>);

impl Topics {
    pub(super) fn new(names: &[String]) -> Self {
        Self(names.to_vec())
    }

    /// The source of this name; none if it is not an input.
    pub(super) fn source(&self, topic: &str, partition: i32) -> Option<Source> {
        // A handful of topics: comparing beats hashing.
        let input = self.0.iter().position(|known| known == topic)?;
        Some(Source {
            input: u16::try_from(input).ok()?,
            partition: u32::try_from(partition).ok()?,
        })
    }

    /// The name of a source.
    pub(super) fn name(&self, source: Source) -> Result<(&str, i32), Error> {
        let topic = self.0.get(usize::from(source.input));
        match (topic, i32::try_from(source.partition)) {
            (Some(topic), Ok(partition)) => Ok((topic, partition)),
            _ => Err(Error::Fatal(format!("there is no input {source:?}"))),
        }
    }

    /// A list of partitions for one call: it must be gone before the consumer is.
    pub(super) fn list(&self, sources: &[Source]) -> Result<TopicPartitionList, Error> {
        let mut list = TopicPartitionList::with_capacity(sources.len());
        for source in sources {
            let (topic, partition) = self.name(*source)?;
            list.add_partition(topic, partition);
        }
        Ok(list)
    }

    /// A list of places for one call: it must be gone before the consumer is.
    pub(super) fn list_at(&self, places: &[(Source, Start)]) -> Result<TopicPartitionList, Error> {
        let mut list = TopicPartitionList::with_capacity(places.len());
        for (source, start) in places {
            let (topic, partition) = self.name(*source)?;
            list.add_partition_offset(topic, partition, offset(*start)?)
                .map_err(|error| errors::sort(&error, "naming a place in an input"))?;
        }
        Ok(list)
    }

    /// A list of what to store with the group, notes included, for one call.
    pub(super) fn list_of(&self, progress: &[Progress]) -> Result<TopicPartitionList, Error> {
        let place = |part: &Progress| (part.source, Start::At(part.stored.next));
        let list = self.list_at(&progress.iter().map(place).collect::<Vec<_>>())?;
        for part in progress {
            let (topic, partition) = self.name(part.source)?;
            if let Some(mut element) = list.find_partition(topic, partition) {
                element.set_metadata(&part.stored.note);
            }
        }
        Ok(list)
    }
}

fn offset(start: Start) -> Result<Offset, Error> {
    match start {
        Start::Earliest => Ok(Offset::Beginning),
        Start::At(offset) => i64::try_from(offset)
            .map(Offset::Offset)
            .map_err(|_| Error::Fatal(format!("{offset} is no offset of a Kafka partition"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Stored;

    fn topics() -> Topics {
        Topics::new(&["web".to_owned(), "shop".to_owned()])
    }

    #[test]
    fn a_source_and_its_name_lead_to_each_other() {
        let source = Source {
            input: 1,
            partition: 3,
        };
        assert_eq!(topics().source("shop", 3), Some(source));
        assert_eq!(topics().name(source), Ok(("shop", 3)));
        assert_eq!(topics().source("post", 3), None);
        assert_eq!(topics().source("shop", -1), None);
    }

    #[test]
    fn what_is_to_be_stored_has_its_note_beside_it() {
        let progress = [(0, 7, "seven"), (1, 8, "")].map(|(partition, next, note)| Progress {
            source: Source {
                input: 0,
                partition,
            },
            stored: Stored {
                next,
                note: note.to_owned(),
            },
        });
        let list = topics().list_of(&progress).unwrap();
        let found: Vec<_> = list
            .elements()
            .iter()
            .map(|e| (e.partition(), e.offset(), e.metadata().to_owned()))
            .collect();
        let expected = [(0, 7, "seven"), (1, 8, "")];
        assert_eq!(
            found,
            expected.map(|(p, next, note)| (p, Offset::Offset(next), note.to_owned()))
        );
    }

    #[test]
    fn a_place_that_kafka_cannot_hold_is_refused() {
        let source = Source {
            input: 0,
            partition: 0,
        };
        assert!(topics().list_at(&[(source, Start::At(u64::MAX))]).is_err());
        let unknown = Source { input: 2, ..source };
        assert!(topics().list(&[unknown]).is_err());
        assert_eq!(topics().list(&[source]).map(|list| list.count()), Ok(1));
    }
}
