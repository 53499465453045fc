//! What late touchpoints do to moves, sessions and money.

use wayfarer::domain::{Kpi, Moves};

use crate::scenario::{returning_shop, shop, told};

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
fn a_late_touch_whose_silence_has_passed_returns_at_once() {
    let story = "0 page_viewed
                 watermark 100
                 20 checkout_started";
    let expected = [
        "+ browse -> checkout at 20 dwell 20 late",
        "+ checkout -> browse at 60 dwell 40",
    ];
    assert_eq!(told(&returning_shop(), story).moves(), expected);
}

#[test]
fn a_silence_returns_a_customer_once() {
    let story = "30 checkout_started
                 watermark 100
                 20 purchased
                 watermark 500";
    let late = story.rsplit_once('\n').map_or("", |(late, _)| late);
    let expected = ["+ browse -> ordered at 20 dwell 0 late"];
    assert_eq!(told(&returning_shop(), late).moves(), expected);
    assert_eq!(told(&returning_shop(), story).moves(), [""; 0]);
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
fn a_late_touchpoint_joins_an_open_session_that_began_before_it() {
    let story = "0 page_viewed
                 8 page_viewed
                 watermark 12
                 5 page_viewed
                 watermark 500";
    assert_eq!(
        told(&shop(), story).sessions(),
        ["session 0 to 8 touches 3"]
    );
}

#[test]
fn a_late_touchpoint_joins_no_session_that_began_after_it() {
    let story = "6 page_viewed
                 watermark 12
                 5 page_viewed
                 watermark 500";
    assert_eq!(
        told(&shop(), story).sessions(),
        ["session 6 to 6 touches 1"]
    );
}

#[test]
fn a_late_touchpoint_starts_no_session() {
    let story = "watermark 50
                 45 page_viewed
                 watermark 500";
    assert_eq!(told(&shop(), story).sessions(), [""; 0]);
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
    assert_eq!(told.revenue(), [600]);
}
