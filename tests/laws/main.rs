//! The laws of time and order, judged by a reference program that knows neither disorder nor state.

mod episodes;
mod reference;
