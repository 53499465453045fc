//! Late touchpoints, one story for each thing that is said of them.

mod episodes;
mod journeys;

use wayfarer::domain::Kpi;

use crate::scenario::{quiet_shop, shop, told};

/// What is settled when a late touchpoint comes is all up to the watermark, whether or not
/// anything had to be done for the customer since.
pub(crate) const SETTLED_BEFORE_IT_IS_TOUCHED: &str = "10 page_viewed
                                                       watermark 50
                                                       5 cart_added";

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
fn a_late_touchpoint_meets_the_customer_settled_up_to_the_watermark() {
    let expected = ["+ browse -> cart at 5 dwell 0 late"];
    let told = told(&quiet_shop(), SETTLED_BEFORE_IT_IS_TOUCHED);
    assert_eq!(told.moves(), expected);
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
