//! What comes after an order, and away from the shop: parcels, returns, help, stores, praise.

use crate::domain::{Millis, Score, ScoreKind, Touchpoint};

use super::catalogue::{Basket, Product};
use super::customer::{Cart, Customer, Deed, Scene, price};

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
    fn perhaps(&mut self, share: u64, wait: Millis, deed: Deed, scene: &mut Scene<'_>) {
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

    pub(super) fn open_ticket(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.ask("ticket", scene);
        self.perhaps(90, Millis::from_hours(2), Deed::GetAnswer, scene);
        let touchpoint = self.of_order("email", "ticket_opened", scene);
        self.of_request(touchpoint)
    }

    pub(super) fn get_answer(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.perhaps(92, Millis::from_hours(10), Deed::GetSolution, scene);
        let touchpoint = self.touch_by("email", "ticket_answered", scene);
        self.answered(touchpoint)
    }

    pub(super) fn get_solution(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.perhaps(25, Millis::from_minutes(40), Deed::AnswerCes, scene);
        let touchpoint = self.touch_by("email", "ticket_resolved", scene);
        self.answered(touchpoint)
    }

    pub(super) fn call(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.ask("call", scene);
        self.perhaps(80, Millis::from_minutes(4), Deed::GetHelp, scene);
        let touchpoint = self.touch_by("phone", "call_made", scene);
        self.of_request(touchpoint)
    }

    pub(super) fn get_help(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.perhaps(20, Millis::from_minutes(10), Deed::AnswerCsat, scene);
        self.perhaps(20, Millis::from_minutes(5), Deed::Come, scene);
        let touchpoint = self.touch_by("phone", "support_resolved", scene);
        self.answered(touchpoint)
    }

    fn ask(&mut self, prefix: &str, scene: &mut Scene<'_>) {
        self.request = Some(scene.names.thing(prefix));
        self.since = scene.now;
    }

    fn of_request(&self, mut touchpoint: Touchpoint) -> Touchpoint {
        touchpoint.request.clone_from(&self.request);
        touchpoint
    }

    /// An answer to the request, with the time it took.
    fn answered(&self, mut touchpoint: Touchpoint) -> Touchpoint {
        touchpoint.duration = Some(touchpoint.at.since(self.since));
        self.of_request(touchpoint)
    }

    pub(super) fn answer_nps(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        let answers = &[
            (3, 0),
            (1, 1),
            (2, 2),
            (2, 3),
            (3, 4),
            (6, 5),
            (8, 6),
            (14, 7),
            (18, 8),
            (20, 9),
            (23, 10),
        ];
        let value = scene.rng.weighted(answers);
        self.answer(ScoreKind::Nps, value, scene)
    }

    pub(super) fn answer_csat(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        let value = scene
            .rng
            .weighted(&[(7, 1), (6, 2), (13, 3), (30, 4), (44, 5)]);
        self.answer(ScoreKind::Csat, value, scene)
    }

    pub(super) fn answer_ces(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        let answers = &[(4, 1), (5, 2), (8, 3), (13, 4), (25, 5), (25, 6), (20, 7)];
        let value = scene.rng.weighted(answers);
        self.answer(ScoreKind::Ces, value, scene)
    }

    fn answer(&self, kind: ScoreKind, value: u8, scene: &mut Scene<'_>) -> Touchpoint {
        let question = match kind {
            ScoreKind::Nps => "How likely are you to recommend us to a friend?",
            ScoreKind::Csat => "How satisfied are you with your order?",
            ScoreKind::Ces => "How easy was it to get your problem solved?",
        };
        let mut touchpoint = self.of_order("email", "survey_answered", scene);
        touchpoint.score = Some(Score {
            kind,
            value,
            question: Some(question.into()),
        });
        touchpoint
    }
}
