//! The contract of the runtime's ports, for whoever implements them.
//!
//! An implementation shows itself as a [`World`] and is held to every law by
//! `contract::laws!(ItsWorld);`.

pub(crate) mod group;
pub(crate) mod input;
pub(crate) mod member;
pub(crate) mod output;

use wayfarer::domain::EventTime;
use wayfarer::runtime::{InputLog, OutputLog, OutputTopic, Source};

/// A log with one input topic, one consumer group and a topic for every output.
pub(crate) trait World {
    /// The input log under test.
    type Input: InputLog;
    /// The output log under test.
    type Output: OutputLog;
    /// A transaction of some other program that writes the input.
    type Foreign: Foreign;

    /// A world of its own: the input has so many partitions and is empty.
    fn new(partitions: u32) -> Self;
    /// A new member of the group.
    fn join(&self) -> Self::Input;
    /// A producer of the outputs.
    fn open(&self) -> Self::Output;
    /// Some other program writes the input; returns when the records are kept.
    fn append(&self, partition: u32, records: &[Entry]);
    /// Some other program writes the input in a transaction that it has not decided yet.
    fn append_undecided(&self, partition: u32, records: &[Entry]) -> Self::Foreign;
    /// The offset that the group has stored for a partition.
    fn committed(&self, partition: u32) -> Option<u64>;
    /// What a reader of committed records finds in an output topic, partition by partition.
    fn read_back(&self, topic: OutputTopic) -> Vec<Vec<Entry>>;
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
            offsets_are_committed_by_the_owner_only
            an_owner_of_nothing_is_a_member_all_the_same
        );
        $crate::contract::laws!($world: output:
            what_was_flushed_can_be_read_back_as_it_was_sent
            keys_choose_partitions_as_java_clients_do
            records_of_one_key_keep_their_order
            a_flush_of_nothing_is_done_at_once
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
