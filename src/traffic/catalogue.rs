//! What the shop sells.

use crate::domain::{Currency, Item};

use super::rng::Rng;

/// A product.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Product {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) category: &'static str,
    /// In euro cents.
    cents: i64,
    /// How often it is looked at, compared with the others.
    weight: u32,
}

const fn product(
    id: &'static str,
    name: &'static str,
    category: &'static str,
    cents: i64,
    weight: u32,
) -> Product {
    Product {
        id,
        name,
        category,
        cents,
        weight,
    }
}

static PRODUCTS: [Product; 24] = [
    product("sneaker-01", "Canvas sneaker", "shoes", 6_990, 90),
    product("sneaker-02", "Running shoe", "shoes", 11_990, 60),
    product("boot-01", "Leather boot", "shoes", 15_990, 30),
    product("sandal-01", "Cork sandal", "shoes", 4_990, 20),
    product("shirt-01", "Linen shirt", "clothing", 3_990, 70),
    product("shirt-02", "Oxford shirt", "clothing", 4_990, 40),
    product("tee-01", "Plain T-shirt", "clothing", 1_490, 95),
    product("jeans-01", "Straight jeans", "clothing", 7_990, 65),
    product("coat-01", "Wool coat", "clothing", 19_990, 35),
    product("rain-01", "Rain jacket", "clothing", 12_990, 30),
    product("dress-01", "Summer dress", "clothing", 6_490, 45),
    product("socks-01", "Socks, three pairs", "clothing", 990, 50),
    product("bag-01", "Canvas backpack", "bags", 8_490, 40),
    product("bag-02", "Weekender", "bags", 13_990, 15),
    product("wallet-01", "Card wallet", "bags", 2_990, 25),
    product("lamp-01", "Desk lamp", "home", 5_490, 20),
    product("lamp-02", "Floor lamp", "home", 14_990, 10),
    product("mug-01", "Stoneware mug", "home", 1_290, 55),
    product("towel-01", "Bath towel", "home", 2_490, 30),
    product("chair-01", "Oak chair", "home", 24_990, 8),
    product("watch-01", "Field watch", "accessories", 17_990, 15),
    product("scarf-01", "Merino scarf", "accessories", 3_490, 25),
    product("cap-01", "Cotton cap", "accessories", 1_990, 30),
    product("glasses-01", "Sunglasses", "accessories", 8_990, 22),
];

impl Product {
    /// A product that somebody looks at.
    pub(super) fn looked_at(rng: &mut Rng) -> &'static Self {
        let table: [(u32, &'static Self); 24] =
            std::array::from_fn(|index| (PRODUCTS[index].weight, &PRODUCTS[index]));
        rng.weighted(&table)
    }

    /// The price of one piece in minor units.
    pub(super) fn price(&self, currency: Currency) -> i64 {
        let thousandths = match currency.as_str() {
            "GBP" => 860,
            "USD" => 1_100,
            _ => return self.cents,
        };
        // Prices end in 99 whatever the rate of exchange.
        self.cents * thousandths / 1_000 / 100 * 100 + 99
    }

    /// The page that shows it.
    pub(super) fn url(&self) -> String {
        format!("/{}/{}", self.category, self.id)
    }
}

/// What a customer means to buy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Basket {
    pub(super) currency: Currency,
    pub(super) lines: Vec<(&'static Product, u32)>,
    /// Per cent off by a coupon.
    pub(super) off: i64,
}

impl Basket {
    /// Nothing yet.
    pub(super) fn new(currency: Currency) -> Self {
        Self {
            currency,
            lines: Vec::new(),
            off: 0,
        }
    }

    /// Puts pieces of a product in.
    pub(super) fn add(&mut self, product: &'static Product, pieces: u32) {
        match self.lines.iter_mut().find(|(held, _)| *held == product) {
            Some((_, held)) => *held += pieces,
            None => self.lines.push((product, pieces)),
        }
    }

    /// What it costs in minor units.
    pub(super) fn value(&self) -> i64 {
        let full: i64 = self
            .lines
            .iter()
            .map(|(product, pieces)| product.price(self.currency) * i64::from(*pieces))
            .sum();
        full * (100 - self.off) / 100
    }

    /// The lines as touchpoints list them.
    pub(super) fn items(&self) -> Vec<Item> {
        self.lines
            .iter()
            .map(|(product, pieces)| item(product, *pieces, self.currency))
            .collect()
    }
}

/// One line as touchpoints list it.
pub(super) fn item(product: &Product, quantity: u32, currency: Currency) -> Item {
    Item {
        product: product.id.into(),
        name: Some(product.name.into()),
        category: Some(product.category.into()),
        quantity,
        price: Some(product.price(currency)),
    }
}
