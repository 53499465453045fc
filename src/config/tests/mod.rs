//! Whole configs and maps, right and wrong.
