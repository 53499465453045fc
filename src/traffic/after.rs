//! What comes after an order: parcels, praise, returns; and orders without a cart.

use crate::domain::{Millis, Touchpoint};

use super::catalogue::{Basket, Product};
use super::customer::{Cart, Customer, price};
use super::deed::Deed;
use super::scene::Scene;

impl Customer {
    /// Plans what an order brings with it.
    pub(super) fn expect_parcel(&mut self, scene: &mut Scene<'_>) {
        if scene.rng.percent(2) {
            self.plan(scene.in_about(Millis::from_minutes(30)), Deed::Cancel);
            return;
        }
        self.perhaps(14, Millis::from_minutes(8), Deed::AnswerCsat, scene);
        self.perhaps(100, Millis::from_hours(20), Deed::SeeShipped, scene);
    }

    /// Plans what a parcel brings with it.
    fn expect_consequences(&mut self, scene: &mut Scene<'_>) {
        let sends_back = scene.rng.percent(8);
        if sends_back {
            self.perhaps(100, Millis::from_days(3), Deed::SendBack, scene);
        } else {
            self.perhaps(10, Millis::from_days(2), Deed::Review, scene);
            self.perhaps(5, Millis::from_days(2), Deed::Refer, scene);
        }
        self.perhaps(7, Millis::from_hours(8), Deed::OpenTicket, scene);
        self.perhaps(12, Millis::from_days(4), Deed::AnswerNps, scene);
        self.perhaps(40, Millis::from_days(6), Deed::Come, scene);
    }

    /// Plans `deed` in `share` of a hundred cases.
    pub(super) fn perhaps(&mut self, share: u64, wait: Millis, deed: Deed, scene: &mut Scene<'_>) {
        if scene.rng.percent(share) {
            self.plan(scene.in_about(wait), deed);
        }
    }

    pub(super) fn visit_store(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.perhaps(30, Millis::from_minutes(9), Deed::BuyInStore, scene);
        self.touch_by("store", "store_visited", scene)
    }

    /// Buys without a cart.
    pub(super) fn buy_in_store(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        let mut basket = Basket::new(self.currency);
        basket.add(Product::looked_at(scene.rng), 1);
        let mut touchpoint = self.touch_by("store", "purchased", scene);
        price(&mut touchpoint, &basket);
        let id = scene.names.thing("order");
        touchpoint.order = Some(id.clone());
        self.order = Some(Cart { id, basket });
        self.expect_consequences(scene);
        touchpoint
    }

    pub(super) fn see_shipped(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.perhaps(100, Millis::from_hours(30), Deed::SeeDelivered, scene);
        self.of_order("email", "order_shipped", scene)
    }

    pub(super) fn see_delivered(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.expect_consequences(scene);
        self.of_order("email", "order_delivered", scene)
    }

    pub(super) fn send_back(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.perhaps(95, Millis::from_days(2), Deed::GetRefund, scene);
        self.of_order("web", "returned", scene)
    }

    /// Gets the money for the order back.
    pub(super) fn money_back(&mut self, kind: &str, scene: &mut Scene<'_>) -> Touchpoint {
        let mut touchpoint = self.of_order("web", kind, scene);
        if let Some(order) = &self.order {
            price(&mut touchpoint, &order.basket);
        }
        self.order = None;
        touchpoint
    }

    /// A touchpoint about the order, if there is one.
    pub(super) fn of_order(&self, channel: &str, kind: &str, scene: &mut Scene<'_>) -> Touchpoint {
        let mut touchpoint = self.touch_by(channel, kind, scene);
        touchpoint.order = self.order.as_ref().map(|order| order.id.clone());
        touchpoint
    }
}
