//! From a full cart to an order, and where customers turn back.

use crate::domain::{Millis, Touchpoint};

use super::customer::{Customer, price, prop};
use super::deed::Deed;
use super::scene::Scene;

impl Customer {
    /// What becomes of the cart now.
    pub(super) fn decide(&mut self, scene: &mut Scene<'_>) {
        let choice = scene.rng.weighted(&[
            (45, Some(Deed::StartCheckout)),
            (12, Some(Deed::ViewCart)),
            (5, Some(Deed::RemoveFromCart)),
            (3, Some(Deed::EmptyCart)),
            (35, None),
        ]);
        match choice {
            Some(deed) => self.plan(scene.in_about(Millis::from_secs(15)), deed),
            None => self.leave(scene),
        }
    }

    pub(super) fn view_cart(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.decide(scene);
        let touchpoint = self.touch("cart_viewed", scene);
        self.with_cart(touchpoint)
    }

    pub(super) fn empty_cart(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        let touchpoint = self.touch("cart_emptied", scene);
        let touchpoint = self.with_cart(touchpoint);
        self.cart = None;
        self.leave(scene);
        touchpoint
    }

    /// Takes the newest line out; a cart without lines is no cart.
    pub(super) fn remove_from_cart(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        let mut touchpoint = self.touch("cart_removed", scene);
        if let Some(cart) = &mut self.cart {
            let mut out = cart.basket.clone();
            out.lines = cart.basket.lines.pop().into_iter().collect();
            touchpoint.cart = Some(cart.id.clone());
            price(&mut touchpoint, &out);
        }
        self.cart = self
            .cart
            .take()
            .filter(|cart| !cart.basket.lines.is_empty());
        match self.cart {
            Some(_) => self.decide(scene),
            None => self.leave(scene),
        }
        touchpoint
    }

    pub(super) fn start_checkout(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.since = scene.now;
        let deed = scene.rng.weighted(&[
            (78, Deed::EnterShipping),
            (16, Deed::EnterCoupon),
            (6, Deed::Reload(4)),
        ]);
        self.go_on(80, Millis::from_secs(35), deed, scene);
        let touchpoint = self.touch("checkout_started", scene);
        self.with_cart(touchpoint)
    }

    pub(super) fn enter_coupon(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.plan(scene.in_about(Millis::from_secs(1)), Deed::HearOfCoupon);
        self.coupon("coupon_entered", scene)
    }

    /// Four in ten coupons are worth nothing, and that drives people away.
    pub(super) fn hear_of_coupon(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        let denied = scene.rng.percent(40);
        let stays = if denied { 65 } else { 95 };
        if let Some(cart) = &mut self.cart
            && !denied
        {
            cart.basket.off = 10;
        }
        self.go_on(stays, Millis::from_secs(30), Deed::EnterShipping, scene);
        let kind = if denied {
            "coupon_denied"
        } else {
            "coupon_applied"
        };
        self.coupon(kind, scene)
    }

    /// The page does not load, and patience runs out.
    pub(super) fn reload(&mut self, again: u8, scene: &mut Scene<'_>) -> Touchpoint {
        match again.checked_sub(1) {
            Some(less) => self.plan(scene.in_about(Millis::from_secs(4)), Deed::Reload(less)),
            None => self.go_on(50, Millis::from_secs(20), Deed::EnterShipping, scene),
        }
        let mut touchpoint = self.touch("page_viewed", scene);
        prop(&mut touchpoint, "url", "/checkout");
        touchpoint
    }

    pub(super) fn enter_shipping(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        // A few struggle with the form for longer than a cart stays warm.
        let slow = scene.rng.percent(4);
        let secs = if slow { 420 } else { 40 };
        self.go_on(85, Millis::from_secs(secs), Deed::EnterPayment, scene);
        self.step("shipping_entered", scene)
    }

    pub(super) fn enter_payment(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        let fails = scene.rng.percent(9);
        let deed = if fails { Deed::FailToPay } else { Deed::Buy };
        self.go_on(94, Millis::from_secs(4), deed, scene);
        self.step("payment_entered", scene)
    }

    pub(super) fn fail_to_pay(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.go_on(60, Millis::from_secs(30), Deed::EnterPayment, scene);
        let reasons = &["card_declined", "3ds_failed", "timeout"];
        let reason = scene.rng.one_of(reasons);
        let touchpoint = self.touch("payment_failed", scene);
        let mut touchpoint = self.with_cart(touchpoint);
        prop(&mut touchpoint, "reason", reason);
        touchpoint
    }

    pub(super) fn buy(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        let touchpoint = self.touch("purchased", scene);
        let mut touchpoint = self.with_cart(touchpoint);
        self.order = self.cart.take().map(|mut cart| {
            cart.id = scene.names.thing("order");
            cart
        });
        touchpoint.order = self.order.as_ref().map(|order| order.id.clone());
        self.expect_parcel(scene);
        touchpoint
    }

    /// Goes on to `deed` in `stays` of a hundred cases, and else leaves.
    fn go_on(&mut self, stays: u64, wait: Millis, deed: Deed, scene: &mut Scene<'_>) {
        if scene.rng.percent(stays) {
            self.plan(scene.in_about(wait), deed);
        } else {
            self.leave(scene);
        }
    }

    /// A step of the checkout, with the time since it began.
    fn step(&self, kind: &str, scene: &mut Scene<'_>) -> Touchpoint {
        let touchpoint = self.touch(kind, scene);
        let mut touchpoint = self.with_cart(touchpoint);
        touchpoint.duration = Some(scene.now.since(self.since));
        touchpoint
    }

    fn coupon(&self, kind: &str, scene: &mut Scene<'_>) -> Touchpoint {
        let touchpoint = self.touch(kind, scene);
        let mut touchpoint = self.with_cart(touchpoint);
        prop(&mut touchpoint, "coupon", "TEN-OFF");
        touchpoint
    }
}
