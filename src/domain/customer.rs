//! A customer: settled + pending, and the live fold of both.
//!
//! *Settled* is the standing after every touch and deadline at or before the watermark. *Pending*
//! are the later touches, in order. *Live* is settled with pending folded in; it is folded when it
//! is first needed, and then kept.

use super::context::Context;
use super::effects::{Effect, Sign};
use super::maps::Maps;
use super::ring::Ring;
use super::rules::{Rule, Rules};
use super::standing::{Standing, last_touch};
use super::time::{EventTime, Millis};
use super::touch::Touch;

/// One customer of a partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Customer {
    /// After everything at or before the watermark.
    pub settled: Standing,
    /// The touches after it, by time, rank and id.
    pub pending: Vec<Touch>,
    /// The newest ids at or before it.
    pub seen: Ring,
    /// Up to where a full pending made us settle early: the customer's own limit of lateness.
    pub floor: Option<EventTime>,
    /// When the timer that stands for this customer fires.
    pub armed: Option<EventTime>,
    live: Option<Live>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Live {
    standing: Standing,
    /// When the settled effects that folding pending brings are due, in no order.
    settles: Vec<EventTime>,
}

/// What became of a touchpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It took its place in order.
    Applied,
    /// It came behind the watermark and was applied as such.
    Late,
    /// Its id is known.
    Duplicate,
}

impl Customer {
    /// A customer who was never touched.
    pub fn new(maps: &Maps) -> Self {
        Self::restored(Standing::new(maps), Vec::new(), Ring::default())
    }

    /// A customer as stored: what is settled, what is pending in order, and the ids seen.
    pub fn restored(settled: Standing, pending: Vec<Touch>, seen: Ring) -> Self {
        Self {
            settled,
            pending,
            seen,
            floor: None,
            armed: None,
            live: None,
        }
    }

    /// Applies a touch, the watermark having risen as far as the touch's record made it.
    pub fn apply(
        &mut self,
        touch: Touch,
        watermark: Option<EventTime>,
        context: &mut Context<'_>,
    ) -> Verdict {
        let rules = context.maps.rules;
        let by_watermark = rules.holds(Rule::LateByWatermark);
        let limit = if by_watermark {
            watermark.max(self.floor)
        } else {
            self.floor
        };
        let late = limit.filter(|limit| touch.at <= *limit);
        if rules.holds(Rule::SettleFirst) {
            // A touch that is not late lies beyond the watermark, unless the floor alone decides.
            let until = match late {
                Some(_) => watermark,
                None => watermark.min(Some(touch.at.minus(Millis::new(1)))),
            };
            self.settle(until, context);
        }
        if self.is_known(&touch, late.is_some(), rules) {
            return Verdict::Duplicate;
        }
        if let Some(passed) = late {
            self.apply_late(&touch, passed, context);
            // It may have set a deadline that lies behind the watermark.
            self.settle(Some(passed), context);
            return Verdict::Late;
        }
        if !self.insert(touch, context) {
            return Verdict::Duplicate;
        }
        if self.pending.len() > context.maps.bounds.pending.max(1) {
            *context.cut += 1;
            let oldest = self.pending.first().map(|first| first.at);
            self.floor = self.floor.max(oldest);
            self.settle(oldest, context);
        }
        Verdict::Applied
    }

    /// Whether the touch is a repeat of one behind the watermark, or comes late while its id is
    /// pending.
    fn is_known(&self, touch: &Touch, late: bool, rules: Rules) -> bool {
        (rules.holds(Rule::RingRemembers) && self.seen.contains(&touch.id))
            || (late && self.pending.iter().any(|pending| pending.id == touch.id))
    }

    /// Puts an on-time touch in its place and leaves what changed; false if it is a duplicate.
    fn insert(&mut self, touch: Touch, context: &mut Context<'_>) -> bool {
        let rules = context.maps.rules;
        let exact = rules.holds(Rule::PendingIsExact);
        let same = self
            .pending
            .iter()
            .position(|known| exact && known.id == touch.id);
        if let Some(same) = same {
            let later = key(&self.pending[same], context.maps) > key(&touch, context.maps);
            if !later || !rules.holds(Rule::EarlierTimeWins) {
                return false;
            }
        }
        let place = self
            .pending
            .partition_point(|known| key(known, context.maps) <= key(&touch, context.maps));
        if same.is_none() && place == self.pending.len() {
            self.append(touch, context);
            return true;
        }
        self.change(context, |customer, _| {
            if let Some(same) = same {
                customer.pending.remove(same);
            }
            customer.pending.insert(place, touch);
        });
        true
    }

    /// The usual case: the touch is the newest, and the live fold goes on from where it stands.
    fn append(&mut self, touch: Touch, context: &mut Context<'_>) {
        let mut live = self.live.take().unwrap_or_else(|| self.fold(context).0);
        let (from, mut cut) = (context.effects.len(), 0);
        let before = live.standing.last();
        let mut inner = Context::new(context.maps, context.customer, context.effects, &mut cut);
        live.standing.touch(&touch, &mut inner);
        live.settles.extend(take_settled(context.effects, from));
        self.pending.push(touch);
        leave_last_touch(before, live.standing.last(), context);
        self.live = Some(live);
    }

