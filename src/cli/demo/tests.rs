//! The table, the line and the summary after a day in the shop.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::board::lock;
use super::{Board, BoardObserver, Look, Mode, Now, Screen, line, summary, table};
use crate::domain::Millis;
use crate::metrics::fixture::{self, MORNING, Worker, day};
use crate::runtime::Observer;

fn evening() -> Now {
    Now {
        elapsed: Duration::from_millis(27_350),
        wall: MORNING.plus(Millis::from_secs(12_100)),
    }
}

fn after_a_day() -> Arc<Mutex<Board>> {
    let maps = fixture::maps();
    let board = Board::new(&maps);
    let mut observer = BoardObserver::new(&board, 0);
    observer.assigned(&[4]);
    Worker::new(&maps, 4).read(&mut observer, &day());
    board
}

/// Compares with `tests/golden/demo/<name>.txt`; `UPDATE_GOLDEN=1` writes it anew.
fn golden(name: &str, text: &str) {
    let path = format!(
        "{}/tests/golden/demo/{name}.txt",
        env!("CARGO_MANIFEST_DIR")
    );
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).expect("the golden file can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "{path} differs; run with UPDATE_GOLDEN=1 if this is right:\n{text}"
    );
}

#[test]
fn the_table_shows_a_day() {
    let board = after_a_day();
    let mut board = lock(&board);
    board.sample(Duration::from_secs(25));
    let notes = ["timers are short: a cart is abandoned after 30 minutes".to_owned()];
    let lines = table(&board, &notes, evening(), Look::PLAIN);
    assert!(lines.iter().all(|line| line.chars().count() <= 80));
    golden("table", &(lines.join("\n") + "\n"));
    let colorful = Look {
        color: true,
        width: 120,
    };
    golden(
        "table-color",
        &(table(&board, &notes, evening(), colorful).join("\n") + "\n"),
    );
}

#[test]
fn the_line_shows_a_day() {
    let board = after_a_day();
    golden("line", &(line(&lock(&board), evening()) + "\n"));
}

#[test]
fn the_summary_shows_a_day() {
    let board = after_a_day();
    let tally = lock(&board).tally();
    golden("summary", &summary(&tally, evening().elapsed, Look::PLAIN));
}

#[test]
fn an_empty_board_has_as_many_lines_as_a_full_one() {
    let board = Board::new(&fixture::maps());
    let empty = table(&lock(&board), &[], evening(), Look::PLAIN).len();
    let full = table(&lock(&after_a_day()), &[], evening(), Look::PLAIN).len();
    assert_eq!(empty, full);
}

#[test]
fn without_a_terminal_notes_come_once_and_lines_follow() {
    let board = after_a_day();
    let mut out = Vec::new();
    let notes = vec!["timers are short".to_owned()];
    let mut screen = Screen::new(&mut out, Mode::Lines, &board, notes);
    screen.draw(evening()).expect("a vector takes everything");
    // Less than a second later no line is due; the last comes whenever the end does.
    screen.draw(evening()).expect("a vector takes everything");
    screen.finish(evening()).expect("a vector takes everything");
    let text = String::from_utf8(out).expect("the screen writes UTF-8");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "timers are short");
    assert_eq!(lines[1], lines[2]);
    assert_eq!(&lines[3..5], ["", "Wayfarer ran for 27.3 s."]);
    assert!(!text.contains('\x1b'));
}

#[test]
fn the_rate_follows_the_last_seconds() {
    let board = Board::new(&fixture::maps());
    let mut observer = BoardObserver::new(&board, 0);
    let mut worker = Worker::new(&fixture::maps(), 4);
    lock(&board).sample(Duration::ZERO);
    worker.read(&mut observer, &day()[..10]);
    lock(&board).sample(Duration::from_secs(2));
    assert_eq!(lock(&board).rate(), 5);
    for secs in 3..20 {
        lock(&board).sample(Duration::from_secs(secs));
    }
    assert_eq!(lock(&board).rate(), 0);
}

#[test]
fn a_partition_that_changes_hands_is_counted_once() {
    let maps = fixture::maps();
    let board = Board::new(&maps);
    let mut here = BoardObserver::new(&board, 0);
    let mut there = BoardObserver::new(&board, 1);
    Worker::new(&maps, 4).read(&mut here, &day());
    let before = lock(&board).tally();
    Worker::new(&maps, 4).read(&mut there, &day());
    here.assigned(&[]);
    assert_eq!(lock(&board).tally(), before);
    there.assigned(&[]);
    assert_eq!(lock(&board).tally().records, 0);
}
