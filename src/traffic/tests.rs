//! What holds for the traffic as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;

use crate::domain::{EventTime, Millis, Touchpoint, vocabulary};

use super::{Arrival, Flaw, Load, Rate, Rhythm, Share, Traffic, TrafficConfig};

/// Life so fast that an hour is six seconds.
fn fast() -> TrafficConfig {
    TrafficConfig {
        pace: 600,
        disorder_max: Millis::from_secs(2),
        ..TrafficConfig::default()
    }
}

fn between(config: &TrafficConfig, span: Millis) -> impl Iterator<Item = Arrival> + use<> {
    let end = config.start.plus(span);
    Traffic::new(config).take_while(move |arrival| arrival.arrives <= end)
}

/// The touchpoints among the first `n` arrivals, each once, by time.
fn touchpoints(config: &TrafficConfig, n: usize) -> Vec<Touchpoint> {
    let mut all: Vec<Touchpoint> = Traffic::new(config)
        .take(n)
        .filter(|arrival| !matches!(arrival.load, Load::Again(_)))
        .filter_map(|arrival| arrival.touchpoint().cloned())
        .collect();
    all.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    all
}

fn digest(config: &TrafficConfig) -> u64 {
    let mut hasher = siphasher::sip::SipHasher13::new();
    for arrival in Traffic::new(config).take(10_000) {
        hasher.write(format!("{arrival:?}\n").as_bytes());
    }
    hasher.finish()
}

fn is_near(count: usize, expected: usize, percent: usize) -> bool {
    count.abs_diff(expected) * 100 <= expected * percent
}

#[test]
fn a_seed_always_makes_the_same_traffic() {
    let planted = TrafficConfig {
        planted: Share::percent(1),
        ..fast()
    };
    assert_eq!(format!("{:016x}", digest(&planted)), "3363f24e9ed9489b");
    assert_ne!(
        digest(&planted),
        digest(&TrafficConfig { seed: 2, ..planted })
    );
}

#[test]
fn what_is_under_way_changes_nothing_that_happens() {
    let smooth = TrafficConfig {
        late: Share::NONE,
        duplicates: Share::NONE,
        disorder_max: Millis::ZERO,
        ..fast()
    };
    let until = fast().start.plus(Millis::from_secs(30));
    let happened = |config: &TrafficConfig| -> Vec<Touchpoint> {
        let mut all = touchpoints(config, 20_000);
        all.retain(|touchpoint| touchpoint.at < until);
        all
    };
    let rough = happened(&fast());
    assert!(rough.len() > 2_000);
    assert_eq!(rough, happened(&smooth));
}

#[test]
fn the_rate_holds_in_every_minute_from_the_first() {
    for pace in [1, 600] {
        let config = TrafficConfig { pace, ..fast() };
        let mut minutes = BTreeMap::<i64, usize>::new();
        for arrival in between(&config, Millis::from_minutes(10)) {
            let minute = (arrival.arrives.since(config.start).get() - 1) / 60_000;
            *minutes.entry(minute).or_default() += 1;
        }
        assert_eq!(minutes.len(), 10);
        assert!(
            minutes.values().all(|n| is_near(*n, 6_000, 10)),
            "{minutes:?}"
        );
    }
}

#[test]
fn a_day_has_a_night_and_the_rate_is_its_mean() {
    let config = TrafficConfig {
        rate: Rate::per_second(1),
        rhythm: Rhythm::Daily,
        ..TrafficConfig::default()
    };
    let mut hours = [0; 24];
    for arrival in between(&config, Millis::from_hours(24)) {
        let hour = (arrival.arrives.since(config.start).get() - 1) / 3_600_000;
        hours[usize::try_from(hour).unwrap()] += 1;
    }
    assert!(is_near(hours.iter().sum(), 86_400, 10), "{hours:?}");
    assert!(hours[20] > 4 * hours[3], "{hours:?}");
}

#[test]
fn history_has_no_gap_and_ends_where_it_should() {
    for pace in [1, 600] {
        let config = TrafficConfig {
            rate: Rate::per_second(5),
            pace,
            ..fast()
        };
        let span = Millis::from_minutes(20);
        let mut last = config.start;
        let mut longest = Millis::ZERO;
        for arrival in between(&config, span) {
            assert!(arrival.arrives >= last);
            longest = longest.max(arrival.arrives.since(last));
            last = arrival.arrives;
        }
        assert!(longest < Millis::from_secs(4), "{longest}");
        assert!(config.start.plus(span).since(last) < Millis::from_secs(4));
    }
}

