//! A customer at large: what they are about to do, and what they carry along.

use crate::domain::{Currency, CustomerId, EventTime, Millis, Touchpoint};

use super::catalogue::{Basket, Product};
use super::entries::Entry;
use super::person::Person;
use super::rng::{Rng, mix};

/// Something that a customer does. Each deed leaves one touchpoint and decides what comes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deed {
    /// Begins a visit.
    Come,
    /// Meets what leads to the shop: the n-th thing of the visit's
    /// entry, or else the first page.
    Lead(u8),
    SignIn,
    Browse,
    AddToCart,
    RemoveFromCart,
    ViewCart,
    EmptyCart,
    StartCheckout,
    EnterCoupon,
    HearOfCoupon,
    /// Loads the page of the checkout again, and so many times more.
    Reload(u8),
    EnterShipping,
    EnterPayment,
    FailToPay,
    Buy,
    VisitStore,
    BuyInStore,
    SeeShipped,
    SeeDelivered,
    Cancel,
    SendBack,
    GetRefund,
    Review,
    Refer,
    AnswerNps,
    AnswerCsat,
    AnswerCes,
    OpenTicket,
    GetAnswer,
    GetSolution,
    Call,
    GetHelp,
}

/// What a customer finds when it is their turn.
pub(super) struct Scene<'a> {
    pub(super) rng: &'a mut Rng,
    pub(super) names: &'a mut Names,
    pub(super) now: EventTime,
    /// How many times faster than in life.
    pub(super) pace: i64,
}

impl Scene<'_> {
    /// A moment about `median` from now, sooner by the pace, never at once.
    pub(super) fn in_about(&mut self, median: Millis) -> EventTime {
        let span = self.rng.about(median).get() / self.pace;
        self.now.plus(Millis::new(span.max(1)))
    }
}

/// Gives names that no other touchpoint, cart, order or request has.
pub(super) struct Names {
    run: u64,
    given: u64,
}

impl Names {
    /// Names for the traffic of a seed from `start` on; other seeds and starts get other names, so
    /// that several runs can fill one topic.
    pub(super) fn new(seed: u64, start: EventTime) -> Self {
        Self {
            run: mix(mix(seed) ^ start.as_millis().cast_unsigned()),
            given: 0,
        }
    }

    /// A number that was not given before.
    pub(super) fn next(&mut self) -> u64 {
        self.given += 1;
        mix(self.run.wrapping_add(self.given))
    }

    pub(super) fn touchpoint(&mut self) -> String {
        format!("{:016x}", self.next())
    }

    /// A name for a cart, an order or a request.
    pub(super) fn thing(&mut self, prefix: &str) -> Box<str> {
        format!("{prefix}-{:012x}", self.next() >> 16).into()
    }
}

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

    /// Does `deed` now.
    pub(super) fn act(&mut self, deed: Deed, scene: &mut Scene<'_>) -> Touchpoint {
        match deed {
            Deed::Come => self.come(scene),
            Deed::Lead(which) => self.lead(which, scene),
            Deed::SignIn => self.sign_in(scene),
            Deed::Browse => self.browse(scene),
            Deed::AddToCart => self.add_to_cart(scene),
            Deed::RemoveFromCart => self.remove_from_cart(scene),
            Deed::ViewCart => self.view_cart(scene),
            Deed::EmptyCart => self.empty_cart(scene),
            Deed::StartCheckout => self.start_checkout(scene),
            Deed::EnterCoupon => self.enter_coupon(scene),
            Deed::HearOfCoupon => self.hear_of_coupon(scene),
            Deed::Reload(again) => self.reload(again, scene),
            Deed::EnterShipping => self.enter_shipping(scene),
            Deed::EnterPayment => self.enter_payment(scene),
            Deed::FailToPay => self.fail_to_pay(scene),
            Deed::Buy => self.buy(scene),
            Deed::VisitStore => self.visit_store(scene),
            Deed::BuyInStore => self.buy_in_store(scene),
            Deed::SeeShipped => self.see_shipped(scene),
            Deed::SeeDelivered => self.see_delivered(scene),
            Deed::Cancel => self.money_back("cancelled", scene),
            Deed::SendBack => self.send_back(scene),
            Deed::GetRefund => self.money_back("refunded", scene),
            Deed::Review => self.of_order("web", "review_written", scene),
            Deed::Refer => self.touch_by("email", "friend_referred", scene),
            Deed::AnswerNps => self.answer_nps(scene),
            Deed::AnswerCsat => self.answer_csat(scene),
            Deed::AnswerCes => self.answer_ces(scene),
            Deed::OpenTicket => self.open_ticket(scene),
            Deed::GetAnswer => self.get_answer(scene),
            Deed::GetSolution => self.get_solution(scene),
            Deed::Call => self.call(scene),
            Deed::GetHelp => self.get_help(scene),
        }
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
