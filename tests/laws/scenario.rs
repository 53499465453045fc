//! Stories told line by line, and what each line led to, in words.
//!
//! A line is `watermark 60` (an idle step to that time) or a touchpoint: its time, its type and
//! what it carries, as in `0 cart_added cart=c1 value=500`. Its customer is `ada` and its id the
//! number of the line, unless named.

use std::sync::Arc;

use wayfarer::domain::{
    AbandonmentSpec, Bounds, CustomerId, Effect, EffectKind, EventTime, Exposure, Kpi, KpiKey,
    MapSpec, Maps, Millis, ReturnSpec, Rules, Settings, Sign, StageSpec, StepIx, StepSpec,
    Touchpoint,
};
use wayfarer::state::{Counters, Output, Partition};

/// How far behind a touchpoint may come in these stories.
const DISORDER: i64 = 20;

/// Four stages; carts are abandoned after 30 ms and again after 60, and remembered for 100 more;
/// a session ends after 10 ms.
pub(crate) fn shop() -> MapSpec {
    let mut shop = MapSpec::new("shop");
    let stages = [
        ("browse", "page_viewed"),
        ("cart", "cart_added"),
        ("checkout", "checkout_started"),
        ("ordered", "purchased"),
    ];
    shop.stages = stages
        .map(|(id, on)| StageSpec {
            id: id.into(),
            steps: vec![StepSpec {
                id: None,
                on: vec![on.into()],
            }],
            conversion: Vec::new(),
        })
        .to_vec();
    shop.stages[3].conversion.push("purchased".into());
    shop.session.gap = Millis::new(10);
    let cart = AbandonmentSpec::new("cart", "cart_added", "purchased", Millis::new(30));
    shop.abandonments.push(AbandonmentSpec {
        extends: vec!["cart_viewed".into()],
        cancels: vec!["cart_emptied".into()],
        again: vec![Millis::new(60)],
        recovers_within: Millis::new(100),
        ..cart
    });
    shop
}

/// The same shop with sessions so long that none ends.
pub(crate) fn quiet_shop() -> MapSpec {
    let mut shop = shop();
    shop.session.gap = Millis::new(10_000);
    shop
}

/// The same shop, in which a customer silent for 40 ms goes back to browsing.
pub(crate) fn returning_shop() -> MapSpec {
    let mut shop = shop();
    let (to, after) = ("browse".into(), Millis::new(40));
    shop.comeback = Some(ReturnSpec { to, after });
    shop
}

/// A story that was told.
pub(crate) struct Told {
    maps: Arc<Maps>,
    partition: Partition,
    /// What each line led to.
    led_to: Vec<Vec<Output>>,
}

/// Tells a story.
pub(crate) fn told(spec: &MapSpec, story: &str) -> Told {
    told_with(spec, story, Rules::ALL)
}

/// Tells a story with some rules switched off.
pub(crate) fn told_with(spec: &MapSpec, story: &str, rules: Rules) -> Told {
    let settings = Settings {
        rules,
        ..Settings::default()
    };
    tell(spec, story, settings)
}

/// Tells a story with little room for what is kept of a customer.
pub(crate) fn told_within(spec: &MapSpec, story: &str, bounds: Bounds) -> Told {
    let settings = Settings {
        bounds,
        ..Settings::default()
    };
    tell(spec, story, settings)
}

fn tell(spec: &MapSpec, story: &str, settings: Settings) -> Told {
    let settings = Settings {
        disorder: Millis::new(DISORDER),
        ..settings
    };
    let maps = Maps::compile(std::slice::from_ref(spec), &settings);
    let maps = Arc::new(maps.expect("the map has no mistakes"));
    let mut partition = Partition::new(Arc::clone(&maps), 1);
    let mut led_to = Vec::new();
    for (number, line) in story
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .enumerate()
    {
        let mut out = Vec::new();
        match line.strip_prefix("watermark ") {
            Some(to) => partition.idle(EventTime::from_millis(whole(to)), &mut out),
            None => {
                partition.observe(0, &touchpoint(number, line), None, &mut out);
            }
        }
        partition.commit();
        led_to.push(out);
    }
    Told {
        maps,
        partition,
        led_to,
    }
}

fn whole(text: &str) -> i64 {
    text.parse().expect("a whole number")
}

fn touchpoint(number: usize, line: &str) -> Touchpoint {
    let mut words = line.split_whitespace();
    let at = EventTime::from_millis(whole(words.next().expect("a time")));
    let kind = words.next().expect("a type");
    let mut touchpoint = Touchpoint::new(&format!("line{number}"), "ada", kind, at);
    for word in words {
        let (name, value) = word.split_once('=').expect("name=value");
        match name {
            "id" => touchpoint.id = value.into(),
            "customer" => touchpoint.customer = CustomerId::new(value),
            "cart" => touchpoint.cart = Some(value.into()),
            "order" => touchpoint.order = Some(value.into()),
            "channel" => touchpoint.channel = Some(value.into()),
            "value" => touchpoint.value = Some(whole(value)),
            _ => panic!("a touchpoint of a story has no {name}"),
        }
    }
    touchpoint
}