    /// Makes any other change: folds pending before and after, and leaves what differs in content.
    fn change(
        &mut self,
        context: &mut Context<'_>,
        change: impl FnOnce(&mut Self, &mut Context<'_>),
    ) {
        let (live, before) = self.fold(context);
        change(self, context);
        let (new_live, after) = self.fold(context);
        leave_difference(&before, &after, context);
        leave_last_touch(live.standing.last(), new_live.standing.last(), context);
        self.live = Some(new_live);
    }

    fn apply_late(&mut self, touch: &Touch, watermark: EventTime, context: &mut Context<'_>) {
        self.change(context, |customer, context| {
            customer.settled.touch_late(touch, watermark, context);
            customer.seen.push(&touch.id, context.maps.bounds.ring);
        });
    }

    /// Settles every touch and deadline at or before `until`, and leaves the settled effects.
    pub fn settle(&mut self, until: Option<EventTime>, context: &mut Context<'_>) {
        let Some(until) = until else { return };
        if !context.maps.rules.holds(Rule::LateByWatermark) {
            self.floor = self.floor.max(Some(until));
        }
        let from = context.effects.len();
        let mut inner = Context::new(context.maps, context.customer, context.effects, context.cut);
        let due = self.pending.partition_point(|touch| touch.at <= until);
        for touch in self.pending.drain(..due) {
            self.settled.touch(&touch, &mut inner);
            self.seen.push(&touch.id, inner.maps.bounds.ring);
        }
        let touched = inner.effects.len();
        self.settled.pass_until(until, &mut inner);
        // Transitions up to the newest pending touch left when that touch came; those of deadlines
        // after the newest touch of all leave now.
        let leave_return =
            self.pending.is_empty() && context.maps.rules.holds(Rule::ReturnLeavesAtWatermark);
        let left = if leave_return {
            touched
        } else {
            context.effects.len()
        };
        context
            .effects
            .extract_if(from..left, |effect| effect.kind.is_live())
            .for_each(drop);
        if self.pending.is_empty() {
            self.live = None;
        } else if let Some(live) = &mut self.live {
            live.settles.retain(|settles| *settles > until);
        }
    }

    /// When this customer must be settled next if no touch comes: the earliest settled effect or
    /// deadline of the live fold.
    pub fn wake(&mut self, context: &mut Context<'_>) -> Option<EventTime> {
        let rules = context.maps.rules;
        if self.pending.is_empty() || !rules.holds(Rule::WakeFromLiveFold) {
            return self.settled.due(context.maps).map(|deadline| deadline.at);
        }
        if self.live.is_none() {
            self.live = Some(self.fold(context).0);
        }
        let live = self.live.as_ref()?;
        let due = live.standing.due(context.maps).map(|deadline| deadline.at);
        live.settles.iter().copied().chain(due).min()
    }

    /// The live fold and the live effects that it brings.
    fn fold(&self, context: &mut Context<'_>) -> (Live, Vec<Effect>) {
        let mut standing = self.settled.clone();
        let (mut folded, mut cut) = (Vec::new(), 0);
        let mut inner = Context::new(context.maps, context.customer, &mut folded, &mut cut);
        for touch in &self.pending {
            standing.touch(touch, &mut inner);
        }
        let settles = take_settled(&mut folded, 0).collect();
        (Live { standing, settles }, folded)
    }
}

/// The order of touches: time, then the rank of the type, then the id.
fn key<'a>(touch: &'a Touch, maps: &Maps) -> (EventTime, u8, &'a str) {
    let ranked = maps.rules.holds(Rule::RankBreaksTies);
    (
        touch.at,
        if ranked { maps.rank(touch.kind) } else { 0 },
        &touch.id,
    )
}

/// Takes the settled ones out of the effects from `from` on, and tells when they are due.
fn take_settled(effects: &mut Vec<Effect>, from: usize) -> impl Iterator<Item = EventTime> {
    effects
        .extract_if(from.., |effect| !effect.kind.is_live())
        .map(|effect| effect.at)
}

fn leave_last_touch(
    before: Option<EventTime>,
    after: Option<EventTime>,
    context: &mut Context<'_>,
) {
    if let Some(at) = after.filter(|_| before != after) {
        let effect = last_touch(before, at, context);
        context.effects.push(effect);
    }
}

/// Leaves retractions of what is in `before` only, then what is in `after` only.
fn leave_difference(before: &[Effect], after: &[Effect], context: &mut Context<'_>) {
    let rules = context.maps.rules;
    let among = |effect: &Effect, others: &[Effect]| {
        others
            .iter()
            .any(|other| match rules.holds(Rule::DiffByContent) {
                true => other == effect,
                false => other.id == effect.id,
            })
    };
    let retractions: Vec<_> = before
        .iter()
        .filter(|effect| !among(effect, after))
        .map(|effect| Effect {
            sign: Sign::Retract,
            ..effect.clone()
        })
        .collect();
    let news: Vec<_> = after
        .iter()
        .filter(|effect| !among(effect, before))
        .cloned()
        .collect();
    let (first, second) = if rules.holds(Rule::RetractFirst) {
        (retractions, news)
    } else {
        (news, retractions)
    };
    context.effects.extend(first);
    context.effects.extend(second);
}
