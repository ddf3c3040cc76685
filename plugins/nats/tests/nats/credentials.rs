//! Logging in, and keeping what one logs in with out of every text.

use mqscript::cores::*;
use nkeys::KeyPair;
use rcgen::{CertificateParams, Issuer, KeyPair as TlsKey};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use support::chain;
use support::nats::server::Server;
use support::nats::{on, open, told};
use support::queue::{config, parcel};

const SECRET: &str = "tiger-in-the-tank";

/// The core lets a message through under these options.
#[track_caller]
fn works(options: Value) {
    let mut queue = open(options, config(7, true)).unwrap();
    queue.publish(&[parcel(0, 1, 1)]);
    queue.until(|queue| queue.copies.len() == 1);
    assert_eq!(told(&queue), [(abi::DELIVERED, String::new(), 1)]);
    let stats = queue.close().to_string();
    assert!(!stats.contains(SECRET), "{stats}");
}

/// Why the core is not let in; never with a secret in it.
#[track_caller]
fn refused(options: Value, status: &str, parts: &[&str]) {
    let error = open(options, config(7, true)).err().expect("an error");
    let text = error.to_string();
    for part in parts.iter().chain([&status]) {
        assert!(text.contains(part), "{part}: {text}");
    }
    for secret in [SECRET, "wrong-one"] {
        assert!(!format!("{text} {error:?}").contains(secret), "{text}");
    }
}

#[test]
fn user_and_password() {
    let config = format!("authorization {{ user: me, password: \"{SECRET}\" }}\njetstream: enabled");
    let Some(server) = Server::configured(&config, &[]) else { return };
    works(on(&server, json!({ "user": "me", "password": SECRET })));
    let url = server.url();
    refused(
        on(&server, json!({ "user": "me", "password": "wrong-one" })),
        "AUTH",
        &[&url, "user `me`", "`token`"],
    );
    refused(on(&server, json!({})), "AUTH", &[&url, "no credentials"]);
}

#[test]
fn a_token() {
    let config = format!("authorization {{ token: \"{SECRET}\" }}\njetstream: enabled");
    let Some(server) = Server::configured(&config, &[]) else { return };
    works(on(&server, json!({ "token": SECRET })));
    refused(on(&server, json!({ "token": "wrong-one" })), "AUTH", &["a token"]);
}

#[test]
fn an_nkey() {
    let key = KeyPair::new_user();
    let config =
        format!("authorization {{ users: [ {{ nkey: {} }} ] }}\njetstream: enabled", key.public_key());
    let Some(server) = Server::configured(&config, &[]) else { return };
    works(on(&server, json!({ "nkey": key.seed().unwrap() })));
    let other = KeyPair::new_user().seed().unwrap();
    refused(on(&server, json!({ "nkey": other.clone() })), "AUTH", &["an nkey"]);
    let error = open(on(&server, json!({ "nkey": other.clone() })), self::config(7, false)).err().unwrap();
    assert!(!format!("{error} {error:?}").contains(&other), "{error}");
    refused(on(&server, json!({ "nkey": "wrong-one" })), "AUTH", &["an nkey cannot sign", "SU…"]);
}

fn config_of(files: &Tls) -> String {
    let [ca, certificate, key] = [&files.ca, &files.server, &files.server_key].map(|path| path.display());
    format!(
        "jetstream: enabled\ntls {{ ca_file: \"{ca}\", cert_file: \"{certificate}\", key_file: \"{key}\", verify: true }}"
    )
}

