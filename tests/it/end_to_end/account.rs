//! What the output topics say, and what they should.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::num::NonZeroU32;
use std::sync::Arc;

use wayfarer::domain::{EventTime, Kpi, KpiKey, MapSpec, Maps, Settings, Touchpoint};
use wayfarer::runtime::OutputTopic;
use wayfarer::state::Partition;
use wayfarer::wire::output::{Alert, Encoding, Known, Message};
use wayfarer::wire::placement;
use wayfarer::wire::touchpoint::{DecodeOptions, Format};

use crate::contract::{Entry, World};
use crate::on_kafka::KafkaWorld;
use crate::{kpis, reference};

/// Which kind of message, then its id or key.
type Name = (String, String);

/// What was said of every id and key, as text that compares.
#[derive(Default)]
pub(crate) struct Account {
    /// The last word; none where it was taken back.
    last: BTreeMap<Name, String>,
    /// Every word in its order, KPI snapshots aside.
    said: BTreeMap<Name, Vec<String>>,
}

impl Account {
    /// What the world's output topics say.
    pub(crate) fn written(world: &KafkaWorld) -> Self {
        let mut account = Self::default();
        let topics = [
            OutputTopic::Transitions,
            OutputTopic::Alerts,
            OutputTopic::Conversions,
            OutputTopic::Kpis,
        ];
        for entry in topics
            .into_iter()
            .flat_map(|topic| world.read_back(topic))
            .flatten()
        {
            let header = |wanted: &str| {
                let found = entry.headers.iter().find(|(name, _)| name == wanted);
                String::from_utf8(found.expect("every record has it").1.clone()).expect("text")
            };
            let kind = header("ce_type");
            let value = entry.value.expect("no output is a tombstone");
            let message = Message::decode(&kind, Encoding::Json, &value).expect("it is readable");
            account.note(message);
        }
        account
    }

    /// What the reference program says of the touchpoints, up to each partition's watermark.
    pub(crate) fn expected(
        touchpoints: &[Touchpoint],
        watermarks: &BTreeMap<u32, EventTime>,
        partitions: NonZeroU32,
    ) -> Self {
        let (specs, maps) = maps();
        let mut customers: BTreeMap<&str, Vec<Touchpoint>> = BTreeMap::new();
        for touchpoint in touchpoints {
            customers
                .entry(touchpoint.customer.as_str())
                .or_default()
                .push(touchpoint.clone());
        }
        let mut account = Self::default();
        let mut counts: BTreeMap<u32, Vec<kpis::Count>> = BTreeMap::new();
        for (customer, touchpoints) in customers {
            let partition = placement::partition(customer.as_bytes(), partitions);
            let watermark = watermarks.get(&partition).copied();
            let effects = reference::reference(&specs, &maps, &touchpoints, watermark);
            let id = &touchpoints[0].customer;
            let newest = touchpoints.iter().map(|touchpoint| touchpoint.at).max();
            let counted = kpis::counts(&effects, newest.expect("at least one"));
            counts.entry(partition).or_default().extend(counted);
            let messages = effects
                .iter()
                .filter_map(|e| Message::of(id, e, &maps, &Known::default()));
            messages.for_each(|message| account.note(message));
        }
        for (partition, watermark) in watermarks {
            let counts = counts.remove(partition).unwrap_or_default();
            figures(&mut account.last, &specs, *partition, &counts, *watermark);
        }
        account
    }

    /// What the domain says of the input as it was logged, each partition from its first record to
    /// its last in one go. There are no KPI snapshots in it.
    pub(crate) fn replayed(input: &[Vec<Entry>], watermarks: &BTreeMap<u32, EventTime>) -> Self {
        let (_, maps) = maps();
        let maps = Arc::new(maps);
        let mut account = Self::default();
        for (number, log) in (0..).zip(input) {
            let mut partition = Partition::new(Arc::clone(&maps), 1);
            let mut outputs = Vec::new();
            for entry in log {
                if let Some(touchpoint) = touchpoint(entry) {
                    partition.observe(0, &touchpoint, entry.timestamp, &mut outputs);
                }
            }
            if let Some(watermark) = watermarks.get(&number) {
                partition.idle(*watermark, &mut outputs);
            }
            for output in outputs {
                let known = Known::default();
                let said = Message::of(&output.customer, &output.effect, &maps, &known);
                said.into_iter().for_each(|message| account.note(message));
            }
        }
        account
    }

