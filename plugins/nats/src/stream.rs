//! The stream that keeps the messages, and the consumers that read it. Both are made before the run and removed after
//! it.

use crate::failure;
use crate::inlets::Inlet;
use crate::members::PART;
use crate::names::Names;
use crate::options::{Settings, StreamChoice};
use crate::terms::{RunTerms, Waits};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{Context, ErrorCode};
use futures_util::{StreamExt, TryStreamExt, stream};
use mqscript_plugin::live::whole_chain;
use mqscript_plugin::prelude::*;
use serde_json::Value;
use std::error::Error as StdError;
use std::time::Duration;

/// The number of consumers that are made at the same time.
const AT_A_TIME: usize = 32;
/// The server removes a consumer that is not used for this long, in case this program cannot.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);
/// The most copies of one consumer that are handed out and not acknowledged.
const ACK_PENDING_MAX: i64 = 10_000;

/// The most requests for copies that the server keeps for a consumer unless told otherwise.
const WAITING_MAX: i64 = 512;

/// What kind of stream the run uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamKind {
    /// Whether stored messages survive a restart of the server.
    pub is_durable: bool,
    /// Whether it forgets a message when that is acknowledged, and so has one consumer at most for each subject.
    pub is_work_queue: bool,
}

/// Returns what kind of stream the run uses. Fails if an existing stream is missing, has other subjects, or confirms
/// nothing.
pub async fn check(context: &Context, names: &Names, settings: &Settings) -> Result<StreamKind, Error> {
    // Read as untyped JSON, because servers of different versions report an account differently.
    match context.request::<_, (), Value>("INFO", &()).await {
        Err(error) => return Err(failure::no_jetstream(&whole_chain(&error), settings)),
        Ok(answer) if answer.get("error").is_some() => {
            let reason = answer["error"]["description"].as_str().unwrap_or("it does not say why");
            return Err(failure::no_jetstream(reason, settings));
        }
        Ok(_) => {}
    }
    let name = match &settings.stream {
        StreamChoice::Own(own) => {
            return Ok(StreamKind { is_durable: !own.in_memory, is_work_queue: false });
        }
        StreamChoice::Existing(name) => name,
    };
    let stream = context.get_stream(name).await.map_err(|error| {
        let reason = settings.credentials.hide(&whole_chain(&error));
        Error::config(format!(
            "`stream`: the server at {} has none of the name {name} ({reason}); leave `stream` out, and the run \
             makes its own",
            settings.url
        ))
    })?;
    let config = &stream.cached_info().config;
    let subjects = names.subjects();
    if !config.subjects.iter().any(|pattern| covers(pattern, &subjects)) {
        return Err(Error::config(format!(
            "`stream`: {name} takes {}, not {subjects}; name by `subject` what its subjects begin with",
            config.subjects.join(", ")
        )));
    }
    if config.no_ack {
        return Err(Error::config(format!(
            "`stream`: {name} confirms no message (it has no_ack); use a stream without no_ack, leave `stream` out, or \
             choose `mode: \"core\"`"
        )));
    }
    Ok(StreamKind {
        is_durable: config.storage == StorageType::File,
        is_work_queue: config.retention == RetentionPolicy::WorkQueue,
    })
}

/// Whether `pattern` matches everything that `subjects` matches; `subjects` is a pattern that ends with `.>`.
fn covers(pattern: &str, subjects: &str) -> bool {
    let mut words = subjects.split('.');
    for word in pattern.split('.') {
        match (word, words.next()) {
            (">", Some(_)) => return true,
            (_, None | Some(">")) => return false,
            ("*", Some(_)) => {}
            (word, Some(other)) if word == other => {}
            _ => return false,
        }
    }
    false
}

/// Makes the stream, unless it exists already.
pub async fn make(context: &Context, names: &Names, settings: &Settings) -> Result<(), Error> {
    let StreamChoice::Own(own) = &settings.stream else { return Ok(()) };
    let config = Config {
        name: names.stream().to_owned(),
        subjects: vec![names.subjects()],
        description: Some("a run of mqscript".to_owned()),
        storage: if own.in_memory { StorageType::Memory } else { StorageType::File },
        num_replicas: own.replicas,
        max_messages: own.max_messages.unwrap_or(-1),
        max_bytes: own.max_bytes.unwrap_or(-1),
        // A full stream refuses new messages and keeps those that it has.
        discard: DiscardPolicy::New,
        ..Config::default()
    };
    context.create_stream(config).await.map_err(|error| {
        let doing = format!("making the stream {} for {}", names.stream(), names.subjects());
        failure::of_jetstream(&error, &doing, settings)
    })?;
    Ok(())
}

