//! The contract of the runtime's ports, for whoever implements them.
//!
//! An implementation shows itself as a [`World`] and is held to every law by
//! `contract::laws!(ItsWorld);`.

pub(crate) mod group;
pub(crate) mod input;
pub(crate) mod member;
pub(crate) mod output;
pub(crate) mod transactions;

use wayfarer::domain::EventTime;
use wayfarer::runtime::{Change, Changelog, Committer, InputLog, OutputTopic, Source};

/// A log with one input topic, one consumer group and a topic for every output.
pub(crate) trait World {
    /// The input log under test.
    type Input: InputLog;
    /// A transaction of some other program that writes the input.
    type Foreign: Foreign;

    /// A world of its own: the input has so many partitions and is empty.
    fn new(partitions: u32) -> Self;
    /// A new member of the group.
    fn join(&self) -> Self::Input;
    /// Some other program writes the input; returns when the records are kept.
    fn append(&self, partition: u32, records: &[Entry]);
    /// Some other program writes the input in a transaction that it has not decided yet.
    fn append_undecided(&self, partition: u32, records: &[Entry]) -> Self::Foreign;
    /// The offset that the group has stored for a partition.
    fn committed(&self, partition: u32) -> Option<u64>;
    /// What a reader of committed records finds in an output topic, partition by partition.
    fn read_back(&self, topic: OutputTopic) -> Vec<Vec<Entry>>;
}

/// A world whose log has transactions, and a changelog with as many partitions as the input.
pub(crate) trait Transactions: World {
    /// The committer under test.
    type Committer: Committer;
    /// The changelog under test.
    type Changelog: Changelog;

    /// A committer of this name, for a member.
    fn committer(&self, name: &str, input: &Self::Input) -> Self::Committer;
    /// A reader of the changelog.
    fn changelog(&self) -> Self::Changelog;
    /// Some other program writes the changelog in a transaction that it has not decided yet.
    fn change_undecided(&self, changes: &[Change]) -> Self::Foreign;
    /// Some other program stores an offset for the group in a transaction that it has not decided
    /// yet.
    fn store_undecided(&self, partition: u32, next: u64) -> Self::Foreign;
}

/// A transaction that waits for its end.
pub(crate) trait Foreign {
    /// Its records become readable.
    fn commit(self);
    /// Its records never were.
    fn abort(self);
}

/// A record as it stands in a log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Entry {
    /// Its key.
    pub(crate) key: Option<Vec<u8>>,
    /// Its value.
    pub(crate) value: Option<Vec<u8>>,
    /// Its headers.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// Its timestamp; none leaves it to the log.
    pub(crate) timestamp: Option<EventTime>,
}

impl Entry {
    /// A record with nothing but this value.
    pub(crate) fn of(value: &str) -> Self {
        Self {
            value: Some(value.into()),
            ..Self::default()
        }
    }
}

/// Records with the values `from`, `from + 1`, … as text.
pub(crate) fn numbered(range: std::ops::Range<u32>) -> Vec<Entry> {
    range.map(|n| Entry::of(&n.to_string())).collect()
}

/// A partition of the one input.
pub(crate) const fn source(partition: u32) -> Source {
    Source {
        input: 0,
        partition,
    }
}

/// Makes a test of every law of the contract.
macro_rules! laws {
    ($world:ty) => {
        $crate::contract::laws!($world: input:
            records_come_in_offset_order_with_all_they_carry
            nothing_is_read_before_start
            reading_starts_where_it_is_told
            starting_again_goes_back
            a_poll_hands_over_no_more_records_than_its_limit
            a_paused_partition_waits_and_the_others_go_on
            a_probe_tells_the_end_once
            an_empty_partition_is_read_to_its_end
            reading_reaches_the_end_of_a_log_that_ends_in_marks_of_transactions
            an_open_transaction_is_the_end_until_it_is_decided
        );
        $crate::contract::laws!($world: group:
            two_members_share_the_partitions
            a_revoked_partition_goes_to_the_other_only_after_its_release
            a_member_that_leaves_hands_everything_over
            an_owner_of_nothing_is_a_member_all_the_same
        );
    };
    (transactions of $world:ty) => {
        $crate::contract::laws!($world: output:
            what_is_committed_can_be_read_back_as_it_was_written
            keys_choose_partitions_as_java_clients_do
            records_of_one_key_keep_their_order
        );
        $crate::contract::laws!($world: transactions:
            what_is_committed_can_be_read_with_its_offsets_and_notes
            transactions_follow_each_other
            offsets_alone_can_be_committed
            offsets_are_committed_by_the_owner_only
            what_is_aborted_is_never_readable_and_stores_nothing
            a_partition_that_was_released_is_not_ours_to_commit
            nothing_is_committed_for_a_member_that_has_left
            a_second_committer_of_a_name_puts_the_first_out_of_work
            a_decision_of_another_is_waited_for_where_offsets_are_asked_for
            the_changelog_has_its_bounds_and_its_count
            only_what_is_committed_is_read_of_the_changelog
            the_changelog_is_read_from_where_it_is_told
        );
    };
    ($world:ty: $room:ident: $($law:ident)*) => {
        mod $room {
            $(
                #[test]
                fn $law() {
                    $crate::contract::$room::$law::<$world>();
                }
            )*
        }
    };
}
pub(crate) use laws;
