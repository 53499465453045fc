//! How a partition comes by the memory that another owner, or an earlier life, left.

use super::{Partition, stored_armed};
use crate::domain::{EventTime, PaneChanges};
use crate::state::record::Record;
use crate::wire::changelog::{self, Key};
use crate::wire::stored::{self, StoredError};

impl Partition {
    /// Takes a record of the changelog in, while a partition is restored. Customers are copied, not
    /// decoded.
    ///
    /// # Errors
    ///
    /// If the record is not one that a partition writes.
    pub fn load(&mut self, key: Key<'_>, value: Option<&[u8]>) -> Result<(), StoredError> {
        match (key, value) {
            (Key::Customer(id), Some(bytes)) => {
                stored::armed(bytes)?;
                let number = self.store.number(id);
                self.store.put(number, Record::new(id, bytes));
            }
            (Key::Customer(id), None) => self.store.remove(id),
            (Key::Pane(place), value) => {
                let amount = value
                    .map(|bytes| changelog::decode_amount(&place, bytes))
                    .transpose()?;
                self.panes.apply(PaneChanges::from([(place, amount)]));
            }
            (Key::Meta, _) => {}
        }
        Ok(())
    }

    /// Ends a restore: the clock stands where the last transaction left it, and every stored
    /// customer's timer is armed.
    pub fn resume(&mut self, watermark: Option<EventTime>, largest: &[Option<EventTime>]) {
        self.clock.restore(watermark, largest);
        self.committed.clock = self.clock.clone();
        self.arm_all();
    }

    /// Drops the open transaction and builds the timers anew from the store, as a restore does.
    pub fn reopen(&mut self) {
        self.abort();
        self.arm_all();
    }

    fn arm_all(&mut self) {
        self.timers.clear();
        let timers = &mut self.timers;
        self.store.each(|number, _, bytes| {
            if let Some(at) = stored_armed(bytes) {
                timers.arm(at, number);
            }
        });
    }
}
