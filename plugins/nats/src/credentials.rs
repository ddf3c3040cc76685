//! Logs in to the server, and keeps the secrets out of every text.

use crate::options::text;
use async_nats::ConnectOptions;
use mqscript_plugin::prelude::*;
use std::fmt;

/// The text that stands for a secret.
const HIDDEN: &str = "***";

/// The way to log in.
#[derive(Clone, Default)]
pub struct Credentials {
    way: Way,
    /// The values that must not be printed.
    secrets: Vec<String>,
}

#[derive(Clone, Default)]
enum Way {
    #[default]
    None,
    Password {
        user: String,
        password: String,
    },
    Token(String),
    Nkey(String),
    File {
        path: String,
        text: String,
    },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Credentials").field(&self.name()).finish()
    }
}

impl Credentials {
    /// Reads the credentials from the options. An error if there is more than one kind, or a file cannot be read.
    pub fn read(options: &Options) -> Result<Credentials, Error> {
        let kinds = ["user", "token", "nkey", "credentials"];
        let mut given = kinds.into_iter().filter(|key| options.contains_key(*key));
        let (first, second) = (given.next(), given.next());
        if let (Some(first), Some(second)) = (first, second) {
            return Err(Error::config(format!(
                "`{first}` and `{second}` are two ways to log in; leave out one of them"
            )));
        }
        let value = |key: &str| text(options, key).unwrap_or_default().to_owned();
        if first != Some("user") && options.contains_key("password") {
            return Err(Error::config("`password` is there without `user`; say whose it is"));
        }
        let way = match first {
            Some("user") if !options.contains_key("password") => {
                return Err(Error::config(
                    "`user` is there without `password`; write `password: \"${VARIABLE}\"`",
                ));
            }
            Some("user") => Way::Password { user: value("user"), password: value("password") },
            Some("token") => Way::Token(value("token")),
            Some("nkey") => Way::Nkey(value("nkey")),
            Some(_) => {
                let path = value("credentials");
                let text = std::fs::read_to_string(&path).map_err(|error| {
                    Error::config(format!("`credentials`: {path} cannot be read: {error}"))
                })?;
                Way::File { path, text }
            }
            None => Way::None,
        };
        let secrets = match &way {
            Way::Password { password, .. } => vec![password.clone()],
            Way::Token(secret) | Way::Nkey(secret) => vec![secret.clone()],
            Way::File { text, .. } => text.lines().map(|line| line.trim().to_owned()).collect(),
            Way::None => Vec::new(),
        };
        let secrets = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
        Ok(Credentials { way, secrets })
    }

    /// Adds the credentials to the options of a connection.
    pub fn add_to(&self, options: ConnectOptions) -> Result<ConnectOptions, Error> {
        Ok(match &self.way {
            Way::None => options,
            Way::Password { user, password } => options.user_and_password(user.clone(), password.clone()),
            Way::Token(token) => options.token(token.clone()),
            Way::Nkey(seed) => options.nkey(seed.clone()),
            Way::File { path, text } => options.credentials(text).map_err(|_| {
                Error::config(format!(
                    "`credentials`: {path} is no file of credentials; it holds a user's JWT and seed between \
                     lines of dashes, as `nsc` writes them"
                ))
            })?,
        })
    }

    /// The kind of the credentials in words, never their values.
    pub fn name(&self) -> String {
        match &self.way {
            Way::None => "no credentials".to_owned(),
            Way::Password { user, .. } => format!("user `{user}` and a password"),
            Way::Token(_) => "a token".to_owned(),
            Way::Nkey(_) => "an nkey".to_owned(),
            Way::File { path, .. } => format!("the credentials in {path}"),
        }
    }

    /// The text with all secrets replaced.
    pub fn hide(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN))
    }
}
