//! What holds for the output of every command, whatever came from outside.

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::run::Ran;

pub(crate) const FORMATS: [&str; 4] = ["human", "json", "markdown", "github"];

/// What anstyle writes for the colors of gatectl, of its command line and of its traces. `NASTY` has others.
const COLOURS: [&str; 14] = ["0", "1", "2", "3", "4", "31", "32", "33", "34", "36", "91", "92", "94", "96"];

/// The text without the colors that gatectl itself makes.
fn uncolored(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once('m') {
            Some((code, rest)) if COLOURS.contains(&code) => plain.push_str(rest),
            _ => plain.push_str(&format!("\u{1b}[{piece}")),
        }
    }
    plain
}

/// What holds for both streams, for any command. [`Ran`] holds that no secret is in them.
pub(crate) fn is_harmless(ran: &Ran, format: &str, about: &str) {
    let about = format!("{} {about}", ran.args);
    for (stream, text) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        let text = if ran.args.contains("--color always") { uncolored(text) } else { text.clone() };
        // A record of CSV ends so.
        let text = if ran.args.contains("--csv") { text.replace("\r\n", "\n") } else { text };
        let odd = |c: char| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        };
        // Data is whole.
        assert!((format == "json" && stream == "stdout") || text.len() < 400_000, "{about}: {stream} is {} bytes long", text.len());
        assert_eq!(text.chars().find(|c| odd(*c)), None, "{about}: {stream}: {text}");
        for line in text.lines().map(str::trim_start) {
            let ours = format == "github"
                && stream == "stdout"
                && ["::error ", "::warning ", "::notice "].iter().any(|ours| line.starts_with(ours));
            assert!(ours || !line.starts_with("::"), "{about}: {stream} commands the runner: {line}");
            assert!(!line.contains("##["), "{about}: {stream} commands the runner: {line}");
        }
    }
}

/// Nothing from outside is a link, an image or HTML.
pub(crate) fn is_only_text(markdown: &str, about: &str) {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_GFM;
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                assert!(dest_url.starts_with("https://github.com/acme/shop"), "{about}: {dest_url}");
            }
            Event::Start(Tag::Image { dest_url, .. }) => panic!("{about}: {dest_url}"),
            Event::Html(html) | Event::InlineHtml(html) => {
                let html = html.to_lowercase();
                assert!(!["<img", "<script", "javascript", "evil"].iter().any(|bad| html.contains(bad)), "{about}: {html}");
            }
            _ => {}
        }
    }
}
