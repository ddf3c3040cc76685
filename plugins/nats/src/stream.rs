//! The stream that keeps the messages, and the consumers that read it. Both are made before the run and removed after
//! it.

use crate::failure;
use crate::names::Names;
use crate::options::{Settings, StreamChoice};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::{Config, DiscardPolicy, StorageType};
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

/// Returns whether stored messages survive a restart of the server. Fails if an existing stream is missing or has other
/// subjects.
pub async fn check(context: &Context, names: &Names, settings: &Settings) -> Result<bool, Error> {
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
        StreamChoice::Own(own) => return Ok(!own.in_memory),
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
    Ok(config.storage == StorageType::File)
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

/// Makes two consumers for each agent: one for its own messages and one for those to all.
pub async fn make_consumers(
    context: &Context,
    names: &Names,
    settings: &Settings,
) -> Result<Vec<(u32, PullConsumer)>, Error> {
    let all = (0..names.run().agents()).flat_map(|agent| {
        names.consumers_of(agent).into_iter().zip(names.subjects_of(agent)).map(move |of| (agent, of))
    });
    let deliver_policy = match settings.stream {
        StreamChoice::Own(_) => DeliverPolicy::All,
        StreamChoice::Existing(_) => DeliverPolicy::New,
    };
    let make = |(agent, (name, subject)): (u32, (String, async_nats::Subject))| async move {
        let config = pull::Config {
            durable_name: Some(name.clone()),
            filter_subject: subject.into_string(),
            ack_policy: AckPolicy::Explicit,
            ack_wait: settings.ack_wait,
            max_ack_pending: ACK_PENDING_MAX,
            inactive_threshold: FORGOTTEN_AFTER,
            deliver_policy,
            ..pull::Config::default()
        };
        let made = context.create_consumer_on_stream(config, names.stream()).await;
        let made = made.map_err(|error| {
            failure::of_jetstream(
                &error,
                &format!("making the consumer {name} of {}", names.stream()),
                settings,
            )
        })?;
        Ok((agent, made))
    };
    stream::iter(all).map(make).buffered(AT_A_TIME).try_collect().await
}

/// Removes what was made for the run. Something that is already removed is no failure.
pub async fn remove(
    context: &Context,
    names: &Names,
    settings: &Settings,
    receive: bool,
) -> Result<(), Error> {
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
    for consumer in (0..names.run().agents()).flat_map(|agent| names.consumers_of(agent)) {
        match context.delete_consumer_from_stream(consumer, names.stream()).await {
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
