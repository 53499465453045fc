//! What the bounds cut off, and that it is counted.

use wayfarer::domain::Bounds;

use crate::scenario::{quiet_shop, shop, told_within};

/// Room for two touches that wait.
const TWO_PENDING: Bounds = Bounds {
    pending: 2,
    ring: 8,
    path: 32,
    episodes: 16,
};

/// Room for two episodes.
const TWO_EPISODES: Bounds = Bounds {
    pending: 256,
    ring: 8,
    path: 32,
    episodes: 2,
};

#[test]
fn as_many_touches_wait_as_the_bound_says() {
    let story = "101 page_viewed
                 102 page_viewed
                 100 page_viewed";
    let told = told_within(&shop(), story, TWO_PENDING);
    assert_eq!((told.counters().cut, told.counters().late), (1, 0));
}

#[test]
fn a_touch_too_many_settles_the_oldest_and_what_is_not_newer_is_late() {
    let story = "100 page_viewed
                 101 page_viewed
                 102 page_viewed
                 100 page_viewed";
    let told = told_within(&shop(), story, TWO_PENDING);
    assert_eq!((told.counters().cut, told.counters().late), (1, 1));
    let newer = story.replacen("100", "99", 1);
    let told = told_within(&shop(), &newer, TWO_PENDING);
    assert_eq!((told.counters().cut, told.counters().late), (2, 0));
}

#[test]
fn only_a_touch_too_many_gives_a_customer_a_limit_of_its_own() {
    let story = "100 page_viewed
                 101 page_viewed
                 watermark 120
                 130 page_viewed
                 131 page_viewed";
    assert_eq!(told_within(&shop(), story, TWO_PENDING).floors(), [None]);
    let more = format!("{story}\n 132 page_viewed");
    assert_eq!(
        told_within(&shop(), &more, TWO_PENDING).floors(),
        [Some(130)]
    );
}

#[test]
fn an_open_episode_is_never_given_up_for_a_new_one() {
    let story = "0 cart_added cart=c1
                 1 cart_added cart=c2
                 2 cart_added cart=c3
                 watermark 40";
    let told = told_within(&quiet_shop(), story, TWO_EPISODES);
    let expected = [
        "abandoned c1 at 30 level 0 pieces 1",
        "abandoned c2 at 31 level 0 pieces 1",
    ];
    assert_eq!(told.episodes(), expected);
    assert_eq!(told.counters().cut, 1);
}

#[test]
fn a_remembered_episode_gives_way_to_a_new_one() {
    let story = "0 cart_added cart=c1
                 20 cart_added cart=c2
                 watermark 40
                 41 cart_added cart=c3
                 42 purchased
                 watermark 43";
    let told = told_within(&quiet_shop(), story, TWO_EPISODES);
    assert_eq!(told.episodes(), ["completed at 42", "completed at 42"]);
    assert_eq!(told.counters().cut, 1);
}

#[test]
fn two_exposures_are_kept_and_the_third_is_cut() {
    let story = "0 cart_added channel=web
                 1 cart_added channel=email
                 2 purchased channel=store
                 watermark 2";
    let bounds = Bounds {
        path: 2,
        ..Bounds::default()
    };
    let told = told_within(&shop(), story, bounds);
    assert_eq!(told.counters().cut, 1);
    assert_eq!(told.paths(), ["email at 1, store at 2"]);
}
