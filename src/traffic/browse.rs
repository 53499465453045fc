//! Looking around, and filling a cart.

use crate::domain::{Millis, Touchpoint};

use super::catalogue::{Basket, Product, item};
use super::customer::{Cart, Customer, prop};
use super::deed::Deed;
use super::scene::Scene;

/// What people do while they look around.
const LOOKS: &[(u32, &str)] = &[
    (14, "page_viewed"),
    (10, "searched"),
    (22, "list_viewed"),
    (5, "list_filtered"),
    (8, "item_clicked"),
    (30, "product_viewed"),
    (7, "review_read"),
    (2, "compared"),
    (3, "item_wished"),
    (1, "item_unwished"),
    (1, "product_shared"),
    (3, "promo_viewed"),
    (1, "promo_clicked"),
    (1, "newsletter_subscribed"),
];

const QUERIES: &[&str] = &[
    "sneaker",
    "rain jacket",
    "gift",
    "linen",
    "backpack",
    "lamp",
];

impl Customer {
    /// Looks at one thing more, and perhaps takes it.
    pub(super) fn browse(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        self.left -= 1;
        let kind = scene.rng.weighted(LOOKS);
        let kind = if kind == "page_viewed" {
            self.view()
        } else {
            kind
        };
        let mut touchpoint = self.touch(kind, scene);
        match kind {
            "searched" => prop(&mut touchpoint, "query", scene.rng.one_of(QUERIES)),
            "page_viewed" | "screen_viewed" => {
                prop(
                    &mut touchpoint,
                    "url",
                    scene.rng.one_of(&["/", "/new", "/sale", "/help"]),
                );
            }
            "product_viewed" | "review_read" | "item_wished" => {
                let product = Product::looked_at(scene.rng);
                self.looked_at = Some(product);
                prop(&mut touchpoint, "url", &product.url());
                touchpoint.items = vec![item(product, 1, self.currency)];
                touchpoint.currency = Some(self.currency);
            }
            _ => {}
        }
        // Whoever has a cart already takes less easily.
        let eager = if self.cart.is_none() { 30 } else { 8 };
        let takes = self.shopping && self.looked_at.is_some() && scene.rng.percent(eager);
        if takes {
            self.plan(scene.in_about(Millis::from_secs(15)), Deed::AddToCart);
        } else {
            self.look_on(scene);
        }
        touchpoint
    }

    /// Puts what was looked at into the cart.
    pub(super) fn add_to_cart(&mut self, scene: &mut Scene<'_>) -> Touchpoint {
        let product = self
            .looked_at
            .take()
            .unwrap_or_else(|| Product::looked_at(scene.rng));
        let pieces = scene.rng.weighted(&[(80, 1), (14, 2), (6, 3)]);
        let currency = self.currency;
        let cart = self.cart.get_or_insert_with(|| Cart {
            id: scene.names.thing("cart"),
            basket: Basket::new(currency),
        });
        cart.basket.add(product, pieces);
        let id = cart.id.clone();
        let mut touchpoint = self.touch("cart_added", scene);
        touchpoint.cart = Some(id);
        touchpoint.value = Some(product.price(currency) * i64::from(pieces));
        touchpoint.currency = Some(currency);
        touchpoint.items = vec![item(product, pieces, currency)];
        self.look_on(scene);
        touchpoint
    }

    /// Goes on looking, or comes to an end.
    fn look_on(&mut self, scene: &mut Scene<'_>) {
        if self.left > 0 {
            self.plan(scene.in_about(Millis::from_secs(12)), Deed::Browse);
        } else if self.cart.is_some() {
            self.decide(scene);
        } else if self.shopping && scene.rng.percent(40) {
            self.plan(scene.in_about(Millis::from_secs(15)), Deed::AddToCart);
        } else {
            self.leave(scene);
        }
    }
}
