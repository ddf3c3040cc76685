//! A look into a server past the core, through the client library.

use async_nats::jetstream::consumer::{self, PullConsumer};
use async_nats::jetstream::stream::Config;
use async_nats::jetstream::{self, Context};
use async_nats::{Client, HeaderMap};
use std::future::Future;
use support::nats::server::Server;
use tokio::runtime::{Builder, Runtime};

/// A connection of the test's own.
pub struct Direct {
    runtime: Runtime,
    pub client: Client,
    pub context: Context,
}

/// A message as the stream holds it.
#[derive(Debug)]
pub struct Held {
    pub subject: String,
    pub headers: HeaderMap,
    pub content: Vec<u8>,
}

impl Held {
    /// A header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.as_str())
    }
}

impl Direct {
    pub fn on(server: &Server) -> Direct {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = runtime.block_on(async_nats::connect(server.url())).unwrap();
        let context = runtime.block_on(async { jetstream::new(client.clone()) });
        Direct { runtime, client, context }
    }

    pub fn wait_for<T>(&self, job: impl Future<Output = T>) -> T {
        self.runtime.block_on(job)
    }

    /// All that a stream holds, in its order.
    pub fn held(&self, stream: &str) -> Vec<Held> {
        self.wait_for(async {
            let stream = self.context.get_stream(stream).await.unwrap();
            let state = &stream.cached_info().state;
            let mut held = Vec::new();
            for sequence in state.first_sequence..=state.last_sequence {
                let message = stream.get_raw_message(sequence).await.unwrap();
                held.push(Held {
                    subject: message.subject.to_string(),
                    headers: message.headers,
                    content: message.payload.to_vec(),
                });
            }
            held
        })
    }

    /// The number of messages that a stream holds.
    pub fn count(&self, stream: &str) -> u64 {
        self.wait_for(async { self.context.get_stream(stream).await.unwrap().cached_info().state.messages })
    }

    /// The names of all streams.
    pub fn streams(&self) -> Vec<String> {
        use futures_util::TryStreamExt;
        self.wait_for(self.context.stream_names().try_collect()).unwrap()
    }

    /// The number of a stream's consumers.
    pub fn consumers(&self, stream: &str) -> usize {
        self.wait_for(async {
            self.context.get_stream(stream).await.unwrap().cached_info().state.consumer_count
        })
    }

    /// What the server says of a consumer.
    pub fn consumer(&self, stream: &str, name: &str) -> consumer::Info {
        self.wait_for(async {
            let stream = self.context.get_stream(stream).await.unwrap();
            let mut consumer: PullConsumer = stream.get_consumer(name).await.unwrap();
            consumer.info().await.unwrap().clone()
        })
    }

    /// Makes a stream for these subjects.
    pub fn make(&self, name: &str, subjects: &str) {
        self.make_as(name, subjects, Config::default());
    }

    /// Makes a stream for these subjects, otherwise as `config` says.
    pub fn make_as(&self, name: &str, subjects: &str, config: Config) {
        let config = Config { name: name.to_owned(), subjects: vec![subjects.to_owned()], ..config };
        self.wait_for(self.context.create_stream(config)).unwrap();
    }
}
