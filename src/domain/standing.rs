//! A customer's standing: the state after some of the touches and deadlines, in every map.

use super::context::Context;
use super::digits::Digits;
use super::effects::{Cause, Effect, EffectId, EffectKind, Sign};
use super::journey::{Journey, Totals};
use super::maps::Maps;
use super::rules::Rule;
use super::time::EventTime;
use super::touch::Touch;

/// The state of one customer after a run of touches and deadlines.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// How many touches.
    pub touches: u32,
    /// The earliest and the latest of them.
    pub span: Option<(EventTime, EventTime)>,
    /// The journey in each map, in map order.
    pub journeys: Vec<Journey>,
}

/// A deadline that stands. Ordered by time, then as deadlines of one instant go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Deadline {
    pub(super) at: EventTime,
    class: Class,
    map: u16,
    episode: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Class {
    SessionTooEarly,
    Episode,
    Session,
    Return,
}

impl Standing {
    /// The standing of a customer who was never touched.
    pub fn new(maps: &Maps) -> Self {
        Self {
            touches: 0,
            span: None,
            journeys: vec![Journey::default(); maps.maps.len()],
        }
    }

    /// The deadline that passes next if no touch comes.
    pub(super) fn due(&self, maps: &Maps) -> Option<Deadline> {
        let session_class = if maps.rules.holds(Rule::EpisodesBeforeSessions) {
            Class::Session
        } else {
            Class::SessionTooEarly
        };
        let mut next: Option<Deadline> = None;
        let mut stand = |deadline: Deadline| {
            next = Some(next.map_or(deadline, |sooner| sooner.min(deadline)));
        };
        for (number, (map, journey)) in (0..).zip(maps.maps.iter().zip(&self.journeys)) {
            for (index, episode) in journey.episodes.iter().enumerate() {
                let at = episode.due(&map.abandonments[usize::from(episode.rule)]);
                stand(Deadline {
                    at,
                    class: Class::Episode,
                    map: number,
                    episode: index,
                });
            }
            if let Some(session) = &journey.session {
                let at = session.due(&map.session);
                stand(Deadline {
                    at,
                    class: session_class,
                    map: number,
                    episode: 0,
                });
            }
            let away = map
                .comeback
                .filter(|back| journey.position > Some(back.beyond));
            if let (Some(back), Some((_, last))) = (away, self.span) {
                let at = last.plus(back.after);
                // A silence returns a customer once, also if a late touch then moves it forward.
                if Some(at) > journey.since {
                    stand(Deadline {
                        at,
                        class: Class::Return,
                        map: number,
                        episode: 0,
                    });
                }
            }
        }
        next
    }

    fn pass(&mut self, deadline: Deadline, context: &mut Context<'_>) {
        context.map = deadline.map;
        let map = context.journey_map();
        let journey = &mut self.journeys[usize::from(deadline.map)];
        match deadline.class {
            Class::Episode => journey.pass_episode(deadline.episode, deadline.at, context),
            Class::Session | Class::SessionTooEarly => {
                if let Some(session) = journey.session.take() {
                    session.end(deadline.at, &map.session, context);
                }
            }
            Class::Return => {
                if let Some(back) = map.comeback {
                    journey.enter(back.to, deadline.at, (Cause::Return, false), context);
                }
            }
        }
    }

    /// Lets every deadline at or before `limit` pass.
    pub(super) fn pass_until(&mut self, limit: EventTime, context: &mut Context<'_>) {
        while let Some(deadline) = self.due(context.maps).filter(|next| next.at <= limit) {
            self.pass(deadline, context);
        }
    }

    /// Applies a touch in its order, after the deadlines before it.
    pub(super) fn touch(&mut self, touch: &Touch, context: &mut Context<'_>) {
        let inclusive = context.maps.rules.holds(Rule::TouchesBeforeDeadlines);
        let one = super::time::Millis::new(i64::from(inclusive));
        self.pass_until(touch.at.minus(one), context);
        let totals = self.count(touch);
        for (map, journey) in (0..).zip(&mut self.journeys) {
            context.map = map;
            journey.touch(touch, totals, context);
        }
    }

    /// Applies a touch that came behind `watermark`.
    pub(super) fn touch_late(
        &mut self,
        touch: &Touch,
        watermark: EventTime,
        context: &mut Context<'_>,
    ) {
        let totals = self.count(touch);
        for (map, journey) in (0..).zip(&mut self.journeys) {
            context.map = map;
            journey.touch_late(touch, watermark, totals, context);
        }
    }

    fn count(&mut self, touch: &Touch) -> Totals {
        let (first, last) = self.span.unwrap_or((touch.at, touch.at));
        self.touches = self.touches.saturating_add(1);
        self.span = Some((first.min(touch.at), last.max(touch.at)));
        Totals {
            touches: self.touches,
            first: first.min(touch.at),
        }
    }

    /// The latest touch.
    pub(super) fn last(&self) -> Option<EventTime> {
        self.span.map(|(_, last)| last)
    }
}

/// The effect of a customer's latest touch having moved from `before` to `at`.
pub(super) fn last_touch(
    before: Option<EventTime>,
    at: EventTime,
    context: &Context<'_>,
) -> Effect {
    let id = EffectId::of(&[
        context.customer.as_str(),
        "",
        "last_touch",
        Digits::decimal(at.as_millis()).as_str(),
    ]);
    Effect {
        id,
        map: 0,
        at,
        sign: Sign::Assert,
        kind: EffectKind::LastTouch { before },
    }
}
