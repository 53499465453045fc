//! The ports on a real Kafka: the contract, and what only a real broker can do.

mod faults;
mod operator;
mod producer;
mod uncertain;
mod world;

pub(crate) use operator::Onlooker;
pub(crate) use world::{KafkaWorld, fresh_name};

crate::contract::laws!(crate::on_kafka::world::KafkaWorld);
crate::contract::laws!(transactions of crate::on_kafka::world::KafkaWorld);