#[test]
fn what_is_on_time_is_within_the_disorder_and_what_is_late_is_not() {
    let config = fast();
    let mut latest = config.start;
    let (mut late, mut overtaken) = (0, 0);
    for arrival in Traffic::new(&config).take(50_000) {
        let at = arrival.touchpoint().unwrap().at;
        assert!(at <= arrival.arrives);
        match arrival.load {
            Load::OnTime(_) => {
                assert!(latest.since(at) <= config.disorder_max);
                overtaken += usize::from(at < latest);
            }
            Load::Late(_) => {
                late += 1;
                assert!(latest.since(at) > config.disorder_max);
            }
            Load::Again(_) | Load::Planted(_) => {}
        }
        latest = latest.max(at);
    }
    assert!(is_near(late, 500, 20), "{late}");
    assert!(overtaken > 5_000, "{overtaken}");
}

#[test]
fn duplicates_are_exact_and_come_after_the_first() {
    let config = TrafficConfig {
        duplicates: Share::percent(5),
        ..fast()
    };
    let mut seen = BTreeMap::<Box<str>, Touchpoint>::new();
    let mut duplicates = 0;
    for arrival in Traffic::new(&config).take(50_000) {
        let touchpoint = arrival.touchpoint().unwrap();
        if matches!(arrival.load, Load::Again(_)) {
            duplicates += 1;
            assert_eq!(seen.get(&touchpoint.id), Some(touchpoint));
        } else {
            let before = seen.insert(touchpoint.id.clone(), touchpoint.clone());
            assert_eq!(before, None, "two touchpoints have one id");
        }
    }
    assert!(is_near(duplicates, 50_000 * 5 / 105, 15), "{duplicates}");
}

#[test]
fn every_kind_of_touchpoint_comes_soon() {
    let wanted = [
        "ad_seen",
        "ad_clicked",
        "page_viewed",
        "searched",
        "store_visited",
        "product_viewed",
        "list_viewed",
        "review_read",
        "call_made",
        "item_wished",
        "cart_added",
        "cart_removed",
        "cart_viewed",
        "cart_emptied",
        "coupon_denied",
        "checkout_started",
        "shipping_entered",
        "payment_entered",
        "payment_failed",
        "purchased",
        "cancelled",
        "returned",
        "refunded",
        "support_resolved",
        "ticket_opened",
        "ticket_resolved",
        "newsletter_opened",
        "survey_answered",
        "review_written",
        "friend_referred",
    ];
    let all = touchpoints(&fast(), 100_000);
    let kinds: BTreeSet<&str> = all.iter().map(|touchpoint| &*touchpoint.kind).collect();
    for kind in wanted {
        assert!(kinds.contains(kind), "{kind} is missing");
    }
    for kind in kinds {
        assert!(
            vocabulary::KINDS.contains(&kind),
            "{kind} is not in the vocabulary"
        );
    }
    for touchpoint in &all {
        let channel = touchpoint.channel.as_deref().unwrap();
        assert!(
            vocabulary::CHANNELS.contains(&channel),
            "{channel} is not in the vocabulary"
        );
    }
}

#[test]
fn every_stage_is_reached_at_the_pace_of_life_too() {
    let config = TrafficConfig {
        rate: Rate::per_second(200),
        ..TrafficConfig::default()
    };
    let all = touchpoints(&config, 30_000);
    let kinds: BTreeSet<&str> = all.iter().map(|touchpoint| &*touchpoint.kind).collect();
    for kind in [
        "ad_seen",
        "product_viewed",
        "purchased",
        "support_resolved",
        "review_written",
    ] {
        assert!(kinds.contains(kind), "{kind} is missing");
    }
}

