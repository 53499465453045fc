//! Visits: how customers come and go.

use crate::domain::{Millis, Touchpoint};

use super::customer::{Customer, prop};
use super::deed::Deed;
use super::entries::{CART_MAIL, Entry};
use super::person::currency;
use super::scene::Scene;

impl Customer {
    /// Begins a visit with the first thing that the customer meets.
    pub(super) fn come(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.entry = match (&self.cart, scene.rng.percent(55)) {
            (None, _) => Entry::of(&self.person, scene.rng),
            (Some(_), true) => &CART_MAIL,
            (Some(_), false) => Entry::direct(),
        };
        self.signed_in |= self.cart.is_none() && self.entry.needs_account;
        self.campaign = match self.entry.campaigns {
            [] => None,
            campaigns => Some(scene.rng.one_of(campaigns)),
        };
        // Nearly everybody always pays in one currency.
        let abroad = self.cart.is_none() && scene.rng.percent(1);
        if abroad {
            self.currency = currency("USD");
        }
        self.lead(0, scene)
    }

    /// Meets the `which`-th thing that leads to the shop; after the last, sees the first page.
    pub(super) fn lead(&mut self, which: u8, scene: &mut Scene<'_>) -> Touchpoint {
        let Some(kind) = self.entry.before.get(usize::from(which)) else {
            return self.land(scene);
        };
        let mut touchpoint = self.touch(kind, scene);
        self.sign_with_entry(&mut touchpoint);
        touchpoint.channel = Some(self.entry.channel.into());
        if *kind == "ad_clicked" {
            let cost = scene.rng.within(Millis::new(self.entry.cost_max)).get();
            touchpoint.cost = Some(cost.max(5));
            touchpoint.currency = Some(self.person.currency);
        }
        if scene.rng.percent(self.entry.onward) {
            let wait = match *kind {
                "email_delivered" | "push_received" => Millis::from_minutes(15),
                _ => Millis::from_secs(8),
            };
            self.plan(scene.in_about(wait), Deed::Lead(which + 1));
        } else {
            self.leave(scene);
        }
        touchpoint
    }

    /// Sees the first page.
    fn land(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        let mut touchpoint = self.touch(self.view(), scene);
        self.sign_with_entry(&mut touchpoint);
        if self.entry.before.is_empty() {
            touchpoint.channel = Some(self.entry.channel.into());
        }
        prop(&mut touchpoint, "url", "/");
        self.looked_at = None;
        if self.cart.is_some() {
            self.plan(scene.in_about(Millis::from_secs(10)), Deed::ViewCart);
        } else if scene.rng.percent(36) {
            self.leave(scene);
        } else {
            self.left = scene.rng.around(5).max(1);
            self.shopping = scene.rng.percent(17);
            let knows = self.person.account.is_some() && !self.signed_in;
            let signs_in = knows && scene.rng.percent(40);
            let deed = if signs_in { Deed::SignIn } else { Deed::Browse };
            self.plan(scene.in_about(Millis::from_secs(8)), deed);
        }
        touchpoint
    }

    /// Tells the shop who is there.
    pub(super) fn sign_in(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.signed_in = true;
        self.plan(scene.in_about(Millis::from_secs(6)), Deed::Browse);
        let opens = scene.rng.percent(15);
        let kind = if opens {
            "account_created"
        } else {
            "signed_in"
        };
        self.touch(kind, scene)
    }

    /// Ends the visit; some come back, more of them if they left something behind.
    pub(super) fn leave(&mut self, scene: &mut Scene<'_>) {
        let (share, wait) = match self.cart {
            Some(_) => (30, Millis::from_hours(4)),
            None => (15, Millis::from_hours(20)),
        };
        if scene.rng.percent(share) {
            self.plan(scene.in_about(wait), Deed::Come);
        }
    }

    fn sign_with_entry(&self, touchpoint: &mut Touchpoint) {
        touchpoint.source = self.entry.source.map(Into::into);
        touchpoint.medium = self.entry.medium.map(Into::into);
        touchpoint.campaign = self.campaign.map(Into::into);
    }

    /// What seeing a page is called.
    pub(super) fn view(&self) -> &'static str {
        if self.entry.app {
            "screen_viewed"
        } else {
            "page_viewed"
        }
    }
}