    /// How many there are of each kind.
    pub(crate) fn kinds(&self) -> BTreeMap<&str, usize> {
        let mut kinds = BTreeMap::new();
        for (kind, _) in self.last.keys() {
            *kinds
                .entry(kind.rsplit('.').next().unwrap_or_default())
                .or_default() += 1;
        }
        kinds
    }

    /// How many records say it, KPI snapshots aside.
    pub(crate) fn records(&self) -> usize {
        self.said.values().map(Vec::len).sum()
    }

    /// Fails with the first differences in the last words, if there are any.
    pub(crate) fn compare(&self, written: &Self) {
        differ("in the end", &self.last, &written.last);
    }

    /// Fails with the first differences in any word: one is missing, doubled, or out of its order.
    pub(crate) fn compare_all(&self, written: &Self) {
        differ("word for word", &self.said, &written.said);
    }

    /// Takes a message for the last word on its id, or a retraction for none.
    fn note(&mut self, message: Message) {
        let kind = message.ce_type().to_owned();
        let hex = |id: &[u8]| {
            id.iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        let (name, retraction, message) = match message {
            Message::Transition(m) => (hex(&m.id), m.retraction, Message::Transition(m)),
            Message::Session(m) => (hex(&m.id), m.retraction, Message::Session(m)),
            Message::Conversion(m) => (hex(&m.id), m.retraction, Message::Conversion(m)),
            Message::Alert(m) => {
                // When it was found out is no matter of right or wrong.
                let alert = Alert {
                    detected_at: None,
                    watermark: None,
                    ..m
                };
                (hex(&alert.id), false, Message::Alert(alert))
            }
            Message::Kpi(m) => {
                let labels: BTreeMap<_, _> = m.labels.clone().into_iter().collect();
                let name = format!("{} {:?} {labels:?} {}", m.kpi, m.window, m.partition);
                let value = (m.numerator, m.denominator);
                if value.0 == 0 && value.1.unwrap_or(0) == 0 {
                    self.last.remove(&(kind, name));
                } else {
                    self.last.insert((kind, name), format!("{value:?}"));
                }
                return;
            }
        };
        let (name, text) = ((kind, name), format!("{message:?}"));
        self.said
            .entry(name.clone())
            .or_default()
            .push(text.clone());
        if retraction {
            self.last.remove(&name);
        } else {
            self.last.insert(name, text);
        }
    }
}

/// The maps of these tests, as the processes have them.
pub(crate) fn maps() -> ([MapSpec; 1], Maps) {
    let specs = [wayfarer::config::builtin_map("five-stages").expect("it is built in")];
    let mut settings = Settings::default();
    settings.bounds.ring = 1024;
    let maps = Maps::compile(&specs, &settings).expect("it is right");
    (specs, maps)
}

/// The touchpoint of a record, if it can be used.
pub(crate) fn touchpoint(entry: &Entry) -> Option<Touchpoint> {
    let value = entry.value.as_deref().unwrap_or_default();
    let decoded = Format::Json.decode(entry.key.as_deref(), value, &DecodeOptions::default());
    decoded.ok().map(|decoded| decoded.touchpoint)
}

/// Fails with the first differences, if there are any.
fn differ<T: PartialEq + Debug>(
    how: &str,
    expected: &BTreeMap<Name, T>,
    written: &BTreeMap<Name, T>,
) {
    let missing: Vec<_> = expected
        .iter()
        .map(|(name, text)| (text, written.get(name)))
        .filter(|(text, found)| *found != Some(*text))
        .collect();
    let extra: Vec<_> = written
        .iter()
        .filter(|(name, _)| !expected.contains_key(*name))
        .collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{how}, {} differ or are missing: {:#?}\n{} are too many: {:#?}",
        missing.len(),
        &missing[..missing.len().min(3)],
        extra.len(),
        &extra[..extra.len().min(3)],
    );
}

/// Each figure's name, and what its numerator and its denominator count.
const FIGURES: [(&str, &[Kpi], &[Kpi], &str); 17] = [
    ("sessions", &[Kpi::Sessions], &[], ""),
    (
        "engagement_rate",
        &[Kpi::EngagedSessions],
        &[Kpi::Sessions],
        "",
    ),
    ("bounce_rate", &[Kpi::BouncedSessions], &[Kpi::Sessions], ""),
    (
        "session_conversion_rate",
        &[Kpi::ConvertedSessions],
        &[Kpi::Sessions],
        "",
    ),
    (
        "customer_conversion_rate",
        &[Kpi::ConvertedCustomers],
        &[Kpi::ActiveCustomers],
        "",
    ),
    (
        "repeat_rate",
        &[Kpi::RepeatCustomers],
        &[Kpi::ConvertedCustomers],
        "",
    ),
    ("conversions", &[Kpi::Conversions], &[], ""),
    ("acquisitions", &[Kpi::FirstConversions], &[], ""),
    ("stage_population", &[Kpi::Population], &[], "step"),
    ("stage_entries", &[Kpi::Entries], &[], "step"),
    ("stage_exits", &[Kpi::Exits], &[], "step"),
    (
        "stage_dwell_milliseconds",
        &[Kpi::DwellMillis],
        &[Kpi::Stays],
        "step",
    ),
    ("open_episodes", &[Kpi::OpenEpisodes], &[], "rule"),
    ("episodes", &[Kpi::Opened], &[], "rule"),
    (
        "abandonment_rate",
        &[Kpi::Abandoned],
        &[Kpi::Abandoned, Kpi::Completed],
        "rule",
    ),
    (
        "recovery_rate",
        &[Kpi::Recovered],
        &[Kpi::Abandoned],
        "rule",
    ),
    ("revenue", &[Kpi::Revenue], &[], "currency"),
];

/// Notes every figure of a partition whose watermark stands at `watermark`.
fn figures(
    last: &mut BTreeMap<Name, String>,
    specs: &[MapSpec],
    partition: u32,
    counts: &[kpis::Count],
    watermark: EventTime,
) {
    let disorder = Settings::default().disorder;
    let now = EventTime::from_millis(watermark.as_millis() + disorder.get() + 1);
    let totals = (None, kpis::totals(counts));
    let windows = kpis::windows(counts, now);
    let windows = windows
        .into_iter()
        .map(|(window, sums)| (Some(window.name()), sums));
    for (window, sums) in std::iter::once(totals).chain(windows) {
        for (name, numerator, denominator, by) in FIGURES {
            let is_total = matches!(name, "stage_population" | "open_episodes");
            if is_total != window.is_none() {
                continue;
            }
            for (label, labels) in labels(&specs[0], by, counts) {
                let sum = |kpis: &[Kpi]| -> i64 {
                    let key = |kpi| KpiKey { kpi, map: 0, label };
                    kpis.iter()
                        .map(|kpi| sums.get(&key(*kpi)).copied().unwrap_or(0))
                        .sum()
                };
                let value = (
                    sum(numerator),
                    (!denominator.is_empty()).then(|| sum(denominator)),
                );
                if value.0 == 0 && value.1.unwrap_or(0) == 0 {
                    continue;
                }
                let window = window.map(str::to_owned);
                let key = format!("{name} {window:?} {labels:?} {partition}");
                last.insert(("wayfarer.v1.kpi".to_owned(), key), format!("{value:?}"));
            }
        }
    }
}

/// Every label of a breakdown: its number, and as it is written.
fn labels(
    spec: &MapSpec,
    by: &str,
    counts: &[kpis::Count],
) -> Vec<(u32, BTreeMap<String, String>)> {
    let label = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        pairs.chain([("map".to_owned(), spec.id.clone())]).collect()
    };
    match by {
        "step" => {
            let steps = spec.stages.iter().flat_map(|stage| {
                stage.steps.iter().map(move |step| match &step.id {
                    None => label(&[("stage", &stage.id)]),
                    Some(id) => label(&[("stage", &stage.id), ("step", id)]),
                })
            });
            (0..).zip(steps).collect()
        }
        "rule" => {
            let rules = spec
                .abandonments
                .iter()
                .map(|rule| label(&[("rule", &rule.id)]));
            (0..).zip(rules).collect()
        }
        "currency" => {
            let mut found: Vec<u32> = counts
                .iter()
                .filter(|(key, _, _)| key.kpi == Kpi::Revenue)
                .map(|(key, _, _)| key.label)
                .collect();
            found.sort_unstable();
            found.dedup();
            let name = |number: u32| match KpiKey::currency_of(number) {
                Some(currency) => label(&[("currency", currency.as_str())]),
                None => label(&[("currency", "none")]),
            };
            found
                .into_iter()
                .map(|number| (number, name(number)))
                .collect()
        }
        _ => vec![(0, label(&[]))],
    }
}
