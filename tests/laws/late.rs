//! Late touchpoints, one story for each thing that is said of them.

use wayfarer::domain::{Kpi, Moves};

use crate::scenario::{quiet_shop, shop, told};

#[test]
fn a_touchpoint_exactly_the_disorder_behind_is_on_time() {
    let story = "100 page_viewed
                  80 page_viewed";
    assert_eq!(told(&shop(), story).counters().late, 0);
}

#[test]
fn a_touchpoint_one_millisecond_further_behind_is_late() {
    let story = "100 page_viewed
                  79 page_viewed";
    assert_eq!(told(&shop(), story).counters().late, 1);
}

#[test]
fn a_late_purchase_at_the_first_deadline_takes_all_alerts_back() {
    let story = "0 cart_added cart=c1
                 watermark 95
                 30 purchased cart=c1";
    let told = told(&shop(), story);
    let expected = [
        "retracted c1 at 30 level 0",
        "retracted c1 at 60 level 1",
        "completed at 30",
    ];
    assert_eq!(told.episodes(), expected);
    assert_eq!(told.total(Kpi::Abandoned), 0);
    assert_eq!(told.total(Kpi::Completed), 1);
    assert_eq!(told.total(Kpi::OpenEpisodes), 0);
}

#[test]
fn an_episode_taken_back_sends_no_further_alert() {
    let story = "0 cart_added cart=c1
                 watermark 45
                 20 purchased cart=c1
                 watermark 500";
    assert_eq!(told(&shop(), story).episodes(), [""; 0]);
}

#[test]
fn a_late_purchase_after_the_first_deadline_recovers() {
    let story = "0 cart_added cart=c1
                 watermark 95
                 31 purchased cart=c1";
    let told = told(&shop(), story);
    assert_eq!(told.episodes(), ["recovered c1 at 31 took 1"]);
    assert_eq!(told.total(Kpi::Abandoned), 1);
    assert_eq!(told.total(Kpi::Recovered), 1);
}

#[test]
fn a_late_cancellation_at_the_first_deadline_takes_all_alerts_back() {
    let story = "0 cart_added cart=c1
                 watermark 95
                 30 cart_emptied cart=c1";
    let told = told(&shop(), story);
    let expected = [
        "retracted c1 at 30 level 0",
        "retracted c1 at 60 level 1",
        "dropped at 30",
    ];
    assert_eq!(told.episodes(), expected);
    assert_eq!(told.total(Kpi::Abandoned), 0);
    assert_eq!(told.total(Kpi::Completed), 0);
    assert_eq!(told.total(Kpi::OpenEpisodes), 0);
}

#[test]
fn a_late_cancellation_after_the_first_deadline_changes_nothing() {
    let story = "0 cart_added cart=c1
                 watermark 55
                 31 cart_emptied cart=c1";
    assert_eq!(told(&shop(), story).episodes(), [""; 0]);
    let more = format!("{story}\n watermark 60");
    let further = ["abandoned c1 at 60 level 1 pieces 1"];
    assert_eq!(told(&shop(), &more).episodes(), further);
    let bought = format!("{story}\n 40 purchased cart=c1");
    assert_eq!(
        told(&shop(), &bought).episodes(),
        ["recovered c1 at 40 took 10"]
    );
}

#[test]
fn a_late_purchase_before_the_opening_leaves_the_episode_alone() {
    let story = "10 cart_added cart=c1
                 watermark 60
                 9 purchased cart=c1";
    assert_eq!(told(&shop(), story).episodes(), [""; 0]);
}

#[test]
fn a_late_purchase_at_the_opening_completes_the_episode() {
    let story = "10 cart_added cart=c1
                 watermark 60
                 10 purchased cart=c1";
    let expected = ["retracted c1 at 40 level 0", "completed at 10"];
    assert_eq!(told(&shop(), story).episodes(), expected);
}

#[test]
fn a_late_purchase_completes_an_open_episode() {
    let story = "0 cart_added cart=c1
                 25 cart_viewed cart=c1
                 watermark 40
                 20 purchased cart=c1";
    assert_eq!(told(&shop(), story).episodes(), ["completed at 20"]);
    let more = format!("{story}\n watermark 500");
    assert_eq!(told(&shop(), &more).episodes(), [""; 0]);
}

#[test]
fn a_late_cancellation_ends_an_open_episode_without_a_trace() {
    let story = "0 cart_added cart=c1
                 25 cart_viewed cart=c1
                 watermark 40
                 20 cart_emptied cart=c1";
    assert_eq!(told(&shop(), story).episodes(), ["dropped at 20"]);
    let more = format!("{story}\n watermark 500");
    assert_eq!(told(&shop(), &more).episodes(), [""; 0]);
}

