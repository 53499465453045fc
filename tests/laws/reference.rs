//! The reference program: what the touchpoints of one customer amount to, told from the whole list.
//!
//! Too simple to be wrong, it is hoped. The touchpoints are sorted and freed of duplicates; then
//! every question (where did the customer move, when did sessions end, which carts were left) is
//! answered by going through the list again. Nothing is kept from one touchpoint to the next that
//! the definition does not name. Times are plain milliseconds here.

use std::collections::BTreeSet;
use std::hash::Hasher;

use siphasher::sip::SipHasher13;
use wayfarer::domain::{
    AbandonmentSpec, Bounce, Cause, ChannelSet, Converted, Effect, EffectId, EffectKind, EventTime,
    Exposure, InstanceKey, MapSpec, Maps, Millis, Moves, SessionEnded, Sign, StepIx, Touchpoint,
};

use crate::episodes;

/// What `touchpoints`, all of one customer and in any order, amount to when all of them came on
/// time and the watermark stands at `watermark`. The distinct counts' `LastTouch` is left out: it
/// depends on the order of arrival. The effects come in no particular order.
pub(crate) fn reference(
    specs: &[MapSpec],
    maps: &Maps,
    touchpoints: &[Touchpoint],
    watermark: Option<EventTime>,
) -> Vec<Effect> {
    let touches = in_order(specs, touchpoints);
    let Some(first) = touches.first() else {
        return Vec::new();
    };
    let mut effects = Vec::new();
    for (map, spec) in specs.iter().enumerate() {
        let way = Way {
            spec,
            map: u16::try_from(map).expect("a handful of maps"),
            maps,
            customer: first.customer.as_str(),
            touches: &touches,
            watermark: watermark.map_or(i64::MIN, EventTime::as_millis),
        };
        let transitions = way.transitions();
        effects.extend(way.stays(&transitions));
        effects.extend(episodes::episodes(&way, &transitions));
        effects.extend(transitions);
        effects.extend(way.sessions());
        effects.extend(way.conversions());
        effects.extend(way.refunds());
    }
    effects
}

/// The touchpoints by (time, rank, id); of one id with two times the earlier.
pub(crate) fn in_order<'a>(
    specs: &[MapSpec],
    touchpoints: &'a [Touchpoint],
) -> Vec<&'a Touchpoint> {
    let mut touches: Vec<&Touchpoint> = touchpoints.iter().collect();
    touches.sort_by_key(|t| (t.at, rank(specs, &t.kind), &t.id));
    let mut seen = BTreeSet::new();
    touches.retain(|t| seen.insert(&t.id));
    touches
}

/// The lowest step that names a type, in the first map that does; types in no map come last.
fn rank(specs: &[MapSpec], kind: &str) -> usize {
    specs
        .iter()
        .find_map(|spec| steps_of(spec).iter().position(|step| step.enters(kind)))
        .unwrap_or(usize::MAX)
}

/// A step with the names around it.
struct Place<'a> {
    stage: &'a str,
    step: &'a str,
    on: &'a [String],
}

impl Place<'_> {
    fn enters(&self, kind: &str) -> bool {
        self.on.iter().any(|name| name == kind)
    }
}

fn steps_of(spec: &MapSpec) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    for stage in &spec.stages {
        places.extend(stage.steps.iter().map(|step| Place {
            stage: &stage.id,
            step: step.id.as_deref().unwrap_or(""),
            on: &step.on,
        }));
    }
    places
}

/// One customer's way through one map.
pub(crate) struct Way<'a> {
    pub(crate) spec: &'a MapSpec,
    pub(crate) map: u16,
    pub(crate) maps: &'a Maps,
    pub(crate) customer: &'a str,
    /// All touches in order, those behind the watermark and those before it.
    pub(crate) touches: &'a [&'a Touchpoint],
    pub(crate) watermark: i64,
}

