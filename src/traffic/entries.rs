//! How visits begin: channels, campaigns and what leads to the shop.

use super::person::Person;
use super::rng::Rng;

/// A way to the shop.
pub(super) struct Entry {
    /// The channel of what leads there, and of the landing page if nothing does.
    pub(super) channel: &'static str,
    pub(super) source: Option<&'static str>,
    pub(super) medium: Option<&'static str>,
    pub(super) campaigns: &'static [&'static str],
    /// What happens before the landing page, in order.
    pub(super) before: &'static [&'static str],
    /// How many of a hundred go on from each of those.
    pub(super) onward: u64,
    /// What a click costs at most, in minor units.
    pub(super) cost_max: i64,
    /// Whether it leads into the app.
    pub(super) app: bool,
    /// Whether the shop must know the person.
    pub(super) needs_account: bool,
}

const PLAIN: Entry = Entry {
    channel: "direct",
    source: None,
    medium: None,
    campaigns: &[],
    before: &[],
    onward: 100,
    cost_max: 0,
    app: false,
    needs_account: false,
};

static DIRECT: Entry = PLAIN;
static ORGANIC: Entry = Entry {
    channel: "search",
    source: Some("google"),
    medium: Some("organic"),
    ..PLAIN
};
static PAID_SEARCH: Entry = Entry {
    channel: "paid_search",
    source: Some("google"),
    medium: Some("cpc"),
    campaigns: &["brand", "shoes-generic", "coats-autumn", "gifts"],
    before: &["ad_clicked"],
    onward: 96,
    cost_max: 140,
    ..PLAIN
};
static PAID_SOCIAL: Entry = Entry {
    channel: "social",
    source: Some("instagram"),
    medium: Some("paid_social"),
    campaigns: &["lookbook", "new-in", "retarget-cart"],
    before: &["ad_seen", "ad_clicked"],
    onward: 55,
    cost_max: 90,
    ..PLAIN
};
static DISPLAY: Entry = Entry {
    channel: "ad",
    source: Some("adnetwork"),
    medium: Some("display"),
    campaigns: &["autumn-sale", "retarget-browse"],
    before: &["ad_seen", "ad_clicked"],
    onward: 40,
    cost_max: 60,
    ..PLAIN
};
static SOCIAL: Entry = Entry {
    channel: "social",
    source: Some("tiktok"),
    medium: Some("social"),
    ..PLAIN
};
static AFFILIATE: Entry = Entry {
    channel: "affiliate",
    source: Some("couponsite"),
    medium: Some("affiliate"),
    campaigns: &["ten-off"],
    ..PLAIN
};
static NEWSLETTER: Entry = Entry {
    channel: "email",
    source: Some("newsletter"),
    medium: Some("email"),
    campaigns: &["weekly-17", "weekly-18", "members-only"],
    before: &["email_delivered", "newsletter_opened", "email_clicked"],
    onward: 50,
    needs_account: true,
    ..PLAIN
};
static APP: Entry = Entry {
    channel: "app",
    before: &["app_opened"],
    app: true,
    needs_account: true,
    ..PLAIN
};
static PUSH: Entry = Entry {
    channel: "push",
    source: Some("app"),
    medium: Some("push"),
    campaigns: &["back-in-stock", "price-drop"],
    before: &["push_received", "push_opened"],
    onward: 50,
    app: true,
    needs_account: true,
    ..PLAIN
};

/// The mail about a cart left behind.
pub(super) static CART_MAIL: Entry = Entry {
    channel: "email",
    source: Some("crm"),
    medium: Some("email"),
    campaigns: &["cart-reminder"],
    before: &["email_opened", "email_clicked"],
    onward: 75,
    ..PLAIN
};

static ENTRIES: [(u32, &Entry); 10] = [
    (16, &DIRECT),
    (20, &ORGANIC),
    (12, &PAID_SEARCH),
    (12, &PAID_SOCIAL),
    (9, &DISPLAY),
    (7, &SOCIAL),
    (4, &AFFILIATE),
    (12, &NEWSLETTER),
    (14, &APP),
    (5, &PUSH),
];

impl Entry {
    /// The way that a person takes this time.
    pub(super) fn of(person: &Person, rng: &mut Rng) -> &'static Self {
        let entry = rng.weighted(&ENTRIES);
        if entry.needs_account && person.account.is_none() {
            return &DIRECT;
        }
        entry
    }

    /// Straight to the shop.
    pub(super) fn direct() -> &'static Self {
        &DIRECT
    }
}
