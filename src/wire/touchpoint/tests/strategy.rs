//! Any touchpoint at all.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use crate::domain::{Currency, EventTime, Item, Millis, Score, ScoreKind, Touchpoint};
use crate::wire::touchpoint::value::{DURATION_MAX, MONEY_MAX};

fn text() -> impl Strategy<Value = Box<str>> {
    "[a-zA-Zß€😀\"\\\\/\n\u{1} ]{1,12}".prop_map(Box::from)
}

fn item() -> impl Strategy<Value = Item> {
    let price = option::of(-1_000_000_i64..1_000_000);
    (
        text(),
        option::of(text()),
        option::of(text()),
        any::<u32>(),
        price,
    )
        .prop_map(|(product, name, category, quantity, price)| Item {
            product,
            name,
            category,
            quantity,
            price,
        })
}

fn score() -> impl Strategy<Value = Score> {
    let answer = prop_oneof![
        (Just(ScoreKind::Nps), 0_u8..=10),
        (Just(ScoreKind::Csat), 1_u8..=5),
        (Just(ScoreKind::Ces), 1_u8..=7),
    ];
    (answer, option::of(text())).prop_map(|((kind, value), question)| Score {
        kind,
        value,
        question,
    })
}

pub(super) fn touchpoint() -> impl Strategy<Value = Touchpoint> {
    let at = EventTime::MIN.as_millis()..=EventTime::MAX.as_millis();
    let texts = vec(option::of(text()), 11);
    let numbers = (
        option::of(-MONEY_MAX..=MONEY_MAX),
        option::of(0..=DURATION_MAX),
        option::of(-MONEY_MAX..=MONEY_MAX),
        option::of("[A-Z]{3}"),
    );
    let lists = (
        vec(item(), 0..4),
        option::of(score()),
        btree_map(text(), any::<bool>(), 0..3),
        btree_map("[ab]", text(), 0..3),
    );
    ([text(), text(), text()], at, texts, numbers, lists).prop_map(
        |([id, customer, kind], at, texts, (value, duration, cost, currency), lists)| {
            let mut texts = texts.into_iter();
            let mut next = || texts.next().flatten();
            let (items, score, consent, props) = lists;
            Touchpoint {
                anonymous: next(),
                channel: next(),
                campaign: next(),
                source: next(),
                medium: next(),
                cart: next(),
                order: next(),
                request: next(),
                timezone: next(),
                locale: next(),
                device: next(),
                value,
                currency: currency.and_then(|code| Currency::parse(&code)),
                items,
                score,
                duration: duration.map(Millis::new),
                cost,
                consent,
                props: props
                    .into_iter()
                    .map(|(name, kept)| (name.into(), kept))
                    .collect(),
                ..Touchpoint::new(&id, &customer, &kind, EventTime::from_millis(at))
            }
        },
    )
}