impl Way<'_> {
    /// The touches at or before the watermark.
    pub(crate) fn settled(&self) -> impl Iterator<Item = &Touchpoint> {
        self.touches
            .iter()
            .copied()
            .filter(|t| ms(t) <= self.watermark)
    }

    /// An effect of this map; `parts` come after customer and map in its id.
    pub(crate) fn effect(&self, parts: &[&str], at: i64, kind: EffectKind) -> Effect {
        Effect {
            id: self.id(parts),
            map: self.map,
            at: EventTime::from_millis(at),
            sign: Sign::Assert,
            kind,
        }
    }

    pub(crate) fn id(&self, parts: &[&str]) -> EffectId {
        EffectId::of(&[&[self.customer, self.spec.id.as_str()], parts].concat())
    }

    /// Every move, whether settled or not.
    fn transitions(&self) -> Vec<Effect> {
        let steps = steps_of(self.spec);
        let mut moves = Vec::new();
        let mut stands: Option<usize> = None;
        let mut since = 0;
        for (i, touch) in self.touches.iter().enumerate() {
            let at = ms(touch);
            if let Some(to) = self.target(&steps, stands, &touch.kind) {
                let cause = Cause::Touchpoint(touch.id.clone(), self.maps.kind(&touch.kind));
                let parts = ["transition", &touch.id, steps[to].stage, steps[to].step];
                let dwell = stands.map_or(0, |_| at - since);
                moves.push(self.effect(&parts, at, transition(stands, to, dwell, cause)));
                (stands, since) = (Some(to), at);
            }
            let Some((to, beyond, after)) = self.comeback(&steps) else {
                continue;
            };
            let due = at + after;
            let silent = match self.touches.get(i + 1) {
                Some(next) => ms(next) > due,
                None => due <= self.watermark,
            };
            if silent && stands.is_some_and(|step| step > beyond) {
                let deadline = due.to_string();
                let (stage, step) = (steps[to].stage, steps[to].step);
                let parts = ["transition", "return", &deadline, stage, step];
                let kind = transition(stands, to, due - since, Cause::Return);
                moves.push(self.effect(&parts, due, kind));
                (stands, since) = (Some(to), due);
            }
        }
        moves
    }

    /// Where a touch of type `kind` takes a customer who stands at `stands`.
    fn target(&self, steps: &[Place<'_>], stands: Option<usize>, kind: &str) -> Option<usize> {
        let entered: Vec<usize> = (0..steps.len())
            .filter(|i| steps[*i].enters(kind))
            .collect();
        let next = stands.map_or(0, |step| step + 1);
        match self.spec.moves {
            Moves::Forward => entered.into_iter().find(|step| *step >= next),
            Moves::Strict => entered.into_iter().find(|step| *step == next),
            Moves::Any if stands.is_some_and(|step| entered.contains(&step)) => None,
            Moves::Any => entered.first().copied(),
        }
    }

    /// Where a silent customer goes, beyond which step, after how long.
    fn comeback(&self, steps: &[Place<'_>]) -> Option<(usize, usize, i64)> {
        let spec = self.spec.comeback.as_ref()?;
        let named = |place: &Place<'_>| {
            place.stage == spec.to || format!("{}.{}", place.stage, place.step) == spec.to
        };
        let to = steps.iter().position(named)?;
        let beyond = steps.iter().rposition(named)?;
        Some((to, beyond, spec.after.get()))
    }

    /// A stay is over for good when the transition that ended it is settled.
    fn stays(&self, transitions: &[Effect]) -> Vec<Effect> {
        let mut stays = Vec::new();
        for effect in transitions
            .iter()
            .filter(|e| e.at.as_millis() <= self.watermark)
        {
            if let EffectKind::Transition {
                from: Some(step),
                dwell,
                ..
            } = effect.kind
            {
                let kind = EffectKind::StayCompleted { step, dwell };
                stays.push(Effect {
                    kind,
                    ..effect.clone()
                });
            }
        }
        stays
    }

    /// The numbers of the touches that made a conversion: one for each order.
    fn converting(&self) -> Vec<usize> {
        let mut orders = BTreeSet::new();
        (0..self.touches.len())
            .filter(|i| self.converts(&self.touches[*i].kind))
            .filter(|i| {
                self.touches[*i]
                    .order
                    .as_ref()
                    .is_none_or(|order| orders.insert(order))
            })
            .collect()
    }

    fn converts(&self, kind: &str) -> bool {
        self.spec
            .stages
            .iter()
            .any(|stage| stage.conversion.iter().any(|name| name == kind))
    }

    fn sessions(&self) -> Vec<Effect> {
        let rule = &self.spec.session;
        let mut sessions = Vec::new();
        let mut start = 0;
        while start < self.touches.len() {
            let within = |i: usize| {
                ms(self.touches[i]) <= ms(self.touches[i - 1]) + rule.gap.get()
                    && ms(self.touches[i]) <= ms(self.touches[start]) + rule.max.get()
            };
            let end = (start + 1..self.touches.len())
                .find(|i| !within(*i))
                .unwrap_or(self.touches.len());
            let limit = (ms(self.touches[end - 1]) + rule.gap.get())
                .min(ms(self.touches[start]) + rule.max.get());
            if limit <= self.watermark {
                sessions.push(self.session(start, end, limit));
            }
            start = end;
        }
        sessions
    }

    /// The session of the touches from `start` up to, not including, `end`.
    fn session(&self, start: usize, end: usize, at: i64) -> Effect {
        let rule = &self.spec.session;
        let touches = &self.touches[start..end];
        let (first, last) = (touches[0], touches[touches.len() - 1]);
        let views = count(
            touches
                .iter()
                .filter(|t| rule.view_types.contains(&t.kind.to_string())),
        );
        let converted = self.converting().iter().any(|i| (start..end).contains(i));
        let engaged =
            last.at.since(first.at) > rule.longer_than || converted || views >= rule.views;
        let bounced = match rule.bounce {
            Bounce::NotEngaged => !engaged,
            Bounce::SingleView => views == 1,
        };
        let ended = SessionEnded {
            start: first.at,
            end: last.at,
            touches: count(touches.iter()),
            views,
            channels: self.channels(touches),
            entry: self.maps.kind(&first.kind),
            exit: self.maps.kind(&last.kind),
            engaged,
            bounced,
            converted,
        };
        let parts = ["session", &ms(first).to_string()];
        self.effect(&parts, at, EffectKind::SessionEnded(Box::new(ended)))
    }

    pub(crate) fn channels(&self, touches: &[&Touchpoint]) -> ChannelSet {
        touches.iter().fold(ChannelSet::default(), |set, touch| {
            set.with(self.maps.channel(touch.channel.as_deref()))
        })
    }

    fn conversions(&self) -> Vec<Effect> {
        let converting = self.converting();
        let mut conversions = Vec::new();
        for (nth, i) in converting.iter().enumerate() {
            let touch = self.touches[*i];
            if ms(touch) > self.watermark {
                continue;
            }
            let converted = Converted {
                touchpoint: touch.id.clone(),
                kind: self.maps.kind(&touch.kind),
                order: touch.order.clone(),
                value: touch.value.unwrap_or(0),
                currency: touch.currency,
                number: u32::try_from(nth + 1).expect("few conversions"),
                took: touch.at.since(self.touches[0].at),
                touches: u32::try_from(i + 1).expect("few touches"),
                path: self.path(&self.touches[..=*i]),
                previous: nth
                    .checked_sub(1)
                    .map(|before| self.touches[converting[before]].at),
                late: false,
            };
            let parts = ["conversion", touch.order.as_ref().unwrap_or(&touch.id)];
            let kind = EffectKind::Converted(Box::new(converted));
            conversions.push(self.effect(&parts, ms(touch), kind));
        }
        conversions
    }

    /// The way to the last of `touches`: equal neighbours are one exposure with the later time.
    fn path(&self, touches: &[&Touchpoint]) -> Vec<Exposure> {
        let last = touches[touches.len() - 1];
        let mut path: Vec<Exposure> = touches
            .iter()
            .map(|t| Exposure {
                at: t.at,
                channel: self.maps.channel(t.channel.as_deref()),
            })
            .collect();
        path.reverse();
        path.dedup_by_key(|exposure| exposure.channel);
        path.retain(|exposure| exposure.at >= last.at.minus(self.spec.lookback));
        path.truncate(self.maps.bounds.path);
        path.reverse();
        path
    }

    fn refunds(&self) -> Vec<Effect> {
        self.settled()
            .filter(|touch| matches!(&*touch.kind, "refunded" | "cancelled"))
            .filter_map(|touch| {
                let kind = EffectKind::Refunded {
                    value: touch.value?,
                    currency: touch.currency,
                };
                Some(self.effect(&["refunded", &touch.id], ms(touch), kind))
            })
            .collect()
    }
}

