//! The rules of time and order, each with a switch, so that a test can show that a law needs it.

/// One rule that the laws or the simulation rest on. `docs/testing.md` names the test that misses
/// each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// The watermark trails the largest time by the allowance *and* one millisecond.
    OneMillisecondMore,
    /// The watermark rises before each record, not once a batch.
    RecordByRecord,
    /// With several inputs the watermark is the smallest of theirs.
    SmallestInput,
    /// Lateness is judged by the watermark, never by when the customer was last settled.
    LateByWatermark,
    /// A customer is settled up to the watermark before anything else happens to it.
    SettleFirst,
    /// At one instant touchpoints go by the rank of their type.
    RankBreaksTies,
    /// At one instant touchpoints go before deadlines.
    TouchesBeforeDeadlines,
    /// Deadlines of one instant go episodes, sessions, return.
    EpisodesBeforeSessions,
    /// What leaves after a change is what differs in content, not in id.
    DiffByContent,
    /// Retractions leave before what replaces them.
    RetractFirst,
    /// A transition caused by a deadline leaves when the watermark passes it.
    ReturnLeavesAtWatermark,
    /// A timer stands at the earliest settled effect of the live fold.
    WakeFromLiveFold,
    /// An id that is pending is a duplicate.
    PendingIsExact,
    /// Ids behind pending are remembered.
    RingRemembers,
    /// Of one id with two times, both pending, the earlier wins.
    EarlierTimeWins,
    /// An abort puts back the armed time of every customer it drops.
    AbortRearms,
    /// An abort resets the watermark and the largest times seen.
    AbortResetsClock,
    /// An abort drops the open panes.
    AbortDropsPanes,
    /// A settled customer is armed again.
    ArmAgain,
    /// What became of a transaction whose outcome nobody heard is asked for, never guessed.
    UnknownIsAsked,
    /// Every transaction says beside the state where its partitions stand.
    StateNamesItsPlace,
    /// Every transaction stores offsets, also one in which nothing was read.
    OffsetsAlways,
}

/// Which rules hold. Everything but tests uses [`Rules::ALL`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules(u32);

impl Rules {
    /// Every rule holds.
    pub const ALL: Self = Self(u32::MAX);

    /// Every rule but `rule` holds.
    #[must_use]
    pub const fn without(rule: Rule) -> Self {
        Self(!(1 << rule as u32))
    }

    /// Whether `rule` holds.
    pub const fn holds(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u32) != 0
    }
}