impl Told {
    /// Alerts, their retractions, recoveries, completions and ends without a trace that the last
    /// line led to.
    pub(crate) fn episodes(&self) -> Vec<String> {
        self.last(&[
            "abandoned",
            "retracted",
            "recovered",
            "completed",
            "dropped",
        ])
    }

    /// Transitions that the last line led to; a retraction begins with a minus.
    pub(crate) fn moves(&self) -> Vec<String> {
        self.last(&["+", "-"])
    }

    /// Conversions and refunds that the last line led to.
    pub(crate) fn money(&self) -> Vec<String> {
        self.last(&["conversion", "refund"])
    }

    /// All that the last line led to.
    pub(crate) fn everything(&self) -> Vec<String> {
        self.last(&[""])
    }

    fn last(&self, openings: &[&str]) -> Vec<String> {
        let outputs = self.led_to.last().map_or(&[][..], Vec::as_slice);
        self.words(outputs, openings)
    }

    /// The sessions that ended in the whole story.
    pub(crate) fn sessions(&self) -> Vec<String> {
        self.words(&self.led_to.concat(), &["session"])
    }

    fn words(&self, outputs: &[Output], openings: &[&str]) -> Vec<String> {
        let lines = outputs.iter().map(|output| self.in_words(&output.effect));
        lines
            .filter(|line| openings.iter().any(|opening| line.starts_with(opening)))
            .collect()
    }

    /// The exposures that led to each conversion of the whole story.
    pub(crate) fn paths(&self) -> Vec<String> {
        let outputs = self.led_to.iter().flatten();
        let paths = outputs.filter_map(|output| match &output.effect.kind {
            EffectKind::Converted(converted) => Some(&converted.path),
            _ => None,
        });
        let in_words = |exposure: &Exposure| {
            let channel = self.maps.channel_name(exposure.channel);
            format!("{channel} at {}", exposure.at.as_millis())
        };
        paths
            .map(|path| path.iter().map(in_words).collect::<Vec<_>>().join(", "))
            .collect()
    }

    /// How many of something were counted in all, for the map or, if it has none, for the label 0.
    pub(crate) fn total(&self, kpi: Kpi) -> i64 {
        self.partition.panes().total(&KpiKey {
            kpi,
            map: 0,
            label: 0,
        })
    }

    /// The customers' own limits of lateness, as stored.
    pub(crate) fn floors(&self) -> Vec<Option<i64>> {
        let mut floors = Vec::new();
        self.partition
            .each_customer(|_, customer| floors.push(customer.floor.map(EventTime::as_millis)));
        floors
    }

    /// What the customers brought less what went back, as stored.
    pub(crate) fn revenue(&self) -> Vec<i64> {
        let mut revenue = Vec::new();
        self.partition.each_customer(|_, customer| {
            let sums = &customer.settled.journeys[0].revenue;
            revenue.extend(sums.iter().map(|(_, sum)| *sum));
        });
        revenue
    }

    pub(crate) fn counters(&self) -> Counters {
        self.partition.counters()
    }

    fn in_words(&self, effect: &Effect) -> String {
        let at = effect.at.as_millis();
        let stage = |step: StepIx| self.maps.maps[0].name_of(step).0;
        let place = |instance: &Option<Box<str>>| instance.clone().unwrap_or("all".into());
        match &effect.kind {
            EffectKind::Transition {
                from,
                to,
                dwell,
                late,
                ..
            } => {
                let sign = if effect.sign == Sign::Assert {
                    '+'
                } else {
                    '-'
                };
                let (from, to, dwell) = (from.map_or("nowhere", stage), stage(*to), dwell.get());
                let late = if *late { " late" } else { "" };
                format!("{sign} {from} -> {to} at {at} dwell {dwell}{late}")
            }
            EffectKind::StayCompleted { step, dwell } => {
                format!("stay in {} of {}", stage(*step), dwell.get())
            }
            EffectKind::SessionEnded(session) => {
                let (start, end) = (session.start.as_millis(), session.end.as_millis());
                format!("session {start} to {end} touches {}", session.touches)
            }
            EffectKind::Converted(converted) => {
                let late = if converted.late { " late" } else { "" };
                let (number, touches) = (converted.number, converted.touches);
                format!(
                    "conversion {number} at {at} worth {} touches {touches}{late}",
                    converted.value
                )
            }
            EffectKind::Refunded { value, .. } => format!("refund of {value}"),
            EffectKind::Abandoned(alert) => {
                let (instance, level) = (place(&alert.instance), alert.level);
                format!(
                    "abandoned {instance} at {at} level {level} pieces {}",
                    alert.items
                )
            }
            EffectKind::Retracted(back) => {
                format!(
                    "retracted {} at {at} level {}",
                    place(&back.instance),
                    back.level
                )
            }
            EffectKind::Recovered(recovery) => {
                let (instance, took) = (place(&recovery.instance), recovery.took.get());
                format!("recovered {instance} at {at} took {took}")
            }
            EffectKind::Opened { .. } => format!("opened at {at}"),
            EffectKind::Dropped { .. } => format!("dropped at {at}"),
            EffectKind::Completed { .. } => format!("completed at {at}"),
            EffectKind::LastTouch { .. } => format!("last touch at {at}"),
        }
    }
}
