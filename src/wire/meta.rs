//! Where a partition stands, written with every transaction that changes it.

use std::fmt;

use prost::Message;

use super::proto::{IdleStep, InputOffset, LargestTime, MapFingerprint, PartitionMeta};
use super::stored::StoredError;
use crate::domain::{EventTime, Maps};

/// The version that is written.
const VERSION: u32 = 1;

/// A transaction of a partition: its place in the partition's history, and who wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stamp {
    /// Counts the partition's transactions; 0 before the first.
    pub sequence: u64,
    /// Names the incarnation of the worker.
    pub nonce: u64,
}

impl Stamp {
    /// The stamp in a note beside a group's offset.
    ///
    /// # Errors
    ///
    /// The note itself, if it is none of ours.
    pub fn from_note(note: &str) -> Result<Self, &str> {
        let mut parts = note.strip_prefix("v1,").ok_or(note)?.split(',');
        let (sequence, nonce) = (parts.next(), parts.next());
        let sequence = sequence.and_then(|text| text.parse().ok());
        let nonce = nonce.and_then(|text| u64::from_str_radix(text, 16).ok());
        match (sequence, nonce) {
            (Some(sequence), Some(nonce)) => Ok(Self { sequence, nonce }),
            _ => Err(note),
        }
    }
}

/// A step that the wall clock made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// By input: the offset that came next when the step was taken.
    pub next: Vec<Option<u64>>,
    /// What the watermark was moved to.
    pub watermark: EventTime,
}

/// Where a partition stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Meta {
    /// By input: the offset to read next; none if nothing was read yet.
    pub next: Vec<Option<u64>>,
    /// The moment at or before which a touchpoint is late.
    pub watermark: Option<EventTime>,
    /// By input: the largest time seen.
    pub largest: Vec<Option<EventTime>>,
    /// Which transaction wrote this.
    pub stamp: Stamp,
    /// The idle steps since the transaction before.
    pub idle_steps: Vec<Step>,
}

impl Meta {
    /// The note to be kept beside the group's offset: `v1,`, the sequence, the nonce in hexadecimal
    /// digits and the watermark in milliseconds, or nothing if there is none.
    pub fn note(&self) -> String {
        struct Watermark(Option<EventTime>);
        impl fmt::Display for Watermark {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.map_or(Ok(()), |at| at.as_millis().fmt(f))
            }
        }
        let Stamp { sequence, nonce } = self.stamp;
        format!("v1,{sequence},{nonce:x},{}", Watermark(self.watermark))
    }

    /// The bytes of the meta record; `maps` are those that the state was made with.
    pub fn encode(&self, maps: &Maps) -> Vec<u8> {
        PartitionMeta {
            version: VERSION,
            next: self.next.iter().copied().map(store_offset).collect(),
            watermark: self.watermark.map(EventTime::as_millis),
            largest: self
                .largest
                .iter()
                .map(|at| LargestTime {
                    at: at.map(EventTime::as_millis),
                })
                .collect(),
            sequence: self.stamp.sequence,
            nonce: self.stamp.nonce,
            maps: fingerprints(maps),
            kinds: maps.kinds().iter().map(ToString::to_string).collect(),
            channels: maps.channels().iter().map(ToString::to_string).collect(),
            idle_steps: self
                .idle_steps
                .iter()
                .map(|step| IdleStep {
                    next: step.next.iter().copied().map(store_offset).collect(),
                    watermark: step.watermark.as_millis(),
                })
                .collect(),
        }
        .encode_to_vec()
    }

    /// The meta record of these bytes.
    ///
    /// # Errors
    ///
    /// If they are not what [`encode`](Self::encode) makes, or the state was made with other maps.
    pub fn decode(bytes: &[u8], maps: &Maps) -> Result<Self, StoredError> {
        let stored = PartitionMeta::decode(bytes)
            .map_err(|error| StoredError::Message(error.to_string()))?;
        if stored.version != VERSION {
            let version = u8::try_from(stored.version).unwrap_or(u8::MAX);
            return Err(StoredError::Version(version));
        }
        check_maps(&stored, maps)?;
        Ok(Self {
            next: stored.next.iter().map(|next| next.offset).collect(),
            watermark: stored.watermark.map(EventTime::from_millis),
            largest: stored
                .largest
                .iter()
                .map(|largest| largest.at.map(EventTime::from_millis))
                .collect(),
            stamp: Stamp {
                sequence: stored.sequence,
                nonce: stored.nonce,
            },
            idle_steps: stored
                .idle_steps
                .into_iter()
                .map(|step| Step {
                    next: step.next.iter().map(|next| next.offset).collect(),
                    watermark: EventTime::from_millis(step.watermark),
                })
                .collect(),
        })
    }
}