#[test]
fn a_late_purchase_of_one_cart_leaves_the_others_alone() {
    let story = "0 cart_added cart=c1
                 0 cart_added cart=c2
                 watermark 50
                 20 purchased cart=c2";
    let expected = ["retracted c2 at 30 level 0", "completed at 20"];
    assert_eq!(told(&shop(), story).episodes(), expected);
}

#[test]
fn a_late_purchase_without_a_cart_completes_all() {
    let story = "0 cart_added cart=c1
                 1 cart_added cart=c2
                 watermark 50
                 20 purchased";
    let mut episodes = told(&shop(), story).episodes();
    episodes.sort();
    let expected = [
        "completed at 20",
        "completed at 20",
        "retracted c1 at 30 level 0",
        "retracted c2 at 31 level 0",
    ];
    assert_eq!(episodes, expected);
}

#[test]
fn an_abandoned_episode_is_left_alone_once_it_is_forgotten() {
    let remembered = "0 cart_added cart=c1
                      watermark 129
                      20 purchased cart=c1";
    assert_eq!(told(&shop(), remembered).episodes().len(), 3);
    let forgotten = "0 cart_added cart=c1
                     watermark 131
                     20 purchased cart=c1";
    assert_eq!(told(&shop(), forgotten).episodes(), [""; 0]);
    let recovered_too_late = "0 cart_added cart=c1
                              watermark 131
                              100 purchased cart=c1";
    assert_eq!(told(&shop(), recovered_too_late).episodes(), [""; 0]);
}

#[test]
fn a_late_touch_newer_than_the_last_extends_an_open_episode() {
    let story = "0 cart_added cart=c1
                 watermark 25
                 10 cart_viewed cart=c1
                 watermark 39";
    assert_eq!(told(&shop(), story).episodes(), [""; 0]);
    let more = format!("{story}\n watermark 40");
    let expected = ["abandoned c1 at 40 level 0 pieces 1"];
    assert_eq!(told(&shop(), &more).episodes(), expected);
}

#[test]
fn a_late_opening_newer_than_the_last_touch_extends_an_open_episode() {
    let story = "0 cart_added cart=c1
                 watermark 25
                 10 cart_added cart=c1
                 watermark 40";
    let expected = ["abandoned c1 at 40 level 0 pieces 2"];
    assert_eq!(told(&shop(), story).episodes(), expected);
}

#[test]
fn a_late_touch_older_than_the_last_extends_nothing() {
    let story = "0 cart_added cart=c1
                 20 cart_viewed cart=c1
                 watermark 25
                 10 cart_viewed cart=c1
                 watermark 50";
    let expected = ["abandoned c1 at 50 level 0 pieces 1"];
    assert_eq!(told(&shop(), story).episodes(), expected);
}

#[test]
fn a_late_touch_does_not_move_an_abandoned_episode_back_to_open() {
    let story = "0 cart_added cart=c1
                 watermark 35
                 20 cart_viewed cart=c1";
    assert_eq!(told(&shop(), story).episodes(), [""; 0]);
}

#[test]
fn a_late_opening_opens_if_its_deadline_is_ahead() {
    let story = "watermark 29
                 0 cart_added cart=c1
                 watermark 30";
    let expected = ["abandoned c1 at 30 level 0 pieces 1"];
    assert_eq!(told(&shop(), story).episodes(), expected);
}

#[test]
fn a_late_opening_opens_nothing_if_its_deadline_has_passed() {
    let story = "watermark 30
                 0 cart_added cart=c1
                 watermark 500";
    assert_eq!(told(&shop(), story).episodes(), [""; 0]);
}

#[test]
fn a_late_opening_opens_nothing_if_an_episode_was_completed_after_it() {
    let story = "0 cart_added cart=c1
                 10 purchased cart=c1
                 watermark 15
                 5 cart_added cart=c1
                 watermark 500";
    assert_eq!(told(&shop(), story).episodes(), [""; 0]);
}

#[test]
fn a_late_opening_opens_nothing_if_an_episode_was_cancelled_after_it() {
    let story = "0 cart_added cart=c1
                 10 cart_emptied cart=c1
                 watermark 15
                 5 cart_added cart=c1
                 watermark 500";
    assert_eq!(told(&shop(), story).episodes(), [""; 0]);
}

#[test]
fn a_late_opening_opens_if_the_last_episode_was_completed_before_it() {
    let story = "0 cart_added cart=c1
                 10 purchased cart=c1
                 watermark 15
                 12 cart_added cart=c1
                 watermark 42";
    let expected = ["abandoned c1 at 42 level 0 pieces 1"];
    assert_eq!(told(&shop(), story).episodes(), expected);
}

#[test]
fn a_late_touchpoint_may_move_a_journey_forward() {
    let story = "0 page_viewed
                 watermark 50
                 20 cart_added";
    let expected = ["+ browse -> cart at 20 dwell 20 late"];
    assert_eq!(told(&shop(), story).moves(), expected);
}

