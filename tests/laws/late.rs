//! Late.