fn transition(from: Option<usize>, to: usize, dwell: i64, cause: Cause) -> EffectKind {
    EffectKind::Transition {
        from: from.map(step_ix),
        to: step_ix(to),
        dwell: Millis::new(dwell),
        cause,
        late: false,
    }
}

fn step_ix(step: usize) -> StepIx {
    StepIx(u8::try_from(step).expect("a map has at most 200 steps"))
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).expect("few touches")
}

/// The time of a touchpoint in milliseconds.
pub(crate) fn ms(touch: &Touchpoint) -> i64 {
    touch.at.as_millis()
}

/// The instance that a touchpoint names under a rule.
pub(crate) fn instance<'a>(rule: &AbandonmentSpec, touch: &'a Touchpoint) -> Option<&'a str> {
    match rule.instance {
        InstanceKey::Cart => touch.cart.as_deref(),
        InstanceKey::Order => touch.order.as_deref(),
        InstanceKey::Request => touch.request.as_deref(),
        InstanceKey::Customer => None,
    }
}

/// What stands for a touchpoint's id inside other ids: 16 hexadecimal digits.
pub(crate) fn hash_of(id: &str) -> String {
    let mut hasher = SipHasher13::new();
    hasher.write(id.as_bytes());
    format!("{:016x}", hasher.finish())
}