#[test]
fn the_dwell_before_a_late_move_is_at_least_nothing() {
    let story = "30 page_viewed
                 watermark 50
                 20 cart_added";
    let expected = ["+ browse -> cart at 20 dwell 0 late"];
    assert_eq!(told(&shop(), story).moves(), expected);
}

#[test]
fn a_late_touchpoint_never_moves_a_journey_back() {
    let story = "0 page_viewed
                 10 cart_added
                 watermark 50
                 20 page_viewed";
    for moves in [Moves::Forward, Moves::Any, Moves::Strict] {
        let mut shop = shop();
        shop.moves = moves;
        assert_eq!(told(&shop, story).moves(), [""; 0], "{moves:?}");
    }
}

#[test]
fn a_late_move_changes_the_moves_that_are_pending() {
    let story = "0 page_viewed
                 watermark 50
                 60 purchased
                 20 cart_added";
    let expected = [
        "+ browse -> cart at 20 dwell 20 late",
        "- browse -> ordered at 60 dwell 60",
        "+ cart -> ordered at 60 dwell 40",
    ];
    assert_eq!(told(&shop(), story).moves(), expected);
}

/// What is settled when a late touchpoint comes is all up to the watermark, whether or not
/// anything had to be done for the customer since.
pub(crate) const SETTLED_BEFORE_IT_IS_TOUCHED: &str = "10 page_viewed
                                                       watermark 50
                                                       5 cart_added";

#[test]
fn a_late_touchpoint_meets_the_customer_settled_up_to_the_watermark() {
    let expected = ["+ browse -> cart at 5 dwell 0 late"];
    let told = told(&quiet_shop(), SETTLED_BEFORE_IT_IS_TOUCHED);
    assert_eq!(told.moves(), expected);
}

#[test]
fn a_late_touchpoint_never_touches_a_closed_session() {
    let story = "0 page_viewed
                 5 page_viewed
                 watermark 20
                 7 page_viewed
                 watermark 500";
    assert_eq!(
        told(&shop(), story).sessions(),
        ["session 0 to 5 touches 2"]
    );
}

#[test]
fn a_late_conversion_counts() {
    let story = "0 page_viewed
                 watermark 50
                 20 purchased order=o1 value=900";
    let told = told(&shop(), story);
    assert_eq!(
        told.money(),
        ["conversion 1 at 20 worth 900 touches 2 late"]
    );
    assert_eq!(told.total(Kpi::Revenue), 900);
    assert_eq!(told.total(Kpi::Conversions), 1);
    assert_eq!(told.total(Kpi::FirstConversions), 1);
    assert_eq!(told.total(Kpi::ConvertedCustomers), 1);
}

#[test]
fn a_late_conversion_is_numbered_after_those_that_are_settled() {
    let story = "30 purchased order=o1 value=100
                 watermark 50
                 20 purchased order=o2 value=900";
    let told = told(&shop(), story);
    assert_eq!(
        told.money(),
        ["conversion 2 at 20 worth 900 touches 2 late"]
    );
    assert_eq!(told.total(Kpi::ConvertedCustomers), 1);
    assert_eq!(told.total(Kpi::RepeatCustomers), 1);
    assert_eq!(told.total(Kpi::FirstConversions), 1);
}

#[test]
fn a_late_purchase_of_an_order_that_converted_is_no_conversion() {
    let story = "30 purchased order=o1 value=100
                 watermark 50
                 20 purchased order=o1 value=900";
    assert_eq!(told(&shop(), story).money(), [""; 0]);
}

#[test]
fn a_late_refund_lowers_the_revenue() {
    let story = "0 purchased value=900
                 watermark 50
                 20 refunded value=300";
    let told = told(&shop(), story);
    assert_eq!(told.money(), ["refund of 300"]);
    assert_eq!(told.total(Kpi::Revenue), 600);
}

#[test]
fn a_late_touchpoint_older_than_the_last_leaves_the_last_touch_alone() {
    let story = "30 page_viewed
                 watermark 50
                 20 page_viewed";
    let told = told(&shop(), story);
    assert_eq!(told.everything(), [""; 0]);
    assert_eq!(told.total(Kpi::ActiveCustomers), 1);
}

#[test]
fn a_late_first_touchpoint_makes_a_customer_active() {
    let story = "watermark 50
                 20 page_viewed";
    let told = told(&shop(), story);
    let mut everything = told.everything();
    everything.sort();
    assert_eq!(
        everything[..2],
        ["+ nowhere -> browse at 20 dwell 0 late", "last touch at 20"]
    );
    assert_eq!(told.total(Kpi::ActiveCustomers), 1);
}

#[test]
fn a_late_duplicate_changes_nothing() {
    let story = "0 cart_added cart=c1 id=same
                 watermark 50
                 0 cart_added cart=c1 id=same";
    let told = told(&shop(), story);
    assert_eq!(told.everything(), [""; 0]);
    assert_eq!((told.counters().late, told.counters().duplicates), (0, 1));
}
