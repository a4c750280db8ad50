//! One self-contained HTML page: no request to the outside, readable without its script, on a phone, in print, dark and light.
//!
//! Owns the frame of a page: its Content-Security-Policy, style sheet and script. Text is escaped by the template library; nothing from
//! outside goes through [`PreEscaped`]. Must not know what a page shows. Tested by `tests/render/html.rs`.

use base64::Engine as _;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use ring::digest::{SHA256, digest};

/// Light and dark by the reader's setting; one column on a phone; no interaction in print.
const STYLE: &str = include_str!("page.css");
/// Filters rows by a button and sorts columns by a click; without it, everything is shown in the given order.
const SCRIPT: &str = include_str!("page.js");

/// The SHA-256 of a text, as 64 hexadecimal digits.
pub fn sha256(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn source(text: &str) -> String {
    format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(digest(&SHA256, text.as_bytes())))
}

/// A whole page. `title` is plain text; `body` comes from templates.
pub fn page(title: &str, body: &Markup) -> String {
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        source(STYLE),
        source(SCRIPT)
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (body) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string() + "\n"
}

/// Buttons that show all rows, or only those of one kind; each kind with its number.
pub fn filter<'k>(what: &str, all: usize, kinds: impl IntoIterator<Item = (&'k str, usize)>) -> Markup {
    html! {
        div.filter data-filter="main" role="group" aria-label=(what) {
            button type="button" data-show="" aria-pressed="true" { "all " (all) }
            @for (kind, number) in kinds {
                button type="button" data-show=(kind) aria-pressed="false" { (kind) " " (number) }
            }
        }
    }
}

/// A link to another page, if the address is one that a browser may open; else its text.
pub fn link(address: &str, text: &str) -> Markup {
    if address.starts_with("https://") || address.starts_with("http://") {
        html! { a href=(address) rel="noreferrer" { (super::escape::visible(text)) } }
    } else {
        html! { (super::escape::visible(text)) }
    }
}

/// A text from outside, with characters that cannot be seen or that change the direction of writing made visible.
pub fn text(text: &str) -> Markup {
    html! { (super::escape::visible(text)) }
}
