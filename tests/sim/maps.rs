//! A map with short times, so that a minute meets every limit.

use wayfarer::domain::{
    AbandonmentSpec, MapSpec, Maps, Millis, ReturnSpec, Rules, SessionSpec, Settings, StageSpec,
    StepSpec,
};

/// How far behind a touchpoint may come.
pub(crate) const DISORDER: Millis = Millis::from_secs(2);
/// The silence after which a cart is abandoned.
pub(crate) const CART_AFTER: Millis = Millis::from_secs(6);
/// Longer than any silence that changes something.
pub(crate) const QUIET_AFTER: Millis = Millis::from_secs(40);

/// The map, compiled, with all rules or without one of them.
pub(crate) fn maps(rules: Rules) -> Maps {
    let mut spec = MapSpec::new("shop");
    spec.stages = vec![
        plain("awareness", &["ad_seen", "page_viewed"]),
        plain("consideration", &["product_viewed"]),
        StageSpec {
            id: "purchase".into(),
            steps: vec![
                step(Some("cart"), &["cart_added"]),
                step(Some("checkout"), &["checkout_started"]),
                step(Some("ordered"), &["purchased"]),
            ],
            conversion: vec!["purchased".into()],
        },
        plain("advocacy", &["review_written"]),
    ];
    spec.comeback = Some(ReturnSpec {
        to: "consideration".into(),
        after: Millis::from_secs(14),
    });
    spec.session = SessionSpec {
        gap: Millis::from_secs(5),
        max: Millis::from_secs(20),
        ..SessionSpec::default()
    };
    let mut cart = AbandonmentSpec::new("cart", "cart_added", "purchased", CART_AFTER);
    cart.extends = vec!["cart_viewed".into(), "checkout_started".into()];
    cart.cancels = vec!["cart_emptied".into()];
    cart.again = vec![Millis::from_secs(10)];
    cart.recovers_within = Millis::from_secs(20);
    spec.abandonments = vec![cart];
    let settings = Settings {
        disorder: DISORDER,
        rules,
        ..Settings::default()
    };
    Maps::compile(&[spec], &settings).expect("the map is right")
}

fn plain(id: &str, on: &[&str]) -> StageSpec {
    StageSpec {
        id: id.into(),
        steps: vec![step(None, on)],
        conversion: Vec::new(),
    }
}

fn step(id: Option<&str>, on: &[&str]) -> StepSpec {
    StepSpec {
        id: id.map(Into::into),
        on: on.iter().map(|kind| (*kind).to_owned()).collect(),
    }
}
