//! What a fold is told and where it leaves its effects.

use super::effects::{Effect, EffectId, EffectKind, Sign};
use super::maps::{JourneyMap, Maps};
use super::time::EventTime;
use super::touchpoint::CustomerId;

/// The maps, the customer, and the effects so far.
#[derive(Debug)]
pub struct Context<'a> {
    /// The maps.
    pub maps: &'a Maps,
    /// Whose journeys are folded.
    pub customer: &'a CustomerId,
    /// What has been left behind, in order.
    pub effects: &'a mut Vec<Effect>,
    /// How often a bound has cut something off.
    pub cut: &'a mut u64,
    /// Which map is at work.
    pub(super) map: u16,
}

impl<'a> Context<'a> {
    /// A context for one customer.
    pub fn new(
        maps: &'a Maps,
        customer: &'a CustomerId,
        effects: &'a mut Vec<Effect>,
        cut: &'a mut u64,
    ) -> Self {
        Self {
            maps,
            customer,
            effects,
            cut,
            map: 0,
        }
    }

    /// The map at work.
    pub(super) fn journey_map(&self) -> &'a JourneyMap {
        &self.maps.maps[usize::from(self.map)]
    }

    /// The id that the customer, the map at work and `parts` name.
    pub(super) fn id(&self, parts: &[&str]) -> EffectId {
        let whose = [self.customer.as_str(), &self.journey_map().id];
        EffectId::of_all(whose.into_iter().chain(parts.iter().copied()))
    }

    /// Leaves an effect of the map at work.
    pub(super) fn assert(&mut self, id: EffectId, at: EventTime, kind: EffectKind) {
        self.effects.push(Effect {
            id,
            map: self.map,
            at,
            sign: Sign::Assert,
            kind,
        });
    }
}
