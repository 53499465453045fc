//! Random small maps with tiny times, so that a few dozen touches meet every limit.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, any};
use proptest::sample::{select, subsequence};
use wayfarer::domain::{
    AbandonmentSpec, Bounce, InstanceKey, MapSpec, Millis, Moves, ReturnSpec, SessionSpec,
    StageSpec, StepSpec,
};

/// The types that are drawn, the frequent ones several times; `mystery` is in no vocabulary.
pub(crate) const KINDS: [&str; 17] = [
    "ad_seen",
    "page_viewed",
    "page_viewed",
    "product_viewed",
    "cart_added",
    "cart_added",
    "cart_added",
    "cart_viewed",
    "cart_removed",
    "cart_emptied",
    "checkout_started",
    "purchased",
    "purchased",
    "contact_made",
    "review_written",
    "refunded",
    "mystery",
];

/// One or two maps that run side by side.
pub(crate) fn map_specs() -> impl Strategy<Value = Vec<MapSpec>> {
    (map_spec("left"), option::weighted(0.3, map_spec("right")))
        .prop_map(|(left, right)| [left].into_iter().chain(right).collect())
}

fn map_spec(id: &'static str) -> impl Strategy<Value = MapSpec> {
    let step = (vec(select(&KINDS[..15]), 1..=3), any::<bool>());
    let steps = vec(step, 3..=6);
    let moves = select(vec![Moves::Forward, Moves::Any, Moves::Strict]);
    let conversion = select(vec![
        vec!["purchased"],
        vec!["purchased"],
        vec!["purchased", "review_written"],
        vec![],
    ]);
    let comeback = option::weighted(0.7, (0usize..6, any::<bool>(), 8i64..=60));
    let rules = (
        option::weighted(0.8, cart_rule()),
        option::weighted(0.4, lead_rule()),
    );
    (
        steps,
        moves,
        conversion,
        comeback,
        session(),
        rules,
        20i64..=100,
    )
        .prop_map(
            move |(steps, moves, conversion, comeback, session, (cart, lead), lookback)| {
                let mut spec = MapSpec::new(id);
                spec.stages = stages(&steps);
                spec.stages[0].conversion = strings(&conversion);
                spec.moves = moves;
                spec.comeback = comeback.map(|(place, by_step, after)| {
                    let stage = &spec.stages[place % spec.stages.len()];
                    let to = match &stage.steps[place % stage.steps.len()].id {
                        Some(name) if by_step => format!("{}.{name}", stage.id),
                        _ => stage.id.clone(),
                    };
                    ReturnSpec {
                        to,
                        after: Millis::new(after),
                    }
                });
                spec.session = session;
                spec.abandonments = cart.into_iter().chain(lead).collect();
                spec.lookback = Millis::new(lookback);
                spec
            },
        )
}

/// Stages from steps; a step whose flag is set goes into the stage of the one before it.
fn stages(steps: &[(Vec<&str>, bool)]) -> Vec<StageSpec> {
    let mut stages: Vec<StageSpec> = Vec::new();
    for (number, (on, joins)) in steps.iter().enumerate() {
        if number == 0 || !joins {
            stages.push(StageSpec {
                id: format!("stage{number}"),
                steps: Vec::new(),
                conversion: Vec::new(),
            });
        }
        let stage = stages.last_mut().expect("the first step opens a stage");
        stage.steps.push(StepSpec {
            id: Some(format!("step{number}")),
            on: strings(on),
        });
    }
    for stage in stages.iter_mut().filter(|stage| stage.steps.len() == 1) {
        stage.steps[0].id = None;
    }
    stages
}

fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn session() -> impl Strategy<Value = SessionSpec> {
    let bounce = select(vec![Bounce::NotEngaged, Bounce::SingleView]);
    let views = subsequence(vec!["page_viewed", "product_viewed", "cart_viewed"], 0..=3);
    (5i64..=15, 0i64..=45, 0i64..=12, 1u32..=3, views, bounce).prop_map(
        |(gap, longer, longer_than, views, view_types, bounce)| SessionSpec {
            gap: Millis::new(gap),
            max: Millis::new(gap + longer),
            longer_than: Millis::new(longer_than),
            views,
            view_types: strings(&view_types),
            bounce,
        },
    )
}

/// When alerts are due: after, again, and how long the episode is remembered.
fn deadlines() -> impl Strategy<Value = (Millis, Vec<Millis>, Millis)> {
    let recovers = select(vec![0i64, 5, 20, 50, 150]);
    (6i64..=20, vec(1i64..=15, 0..=2), recovers).prop_map(|(after, further, recovers)| {
        let mut last = after;
        let again = further
            .into_iter()
            .map(|longer| {
                last += longer;
                Millis::new(last)
            })
            .collect();
        (Millis::new(after), again, Millis::new(recovers))
    })
}

fn cart_rule() -> impl Strategy<Value = AbandonmentSpec> {
    let opens = select(vec![
        vec!["cart_added"],
        vec!["cart_added", "product_viewed"],
    ]);
    let extends = vec![
        "cart_added",
        "cart_viewed",
        "cart_removed",
        "checkout_started",
    ];
    let cancels = subsequence(vec!["cart_emptied", "contact_made"], 0..=2);
    let removes = subsequence(vec!["cart_removed"], 0..=1);
    let instance = select(vec![
        InstanceKey::Cart,
        InstanceKey::Cart,
        InstanceKey::Customer,
    ]);
    (
        opens,
        subsequence(extends, 0..=4),
        cancels,
        removes,
        deadlines(),
        instance,
    )
        .prop_map(
            |(opens, extends, cancels, removes, (after, again, recovers_within), instance)| {
                AbandonmentSpec {
                    id: "cart".into(),
                    opens: strings(&opens),
                    extends: strings(&extends),
                    completes: strings(&["purchased"]),
                    cancels: strings(&cancels),
                    removes: strings(&removes),
                    after,
                    again,
                    recovers_within,
                    instance,
                }
            },
        )
}

fn lead_rule() -> impl Strategy<Value = AbandonmentSpec> {
    let opens = select(vec!["checkout_started", "ad_seen", "mystery"]);
    let extends = subsequence(vec!["page_viewed", "cart_viewed"], 0..=2);
    let completes = select(vec![
        vec!["contact_made"],
        vec!["contact_made", "purchased"],
    ]);
    let keys = vec![InstanceKey::Cart, InstanceKey::Order, InstanceKey::Request];
    (
        opens,
        extends,
        completes,
        any::<bool>(),
        deadlines(),
        select(keys),
    )
        .prop_map(
            |(opens, extends, completes, cancels, (after, again, recovers_within), instance)| {
                AbandonmentSpec {
                    id: "lead".into(),
                    opens: strings(&[opens]),
                    extends: strings(&extends),
                    completes: strings(&completes),
                    cancels: strings(if cancels { &["refunded"] } else { &[] }),
                    removes: Vec::new(),
                    after,
                    again,
                    recovers_within,
                    instance,
                }
            },
        )
}
