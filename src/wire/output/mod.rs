//! The records that leave.
