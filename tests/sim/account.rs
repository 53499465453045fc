//! What was said: the last word on every effect, and everything that was ever claimed.

use std::collections::{BTreeMap, BTreeSet};

use wayfarer::runtime::OutputTopic;
use wayfarer::sim::StoredRecord;
use wayfarer::wire::output::{AlertKind, Encoding, Message};

use crate::pipeline::Pipeline;

/// The id of an effect, with its topic.
pub(crate) type Id = (OutputTopic, Vec<u8>);
/// The place of a record in an input: topic, partition, offset.
pub(crate) type Place = (String, u32, u64);

/// An account of effects and dead letters.
#[derive(Default)]
pub(crate) struct Account {
    /// The last word on each effect; none if it was taken back.
    pub(crate) last: BTreeMap<Id, Option<Message>>,
    /// What was ever said to be true.
    pub(crate) claimed: BTreeSet<Id>,
    /// Everything that was said of each effect, in its order.
    pub(crate) said: BTreeMap<Id, Vec<Message>>,
    /// The records that could not be used, with their values.
    pub(crate) dead_letters: BTreeMap<Place, Option<Vec<u8>>>,
    /// KPI snapshots by key: numerator and denominator.
    pub(crate) kpis: BTreeMap<Vec<u8>, (i64, Option<i64>)>,
    /// Dead letters that were written again.
    doubled: Vec<Place>,
    /// How many of them took something back.
    pub(crate) taken_back: usize,
}

impl Account {
    /// What a pipeline has written.
    pub(crate) fn of(pipeline: &Pipeline) -> Self {
        let mut account = Self::default();
        for topic in [
            OutputTopic::Transitions,
            OutputTopic::Alerts,
            OutputTopic::Conversions,
        ] {
            for record in pipeline.written(topic) {
                account.say(message(&record));
            }
        }
        for record in pipeline.written(OutputTopic::Kpis) {
            let Message::Kpi(snapshot) = message(&record) else {
                panic!("not a KPI")
            };
            let value = (snapshot.numerator, snapshot.denominator);
            account.kpis.insert(record.key.unwrap(), value);
        }
        for record in pipeline.written(OutputTopic::DeadLetters) {
            let told = |name| text(&record, &format!("__connect.errors.{name}"));
            let number = |name| told(name).parse::<u64>().unwrap();
            let partition = u32::try_from(number("partition")).unwrap();
            let place = (told("topic"), partition, number("offset"));
            let before = account
                .dead_letters
                .insert(place.clone(), record.value.clone());
            account.doubled.extend(before.map(|_| place));
        }
        account
    }

    /// Takes note of a message about an effect.
    pub(crate) fn say(&mut self, message: Message) {
        let message = match message {
            // When an alert was found out depends on who looked, and when.
            Message::Alert(mut alert) => {
                (alert.detected_at, alert.watermark) = (None, None);
                Message::Alert(alert)
            }
            other => other,
        };
        let (id, true_now) = match &message {
            Message::Transition(said) => (&said.id, !said.retraction),
            Message::Alert(said) => (&said.id, said.kind() != AlertKind::Retracted),
            Message::Session(said) => (&said.id, !said.retraction),
            Message::Conversion(said) => (&said.id, !said.retraction),
            Message::Kpi(_) => panic!("a KPI is no effect"),
        };
        let id = (message.topic(), id.clone());
        self.said
            .entry(id.clone())
            .or_default()
            .push(message.clone());
        if true_now {
            self.claimed.insert(id.clone());
            self.last.insert(id, Some(message));
        } else {
            self.taken_back += 1;
            self.last.insert(id, None);
        }
    }

    /// How many effects of a topic are true in the end.
    pub(crate) fn count(&self, topic: OutputTopic) -> usize {
        let last = self.last.iter();
        last.filter(|((of, _), said)| *of == topic && said.is_some())
            .count()
    }

