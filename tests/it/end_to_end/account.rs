//! What the output topics say, and what they should.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use wayfarer::domain::{EventTime, Kpi, KpiKey, MapSpec, Maps, Settings, Touchpoint};
use wayfarer::runtime::OutputTopic;
use wayfarer::wire::output::{Alert, Encoding, Known, Message};
use wayfarer::wire::placement;

use crate::contract::World;
use crate::on_kafka::KafkaWorld;
use crate::{kpis, reference};

/// Which kind of message, then its id or key.
type Name = (String, String);

/// The last word on every id and key, as text that compares.
pub(crate) struct Account(BTreeMap<Name, String>);

impl Account {
    /// What the world's output topics say when repeats are removed by id.
    pub(crate) fn written(world: &KafkaWorld) -> Self {
        let mut last = BTreeMap::new();
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
            note(&mut last, message);
        }
        assert!(
            world
                .read_back(OutputTopic::DeadLetters)
                .concat()
                .is_empty(),
            "dead letters"
        );
        Self(last)
    }

    /// What the reference program says of the touchpoints, up to each partition's watermark.
    pub(crate) fn expected(
        touchpoints: &[Touchpoint],
        watermarks: &BTreeMap<u32, EventTime>,
    ) -> Self {
        let spec = wayfarer::config::builtin_map("five-stages").expect("it is built in");
        let specs = [spec];
        let maps = Maps::compile(&specs, &Settings::default()).expect("it is right");
        let partitions = NonZeroU32::new(super::PARTITIONS).expect("four");
        let mut customers: BTreeMap<&str, Vec<Touchpoint>> = BTreeMap::new();
        for touchpoint in touchpoints {
            customers
                .entry(touchpoint.customer.as_str())
                .or_default()
                .push(touchpoint.clone());
        }
        let mut last = BTreeMap::new();
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
            messages.for_each(|message| note(&mut last, message));
        }
        for (partition, watermark) in watermarks {
            let counts = counts.remove(partition).unwrap_or_default();
            figures(&mut last, &specs, *partition, &counts, *watermark);
        }
        Self(last)
    }

    /// How many there are of each kind.
    pub(crate) fn kinds(&self) -> BTreeMap<&str, usize> {
        let mut kinds = BTreeMap::new();
        for (kind, _) in self.0.keys() {
            *kinds
                .entry(kind.rsplit('.').next().unwrap_or_default())
                .or_default() += 1;
        }
        kinds
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Fails with the first differences, if there are any.
    pub(crate) fn compare(&self, written: &Self) {
        let missing = self
            .0
            .iter()
            .filter(|(name, text)| written.0.get(*name) != Some(text));
        let extra = written
            .0
            .iter()
            .filter(|(name, _)| !self.0.contains_key(*name));
        let missing: Vec<_> = missing
            .map(|(name, text)| (text, written.0.get(name)))
            .collect();
        let extra: Vec<_> = extra.collect();
        assert!(
            missing.is_empty() && extra.is_empty(),
            "{} differ or are missing: {:#?}\n{} are too many: {:#?}",
            missing.len(),
            &missing[..missing.len().min(3)],
            extra.len(),
            &extra[..extra.len().min(3)],
        );
    }
}

/// Takes a message for the last word on its id, or a retraction for none.
fn note(last: &mut BTreeMap<Name, String>, message: Message) {
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
                last.remove(&(kind, name));
            } else {
                last.insert((kind, name), format!("{value:?}"));
            }
            return;
        }
    };
    if retraction {
        last.remove(&(kind, name));
    } else {
        last.insert((kind, name), format!("{message:?}"));
    }
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
