//! What late touchpoints do to episodes.

use wayfarer::domain::Kpi;

use crate::scenario::{shop, told};

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
