//! The frame of an HTML page: nothing from outside is markup, and nothing is asked of the outside.

use gatectl::render::html::{link, page, sha256, text};
use maud::html;

use gatectl_test_support::NASTY;

#[test]
fn nothing_from_outside_is_markup() {
    for nasty in NASTY {
        let body = html! { p title=(nasty) { (text(nasty)) } (link(nasty, nasty)) };
        let page = page(nasty, &body);
        let inside = page.split("<main>").nth(1).unwrap().split("</main>").next().unwrap();
        let tags: Vec<&str> = inside.split('<').skip(1).filter_map(|tag| tag.split(['>', ' ']).next()).collect();
        assert!(tags.iter().all(|tag| ["p", "/p", "a", "/a"].contains(tag)), "{nasty:?}: {tags:?}");
        assert!(!inside.contains("href=\"javascript:"), "{inside}");
        let shown = inside.replace('\n', "");
        assert!(!shown.split("</p>").next().unwrap().split('>').nth(1).unwrap_or_default().chars().any(char::is_control), "{nasty:?}");
    }
}

#[test]
fn a_page_asks_nothing_of_the_outside_and_its_policy_admits_only_its_own_style_and_script() {
    let page = page("t", &html! { p { "x" } });
    assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"), "{page}");
    for source in ["src=\"http", "@import", "url(http", "<link rel=\"stylesheet\""] {
        assert!(!page.contains(source), "{source}");
    }
    let hash = |tag: &str| {
        use base64::Engine as _;
        let inside = page.split(&format!("<{tag}>")).nth(1).unwrap().split(&format!("</{tag}>")).next().unwrap();
        let bytes: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&sha256(inside)[at * 2..at * 2 + 2], 16).unwrap()).collect();
        format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(bytes))
    };
    assert!(page.contains(&hash("style")) && page.contains(&hash("script")), "the hashes are those of what stands there");
}
