//! A customer at large: what they are about to do, and what they carry along.

use crate::domain::{Currency, CustomerId, EventTime, Touchpoint};

use super::catalogue::{Basket, Product};
use super::deed::Deed;
use super::entries::Entry;
use super::person::Person;
use super::scene::Scene;

/// A cart, or what it became.
#[derive(Clone)]
pub(super) struct Cart {
    pub(super) id: Box<str>,
    pub(super) basket: Basket,
}

/// One person between the first touchpoint and the last that is planned for them.
pub(super) struct Customer {
    pub(super) person: Person,
    /// Whether the shop knows who is there. Never undone, and never done with a cart in hand: what
    /// is in a cart stays with one id.
    pub(super) signed_in: bool,
    pub(super) entry: &'static Entry,
    pub(super) campaign: Option<&'static str>,
    pub(super) currency: Currency,
    /// How many more things they look at in this visit.
    pub(super) left: i64,
    /// Whether they came to buy.
    pub(super) shopping: bool,
    pub(super) looked_at: Option<&'static Product>,
    pub(super) cart: Option<Cart>,
    pub(super) order: Option<Cart>,
    /// The ticket or call that waits for an answer.
    pub(super) request: Option<Box<str>>,
    /// When the checkout or the request began.
    pub(super) since: EventTime,
    /// The next deed last.
    agenda: Vec<(EventTime, Deed)>,
}

impl Customer {
    /// A person who is about to do something.
    pub(super) fn new(person: Person, scene: &mut Scene<'_>) -> Self {
        Self {
            signed_in: person.account.is_some() && scene.rng.percent(65),
            entry: Entry::direct(),
            campaign: None,
            currency: person.currency,
            left: 0,
            shopping: false,
            looked_at: None,
            cart: None,
            order: None,
            request: None,
            since: scene.now,
            agenda: Vec::new(),
            person,
        }
    }

    /// Plans a deed.
    pub(super) fn plan(&mut self, at: EventTime, deed: Deed) {
        let place = self.agenda.partition_point(|(later, _)| *later > at);
        self.agenda.insert(place, (at, deed));
    }

    /// When the next deed is planned.
    pub(super) fn due(&self) -> Option<EventTime> {
        self.agenda.last().map(|(at, _)| *at)
    }

    /// Takes the next deed off the plan.
    pub(super) fn next(&mut self) -> Option<Deed> {
        self.agenda.pop().map(|(_, deed)| deed)
    }

    /// A touchpoint of this customer now, in the shop or the app.
    pub(super) fn touch(&self, kind: &str, scene: &mut Scene<'_>) -> Touchpoint {
        let anonymous = || CustomerId::new(&self.person.anonymous);
        let account = self.person.account.clone().filter(|_| self.signed_in);
        let known = account.is_some();
        let mut touchpoint = Touchpoint::new(&scene.names.touchpoint(), "", kind, scene.now);
        touchpoint.customer = account.unwrap_or_else(anonymous);
        touchpoint.anonymous = known.then(|| self.person.anonymous.clone());
        touchpoint.channel = Some(if self.entry.app { "app" } else { "web" }.into());
        touchpoint.consent = self.person.consent();
        touchpoint.locale = Some(self.person.locale().into());
        touchpoint.timezone = Some(self.person.timezone().into());
        let device = if self.entry.app {
            "mobile"
        } else {
            self.person.device
        };
        touchpoint.device = Some(device.into());
        touchpoint
    }

    /// A touchpoint that happens elsewhere: in a store, on the phone, in a mail.
    pub(super) fn touch_by(&self, channel: &str, kind: &str, scene: &mut Scene<'_>) -> Touchpoint {
        let mut touchpoint = self.touch(kind, scene);
        touchpoint.channel = Some(channel.into());
        touchpoint.anonymous = None;
        touchpoint.device = None;
        touchpoint
    }

    /// The cart's id, contents and value on a touchpoint.
    pub(super) fn with_cart(&self, mut touchpoint: Touchpoint) -> Touchpoint {
        if let Some(cart) = &self.cart {
            touchpoint.cart = Some(cart.id.clone());
            price(&mut touchpoint, &cart.basket);
        }
        touchpoint
    }
}

/// The contents and the value of a basket on a touchpoint.
pub(super) fn price(touchpoint: &mut Touchpoint, basket: &Basket) {
    touchpoint.items = basket.items();
    touchpoint.value = Some(basket.value());
    touchpoint.currency = Some(basket.currency);
}

/// An attribute on a touchpoint.
pub(super) fn prop(touchpoint: &mut Touchpoint, name: &str, value: &str) {
    touchpoint.props.insert(name.into(), value.into());
}