/// A JWT of this issuer about this subject.
fn jwt(issuer: &KeyPair, subject: &KeyPair, nats: Value) -> String {
    let encode = |bytes: &[u8]| {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let bit =
            |place: usize| bytes.get(place / 8).map_or(0, |byte| usize::from(byte >> (7 - place % 8) & 1));
        let sextet = |first: usize| (first..first + 6).fold(0, |value, place| value << 1 | bit(place));
        let text: Vec<u8> = (0..bytes.len() * 8).step_by(6).map(|first| ALPHABET[sextet(first)]).collect();
        String::from_utf8(text).unwrap()
    };
    let head = encode(br#"{"typ":"JWT","alg":"ed25519-nkey"}"#);
    let claims = json!({
        "jti": "TEST", "iat": 1, "iss": issuer.public_key(), "sub": subject.public_key(), "name": "test", "nats": nats
    });
    let body = format!("{head}.{}", encode(claims.to_string().as_bytes()));
    format!("{body}.{}", encode(&issuer.sign(body.as_bytes()).unwrap()))
}

#[test]
fn a_file_of_credentials() {
    let [operator, user] = [KeyPair::new_operator(), KeyPair::new_user()];
    let [account, system] = [KeyPair::new_account(), KeyPair::new_account()];
    let any = json!({});
    let limits = json!({
        "subs": -1, "conn": -1, "leaf": -1, "imports": -1, "exports": -1, "data": -1, "payload": -1,
        "wildcards": true, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1
    });
    let operator_jwt = jwt(&operator, &operator, json!({ "type": "operator", "version": 2 }));
    let of_account = |limits: Value| {
        let permissions = json!({ "pub": any, "sub": any });
        json!({ "type": "account", "version": 2, "limits": limits, "default_permissions": permissions })
    };
    let mut of_system = limits.clone();
    for limit in ["mem_storage", "disk_storage", "streams", "consumer"] {
        of_system[limit] = 0.into();
    }
    let account_jwt = jwt(&operator, &account, of_account(limits));
    let system_jwt = jwt(&operator, &system, of_account(of_system));
    let user_jwt = jwt(
        &account,
        &user,
        json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1, "pub": any, "sub": any }),
    );
    let config = format!(
        "operator: {operator_jwt}\nsystem_account: {system}\nresolver: MEMORY\n\
         resolver_preload: {{ {account}: {account_jwt}, {system}: {system_jwt} }}\njetstream: enabled",
        account = account.public_key(),
        system = system.public_key()
    );
    let Some(server) = Server::configured(&config, &[]) else { return };
    let file = server.folder().join("user.creds");
    let seed = user.seed().unwrap();
    let text = |seed: &str| {
        format!(
            "-----BEGIN NATS USER JWT-----\n{user_jwt}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        )
    };
    fs::write(&file, text(&seed)).unwrap();
    let path = file.to_str().unwrap();
    works(on(&server, json!({ "credentials": path })));
    let other = KeyPair::new_user().seed().unwrap();
    fs::write(&file, text(&other)).unwrap();
    refused(on(&server, json!({ "credentials": path })), "AUTH", &["user.creds"]);
    let error = open(on(&server, json!({ "credentials": path })), self::config(7, false)).err().unwrap();
    let shown = format!("{error} {error:?}");
    assert!([&seed, &other, &user_jwt].into_iter().all(|secret| !shown.contains(secret)), "{shown}");
    fs::write(&file, format!("just {SECRET}\n")).unwrap();
    refused(
        on(&server, json!({ "credentials": path })),
        "refuses its options",
        &["user.creds", "no file of credentials"],
    );
    refused(
        on(&server, json!({ "credentials": "/no/such.creds" })),
        "refuses its options",
        &["/no/such.creds cannot be read"],
    );
}

/// The files of an authority, a server and a client.
struct Tls {
    ca: PathBuf,
    server: PathBuf,
    server_key: PathBuf,
    client: PathBuf,
    client_key: PathBuf,
}

fn tls_files(folder: &Path) -> Tls {
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let key = TlsKey::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca = write("ca.pem", params.self_signed(&key).unwrap().pem());
    let issuer = Issuer::new(params, key);
    let signed = |name: &str, kind| {
        let key = TlsKey::generate().unwrap();
        let mut params =
            CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.extended_key_usages = vec![kind];
        let certificate = params.signed_by(&key, &issuer).unwrap();
        (
            write(&format!("{name}.pem"), certificate.pem()),
            write(&format!("{name}-key.pem"), key.serialize_pem()),
        )
    };
    let (server, server_key) = signed("server", rcgen::ExtendedKeyUsagePurpose::ServerAuth);
    let (client, client_key) = signed("client", rcgen::ExtendedKeyUsagePurpose::ClientAuth);
    Tls { ca, server, server_key, client, client_key }
}

#[test]
fn encrypted_connections() {
    let folder = tempfile::tempdir().unwrap();
    let files = tls_files(folder.path());
    let Some(server) = Server::configured(&config_of(&files), &[]) else { return };
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let whole =
        json!({ "ca": text(&files.ca), "certificate": text(&files.client), "key": text(&files.client_key) });
    works(on(&server, json!({ "tls": whole })));
    // Without the authority, it is not trusted; without a certificate, it does not trust.
    let stranger = json!({ "certificate": text(&files.client), "key": text(&files.client_key) });
    refused(
        on(&server, json!({ "tls": stranger })),
        "CONNECT",
        &["no encrypted connection", "`tls", &server.url()],
    );
    refused(on(&server, json!({ "tls": { "ca": text(&files.ca) } })), "CONNECT", &[&server.url()]);
    drop(server);

    let Some(plain) = Server::start() else { return };
    refused(on(&plain, json!({ "tls": { "ca": text(&files.ca) } })), "CONNECT", &["no encrypted connection"]);
}

#[test]
fn ways_to_log_in_that_contradict_each_other() {
    let cases = [
        (json!({ "user": "me" }), ["`user`", "`password"]),
        (json!({ "password": SECRET }), ["`password`", "`user`"]),
        (json!({ "token": SECRET, "nkey": "wrong-one" }), ["`token`", "`nkey`"]),
        (json!({ "user": "me", "password": SECRET, "token": "wrong-one" }), ["`user`", "`token`"]),
        (json!({ "url": format!("nats://me:{SECRET}@127.0.0.1:4222") }), ["`url`", "would be printed"]),
    ];
    for (options, parts) in cases {
        refused(options, "refuses its options", &parts);
    }
}

#[test]
fn what_is_planned_shows_no_secret() {
    let options = json!({ "password": SECRET, "token": SECRET, "nkey": SECRET, "user": "me" });
    let request = chain::request("nats", options);
    let chain = chain::plan(&[request]).unwrap();
    let shown = serde_json::to_string(&chain.cores[0].options).unwrap();
    assert!(!format!("{shown} {chain:?}").contains(SECRET), "{shown}");
    assert_eq!(shown.matches("\"***\"").count(), 3, "{shown}");
}
