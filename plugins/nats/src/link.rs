//! The connection to the server: made here, watched, and made again by the client after a loss.

use crate::exchange::Wire;
use crate::failure;
use crate::options::Settings;
use async_nats::{Client, ConnectOptions, Event};
use mqscript_plugin::live::Exchange;
use mqscript_plugin::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The time between two pings. A server that leaves two of them without an answer is lost.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// The most copies of one subscription that wait in the client, which drops more.
const SUBSCRIPTION_CAPACITY: usize = 1 << 16;
/// The longest pause between two attempts to connect again.
const RECONNECT_MAX: Duration = Duration::from_secs(1);

/// The number of times that the connection was lost so far.
pub type Losses = watch::Receiver<u64>;

/// Reports events of the connection to the host.
#[derive(Debug)]
struct Teller {
    host: Host,
    exchange: Arc<Exchange<Wire>>,
    losses: watch::Sender<u64>,
    url: String,
    disconnected: u32,
    connected: u32,
    outage: u32,
    outage_end: u32,
    slow_consumer: u32,
    not_permitted: u32,
    server_error: u32,
}

/// Connects to the server. From then on, every loss of the connection is reported.
pub async fn connect(
    settings: &Settings,
    name: String,
    host: &Host,
    exchange: &Arc<Exchange<Wire>>,
) -> Result<(Client, Losses), Error> {
    let (losses, watched) = watch::channel(0);
    let teller = Arc::new(Teller {
        host: host.clone(),
        exchange: Arc::clone(exchange),
        losses,
        url: settings.url.clone(),
        disconnected: host.intern("nats_disconnected"),
        connected: host.intern("nats_connected"),
        outage: host.intern("outage"),
        outage_end: host.intern("outage_end"),
        slow_consumer: host.intern("nats_slow_consumer"),
        not_permitted: host.intern("nats_not_permitted"),
        server_error: host.intern("nats_server_error"),
    });
    let mut options = ConnectOptions::new()
        .name(name)
        .connection_timeout(settings.connect_timeout)
        .request_timeout(Some(settings.connect_timeout))
        .ping_interval(PING_INTERVAL)
        .subscription_capacity(SUBSCRIPTION_CAPACITY)
        .client_capacity(2 * settings.window + 1024)
        .skip_subject_validation(true)
        .reconnect_delay_callback(|attempts| {
            Duration::from_millis(10 << attempts.clamp(1, 10)).min(RECONNECT_MAX)
        })
        .event_callback(move |event| {
            teller.tell(event);
            std::future::ready(())
        });
    if let Some(tls) = &settings.tls {
        options = options.require_tls(tls.required);
        if tls.first {
            options = options.tls_first();
        }
        if let Some(authorities) = &tls.authorities {
            options = options.add_root_certificates(authorities.clone());
        }
        if let Some((certificate, key)) = &tls.identity {
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
    }
    let options = settings.credentials.add_to(options)?;
    let addresses: Vec<&str> = settings.url.split(',').map(str::trim).collect();
    let client = options.connect(addresses).await;
    let client = client.map_err(|error| failure::of_connecting(&error, settings))?;
    exchange.lock().medium.connected = true;
    Ok((client, watched))
}

impl Teller {
    fn tell(&self, event: Event) {
        let at_ns = self.host.now_ns();
        let outage = format!("no connection to {}", self.url);
        match event {
            Event::Disconnected => {
                let was = std::mem::replace(&mut self.exchange.lock().medium.connected, false);
                self.losses.send_modify(|losses| *losses += 1);
                if was {
                    self.host.event(self.disconnected, at_ns, &self.url);
                    self.host.event(self.outage, at_ns, &outage);
                }
            }
            Event::Connected if *self.losses.borrow() > 0 => {
                let mut state = self.exchange.lock();
                state.medium.tally.reconnects += 1;
                let was = std::mem::replace(&mut state.medium.connected, true);
                let bells = Arc::clone(&state.medium.bells);
                drop(state);
                if !was {
                    self.host.event(self.connected, at_ns, &self.url);
                    self.host.event(self.outage_end, at_ns, &outage);
                }
                bells.to_publisher.notify_one();
                self.host.wake();
            }
            Event::SlowConsumer(_) => {
                self.exchange.lock().medium.tally.dropped += 1;
                self.host.event(self.slow_consumer, at_ns, "the client drops copies that wait too long");
            }
            Event::ServerError(error) => {
                let text = error.to_string().trim_start_matches("nats: ").to_owned();
                let kind = if is_about_permission(&text) { self.not_permitted } else { self.server_error };
                self.host.event(kind, at_ns, &text);
                self.exchange.lock().medium.complain(text);
            }
            _ => {}
        }
    }
}

/// Whether the server says that the user has no permission.
pub fn is_about_permission(text: &str) -> bool {
    text.to_ascii_lowercase().starts_with("permissions violation")
}