#[test]
fn seven_in_ten_carts_are_left_behind_and_some_are_bought_later() {
    let config = fast();
    let patience = Millis::new(1_800_000 / i64::from(config.pace));
    let mut carts = BTreeMap::<Box<str>, Vec<Touchpoint>>::new();
    let all = touchpoints(&config, 120_000);
    let end = all.last().unwrap().at;
    for touchpoint in all {
        if let Some(cart) = &touchpoint.cart {
            carts.entry(cart.clone()).or_default().push(touchpoint);
        }
    }
    let (mut abandoned, mut completed, mut recovered) = (0, 0, 0);
    for touches in carts.values() {
        let last = touches.last().unwrap();
        let bought = &*last.kind == "purchased";
        let silent = touches
            .windows(2)
            .any(|two| two[1].at.since(two[0].at) > patience);
        let ended = silent || end.since(last.at) > patience;
        match &*last.kind {
            "cart_emptied" | "cart_removed" => {}
            _ if silent && bought => (abandoned, recovered) = (abandoned + 1, recovered + 1),
            _ if bought => completed += 1,
            _ => abandoned += usize::from(ended),
        }
    }
    let share = abandoned * 100 / (abandoned + completed);
    assert!(
        (60..80).contains(&share),
        "{abandoned} abandoned, {completed} completed"
    );
    assert!(
        recovered * 100 / abandoned >= 3,
        "{recovered} of {abandoned}"
    );
}

#[test]
fn a_cart_belongs_to_one_customer_in_one_currency() {
    let mut owners = BTreeMap::new();
    for touchpoint in touchpoints(&fast(), 100_000) {
        if let Some(cart) = touchpoint.cart {
            assert!(touchpoint.value.is_some_and(|value| value > 0));
            let owner = (touchpoint.customer, touchpoint.currency);
            assert_eq!(owners.entry(cart).or_insert(owner.clone()), &owner);
        }
    }
    assert!(owners.len() > 500);
}

#[test]
fn some_customers_are_known_and_some_never_are() {
    let all = touchpoints(&fast(), 20_000);
    let known = |touchpoint: &&Touchpoint| touchpoint.customer.as_str().starts_with("c-");
    let both = all
        .iter()
        .filter(known)
        .filter(|touchpoint| touchpoint.anonymous.is_some());
    assert!(both.count() > 5_000);
    assert!(all.len() - all.iter().filter(known).count() > 5_000);
}

#[test]
fn without_newcomers_there_are_no_more_people_than_the_shop_knows() {
    let config = TrafficConfig {
        customers: 2_000,
        newcomers: Share::NONE,
        ..fast()
    };
    let all = touchpoints(&config, 100_000);
    let accounts: BTreeSet<&str> = all
        .iter()
        .map(|touchpoint| touchpoint.customer.as_str())
        .filter(|customer| customer.starts_with("c-"))
        .collect();
    assert!(
        (1_000..=2_000).contains(&accounts.len()),
        "{}",
        accounts.len()
    );
}

#[test]
fn planted_records_are_as_many_as_wanted_and_wrong_as_they_say() {
    let config = TrafficConfig {
        planted: Share::percent(2),
        ..fast()
    };
    let mut flaws = BTreeMap::<Flaw, usize>::new();
    for arrival in Traffic::new(&config).take(50_000) {
        let Load::Planted(planted) = &arrival.load else {
            continue;
        };
        *flaws.entry(planted.flaw).or_default() += 1;
        let json: Option<serde_json::Value> = serde_json::from_slice(&planted.bytes).ok();
        let at = json.as_ref().and_then(|json| json.get("at")?.as_i64());
        let wrong = match planted.flaw {
            Flaw::Garbage => std::str::from_utf8(&planted.bytes).is_err(),
            Flaw::Truncated => json.is_none(),
            Flaw::NotAnObject => json.is_some_and(|json| !json.is_object()),
            Flaw::NoCustomer => {
                at.is_some() && json.is_some_and(|json| json.get("customer").is_none())
            }
            Flaw::NoTime => json.is_some_and(|json| json.is_object() && json.get("at").is_none()),
            Flaw::UnreadableTime => {
                at.is_none() && json.is_some_and(|json| json.get("at").is_some())
            }
            Flaw::FarAhead => {
                let year = Millis::from_days(365);
                at.is_some_and(|at| EventTime::from_millis(at) > arrival.arrives.plus(year))
            }
        };
        assert!(wrong, "{planted:?}");
    }
    assert_eq!(flaws.len(), 7);
    assert!(
        is_near(flaws.values().sum(), 50_000 * 2 / 103, 15),
        "{flaws:?}"
    );
}