/// Makes the consumers, in their order.
pub async fn make_consumers(
    context: &Context,
    names: &Names,
    settings: &Settings,
    inlets: Vec<Inlet>,
    terms: Option<&RunTerms>,
    kind: StreamKind,
) -> Result<Vec<(Inlet, PullConsumer)>, Error> {
    let deliver_policy = match settings.stream {
        StreamChoice::Existing(_) if !kind.is_work_queue => DeliverPolicy::New,
        // What lies in a work queue is for whoever reads it; the server allows nothing else.
        _ => DeliverPolicy::All,
    };
    let make = |inlet: Inlet| async move {
        let config = pull::Config { deliver_policy, ..config_of(&inlet, terms, settings) };
        let made = context.create_consumer_on_stream(config, names.stream()).await;
        let made = made.map_err(|error| {
            let doing = format!("making the consumer {} of {}", inlet.name, names.stream());
            failure::of_jetstream(&error, &doing, settings)
        })?;
        Ok((inlet, made))
    };
    stream::iter(inlets).map(make).buffered(AT_A_TIME).try_collect().await
}

fn config_of(inlet: &Inlet, terms: Option<&RunTerms>, settings: &Settings) -> pull::Config {
    let plain = pull::Config {
        durable_name: Some(inlet.name.clone()),
        filter_subject: inlet.subject.to_string(),
        ack_policy: AckPolicy::Explicit,
        ack_wait: settings.ack_wait,
        max_ack_pending: ACK_PENDING_MAX,
        inactive_threshold: FORGOTTEN_AFTER,
        ..pull::Config::default()
    };
    let Some(terms) = terms.map(|terms| terms.of_agent(inlet.agents.start)) else { return plain };
    let (Waits { ack_wait, backoff, max_deliver }, agents) = (terms.waits(), inlet.agents.len() as i64);
    pull::Config {
        ack_wait,
        backoff,
        max_deliver,
        // Each agent keeps its own bound. Copies that wait for their delay count here, too.
        max_ack_pending: ACK_PENDING_MAX.max(agents * i64::from(terms.prefetch)),
        max_waiting: WAITING_MAX.max(agents * i64::from(PART + 1)),
        ..plain
    }
}

/// Removes what was made for the run. Something that is already removed is no failure.
pub async fn remove(
    context: &Context,
    names: &Names,
    settings: &Settings,
    inlets: &[Inlet],
) -> Result<(), Error> {
    let receive = names.run().receive();
    let failed = |error: &dyn StdError, what: &str| {
        let error =
            failure::of_jetstream(error, &format!("removing the {what} of {}", names.stream()), settings);
        Err(error)
    };
    match &settings.stream {
        StreamChoice::Own(own) if own.keep && !receive => return Ok(()),
        StreamChoice::Own(own) if !own.keep => {
            return match context.delete_stream(names.stream()).await {
                Err(error) if !is_gone(&error) => failed(&error, "stream"),
                _ => Ok(()),
            };
        }
        _ if !receive => return Ok(()),
        _ => {}
    }
    for inlet in inlets {
        match context.delete_consumer_from_stream(&inlet.name, names.stream()).await {
            Err(error) if !is_gone(&error) => return failed(&error, "consumers"),
            _ => {}
        }
    }
    Ok(())
}

/// Whether the server says that the thing does not exist.
fn is_gone(error: &dyn StdError) -> bool {
    let text = whole_chain(error);
    let codes = [ErrorCode::STREAM_NOT_FOUND, ErrorCode::CONSUMER_NOT_FOUND];
    codes.iter().any(|code| text.contains(&format!("error code {}", code.0))) || text.contains("not found")
}

/// The number of messages in the stream; `None` if the server does not say.
pub async fn count(context: &Context, names: &Names) -> Option<u64> {
    let stream = context.get_stream(names.stream()).await.ok()?;
    Some(stream.cached_info().state.messages)
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_stream_must_take_all_subjects_of_the_run() {
        for pattern in [">", "orders.>", "orders.test.>", "*.test.>", "orders.*.>"] {
            assert!(covers(pattern, "orders.test.>"), "{pattern}");
        }
        for pattern in ["orders", "orders.test", "orders.*", "orders.test.*", "other.>", "orders.test.to.>"] {
            assert!(!covers(pattern, "orders.test.>"), "{pattern}");
        }
    }
}