    /// Where this account and another one that is right disagree.
    pub(crate) fn differences(&self, right: &Self) -> Vec<String> {
        let mut found = self.missing(right);
        found.extend(
            OutputTopic::ALL
                .iter()
                .flat_map(|topic| self.stale(*topic, right)),
        );
        found
    }

    /// What is true, or dead, and was not said, or said otherwise.
    pub(crate) fn missing(&self, right: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (id, expected) in right.last.iter().filter(|(_, expected)| expected.is_some()) {
            let said = self.last.get(id);
            if said != Some(expected) {
                found.push(format!("said {said:?}\n expected {expected:?}"));
            }
        }
        for (place, expected) in &right.dead_letters {
            let dead = self.dead_letters.get(place);
            if dead != Some(expected) {
                found.push(format!(
                    "dead letter {place:?}: {dead:?}, expected {expected:?}"
                ));
            }
        }
        found
    }

    /// Dead letters that were written more than once.
    pub(crate) fn doubled(&self) -> Vec<String> {
        let doubled = self.doubled.iter();
        doubled
            .map(|place| format!("dead twice: {place:?}"))
            .collect()
    }

    /// Effects of which this account and another one that is right do not say the same, word for
    /// word: something is missing, doubled, or in another order.
    pub(crate) fn said_otherwise(&self, right: &Self) -> Vec<String> {
        let ids: BTreeSet<_> = self.said.keys().chain(right.said.keys()).collect();
        ids.into_iter()
            .filter(|id| self.said.get(*id) != right.said.get(*id))
            .map(|id| {
                let (said, expected) = (self.said.get(id), right.said.get(id));
                format!("said {said:?}\n expected {expected:?}")
            })
            .collect()
    }

    /// What was said last in a topic and is not true, or not dead.
    pub(crate) fn stale(&self, topic: OutputTopic, right: &Self) -> Vec<String> {
        if topic == OutputTopic::DeadLetters {
            let mut places = self.dead_letters.keys().collect::<Vec<_>>();
            places.retain(|place| !right.dead_letters.contains_key(*place));
            return places
                .iter()
                .map(|place| format!("{place:?} can be used"))
                .collect();
        }
        let said = self
            .last
            .iter()
            .filter(|((of, _), said)| *of == topic && said.is_some());
        said.filter(|(id, _)| right.last.get(*id).is_none_or(Option::is_none))
            .map(|(_, said)| format!("not true: {said:?}"))
            .collect()
    }

    /// What was ever claimed in a topic, and never would be in an account that is right.
    pub(crate) fn never_true(&self, topic: OutputTopic, right: &Self) -> Vec<String> {
        let never = self.claimed.difference(&right.claimed);
        never
            .filter(|(of, _)| *of == topic)
            .map(|id| format!("never true in {topic:?}, now {:?}", self.last.get(id)))
            .collect()
    }

    /// Where the KPIs of this account and another one that is right disagree. A figure that was
    /// never written counts as nothing.
    pub(crate) fn kpi_differences(&self, right: &Self) -> Vec<String> {
        let keys: BTreeSet<_> = self.kpis.keys().chain(right.kpis.keys()).collect();
        let value = |account: &Self, key: &Vec<u8>| {
            let value = account.kpis.get(key).copied().unwrap_or_default();
            (value.0, value.1.unwrap_or_default())
        };
        keys.into_iter()
            .filter(|key| value(self, key) != value(right, key))
            .map(|key| {
                let name = String::from_utf8_lossy(key);
                format!(
                    "{name}: {:?}, expected {:?}",
                    value(self, key),
                    value(right, key)
                )
            })
            .collect()
    }
}

/// The message that a record of an output topic holds.
pub(crate) fn message(record: &StoredRecord) -> Message {
    let value = record.value.as_deref().unwrap();
    Message::decode(&text(record, "ce_type"), Encoding::Json, value).unwrap()
}

/// A header of a record.
pub(crate) fn text(record: &StoredRecord, name: &str) -> String {
    let header = record.headers.iter().find(|(header, _)| header == name);
    String::from_utf8(header.expect(name).1.clone()).unwrap()
}
