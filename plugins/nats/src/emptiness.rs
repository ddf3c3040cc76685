//! Asks the server, when the load has ended, whether the stream holds more for the agents.

use crate::exchange::{Wire, is_at_rest};
use async_nats::jetstream::consumer::PullConsumer;
use mqscript_plugin::live::Exchange;
use mqscript_plugin::prelude::*;
use std::sync::Arc;
use std::time::Duration;

/// The time between two questions to the server.
const ASKED_EVERY: Duration = Duration::from_millis(50);

/// Tells the session, from the end of the load on, whenever every copy of every consumer is acknowledged.
pub async fn watch(exchange: Arc<Exchange<Wire>>, host: Host, mut consumers: Vec<PullConsumer>) {
    let bells = Arc::clone(&exchange.lock().medium.bells);
    bells.load_ended.notified().await;
    loop {
        tokio::time::sleep(ASKED_EVERY).await;
        let before = {
            let state = exchange.lock();
            (is_at_rest(&state) && !state.medium.is_empty).then_some(state.medium.accepted)
        };
        let Some(accepted) = before else { continue };
        if !are_empty(&mut consumers).await {
            continue;
        }
        let mut state = exchange.lock();
        if is_at_rest(&state) && state.medium.accepted == accepted {
            state.medium.is_empty = true;
            drop(state);
            host.wake();
        }
    }
}

/// Whether no consumer has copies that wait or that are not acknowledged. A consumer that cannot be asked counts as one
/// that may have some.
async fn are_empty(consumers: &mut [PullConsumer]) -> bool {
    for consumer in consumers {
        match consumer.info().await {
            Ok(info) if info.num_pending == 0 && info.num_ack_pending == 0 => {}
            _ => return false,
        }
    }
    true
}
