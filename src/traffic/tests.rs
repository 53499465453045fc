//! The shop as a whole.