fn store_offset(offset: Option<u64>) -> InputOffset {
    InputOffset { offset }
}

fn fingerprints(maps: &Maps) -> Vec<MapFingerprint> {
    let fingerprint = |map: &crate::domain::JourneyMap| MapFingerprint {
        map: map.id.to_string(),
        version: map.version,
        fingerprint: map.fingerprint(),
    };
    maps.maps.iter().map(fingerprint).collect()
}

/// Fails if stored journeys would mean something else under these maps.
fn check_maps(stored: &PartitionMeta, maps: &Maps) -> Result<(), StoredError> {
    let ours = fingerprints(maps);
    let names = |maps: &[MapFingerprint]| {
        let names: Vec<_> = maps
            .iter()
            .map(|map| format!("{} version {}", map.map, map.version))
            .collect();
        names.join(", ")
    };
    let same = |stored: &[String], ours: &[Box<str>]| {
        stored
            .iter()
            .map(String::as_str)
            .eq(ours.iter().map(|name| &**name))
    };
    if stored.maps != ours {
        return Err(StoredError::OtherMaps {
            stored: names(&stored.maps),
            ours: names(&ours),
        });
    }
    if !same(&stored.kinds, maps.kinds()) || !same(&stored.channels, maps.channels()) {
        return Err(StoredError::OtherMaps {
            stored: "another vocabulary of types or channels".into(),
            ours: "this one".into(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{MapSpec, Settings, StageSpec, StepSpec};

    fn maps(id: &str, channels: &[&str]) -> Maps {
        let settings = Settings {
            channels: channels.iter().map(|name| (*name).to_owned()).collect(),
            ..Settings::default()
        };
        let mut map = MapSpec::new(id);
        map.stages.push(StageSpec {
            id: "seen".into(),
            steps: vec![StepSpec {
                id: None,
                on: vec!["page_viewed".into()],
            }],
            conversion: Vec::new(),
        });
        Maps::compile(&[map], &settings).unwrap()
    }

    fn meta() -> Meta {
        Meta {
            next: vec![Some(7), None],
            watermark: Some(EventTime::from_millis(-5)),
            largest: vec![Some(EventTime::from_millis(29_996)), None],
            stamp: Stamp {
                sequence: 3,
                nonce: 0xfeed,
            },
            idle_steps: vec![Step {
                next: vec![Some(7), None],
                watermark: EventTime::from_millis(-5),
            }],
        }
    }

    #[test]
    fn a_meta_record_is_read_back() {
        let maps = maps("shop", &[]);
        assert_eq!(Meta::decode(&meta().encode(&maps), &maps), Ok(meta()));
    }

    #[test]
    fn a_note_names_the_transaction() {
        let note = meta().note();
        assert_eq!(note, "v1,3,feed,-5");
        assert_eq!(Stamp::from_note(&note), Ok(meta().stamp));
        let fresh = Meta {
            watermark: None,
            ..meta()
        };
        assert_eq!(Stamp::from_note(&fresh.note()), Ok(meta().stamp));
        for note in ["", "v2,3,feed,", "v1,x,feed,", "v1,3"] {
            assert_eq!(Stamp::from_note(note), Err(note));
        }
    }

    #[test]
    fn state_of_other_maps_is_refused_and_named() {
        let bytes = meta().encode(&maps("shop", &[]));
        let error = Meta::decode(&bytes, &maps("store", &[]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("shop version 1") && error.contains("store version 1"),
            "{error}"
        );
        assert!(Meta::decode(&bytes, &maps("shop", &["kiosk"])).is_err());
    }
}
