//! The page around a document: its head, its policy, its foot.

use super::write;
use crate::chart::escaped;
use crate::report::document::Document;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The style of charts first: it defines the colours.
const STYLE: &str = concat!(include_str!("chart.css"), include_str!("style.css"));
const SCRIPT: &str = include_str!("script.js");

/// A document as a page.
#[derive(Debug, Clone, Copy)]
pub struct HtmlPage<'a> {
    /// The title, as the browser shows it.
    pub title: &'a str,
    /// What the page says; its first heading is of level 1.
    pub document: &'a Document,
}

/// The page, as the text of one file.
pub fn page(page: &HtmlPage<'_>) -> String {
    let title = escaped(page.title);
    let version = env!("CARGO_PKG_VERSION");
    let policy = policy();
    let (head, body) = write::parts(page.document);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the content</a>\n\
         <header>\n{head}</header>\n<main id=\"content\">\n{body}</main>\n\
         <footer>made by mqscript {version}</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

/// Nothing is loaded from anywhere; only this style and this script count.
fn policy() -> String {
    let [style, script] = [STYLE, SCRIPT].map(|text| STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'"
    )
}
