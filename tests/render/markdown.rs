//! The view of a pull request.

use gatectl::model::{Action, Plan};
use gatectl::render::Document;
use gatectl::render::escape::{actions, markdown as escape, visible};
use gatectl::render::markdown::{COMMENT_LIMIT, SUMMARY_LIMIT, marker, render};
use gatectl::views::plan::comment;
use proptest::prelude::*;
use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};
use serde_json::json;
use unicode_width::UnicodeWidthChar;

use crate::samples::{self, NASTY, hostile_text, saying};
use gatectl_test_support::assert_golden;

fn documents() -> Vec<Document> {
    let plans = [samples::plan(vec![]), samples::everything(), samples::hostile()];
    let reports = [samples::applied(), samples::mixed(), samples::hostile_report()];
    plans.iter().map(Document::from).chain(reports.iter().map(Document::from)).collect()
}

/// What a reader of GitHub's Markdown makes of it.
fn events(text: &str) -> Vec<Event<'_>> {
    let all = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_MATH | Options::ENABLE_FOOTNOTES;
    Parser::new_ext(text, all | Options::ENABLE_TASKLISTS | Options::ENABLE_GFM).collect()
}

/// The characters that are shown, without the breaks that keep GitHub from linking.
fn shown(text: &str) -> String {
    let shown = |event| match event {
        Event::Text(text) | Event::Code(text) => text.to_string(),
        _ => String::new(),
    };
    events(text).into_iter().map(shown).collect::<String>().replace('\u{200b}', "")
}

#[test]
fn output_is_as_it_was_approved() {
    assert_golden("render/plan-none.md", &render(&Document::from(&samples::plan(vec![])), "", COMMENT_LIMIT));
    assert_golden("render/plan-everything.md", &render(&Document::from(&samples::everything()), "", COMMENT_LIMIT));
    assert_golden("render/apply-mixed.md", &render(&Document::from(&samples::mixed()), "", COMMENT_LIMIT));
    assert_golden("render/plan-hostile.md", &render(&Document::from(&samples::hostile()), "gate.toml", COMMENT_LIMIT));
}

#[test]
fn the_marker_is_the_first_line_and_nothing_gets_out_of_it() {
    assert_eq!(marker("plan", ""), "<!-- gatectl:plan -->");
    assert_eq!(marker("plan", "ops/gate.toml"), "<!-- gatectl:plan ops/gate.toml -->");
    for nasty in NASTY {
        let marker = marker("plan", nasty);
        assert_eq!((marker.matches('>').count(), marker.matches('<').count(), marker.lines().count()), (1, 1, 1), "{marker}");
        assert!(render(&Document::from(&samples::everything()), nasty, COMMENT_LIMIT).starts_with(&format!("{marker}\n\n### ")));
    }
}

#[test]
fn weakening_and_unknown_are_outside_the_fold() {
    let text = render(&Document::from(&samples::everything()), "", COMMENT_LIMIT);
    let (open, _) = text.split_once("<summary>Notes").unwrap();
    for said in
        ["admins may then deploy", "may approve and could not before", "deletes the gate", "403 Resource not accessible", ": 1 to create"]
    {
        assert!(open.contains(said), "{said}");
    }
    let text = render(&Document::from(&samples::mixed()), "", COMMENT_LIMIT);
    let (open, _) = text.split_once("<details>").unwrap();
    for said in ["1. A Team plan", "2. Open the page", "failed to update", "skipped, still to delete"] {
        assert!(open.contains(said), "{said}");
    }
}

/// The first heading, and how many diffs stand outside and inside of a fold.
fn layout(text: &str) -> (String, usize, usize) {
    let (mut heading, mut in_heading, mut folds, mut open, mut folded) = (String::new(), false, 0, 0, 0);
    for event in events(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => in_heading = heading.is_empty(),
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::Text(words) | Event::Code(words) if in_heading => heading.push_str(&words),
            Event::Html(html) if html.starts_with("<details>") => folds += 1,
            Event::Html(html) if html.starts_with("</details>") => folds -= 1,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) if &*language == "diff" => {
                if folds == 0 {
                    open += 1;
                } else {
                    folded += 1;
                }
            }
            _ => {}
        }
    }
    (heading, open, folded)
}

#[test]
fn a_comment_leads_with_one_line_and_shows_a_short_diff_in_the_open() {
    let bypass = |name: &str| {
        let field = samples::weaker("can_admins_bypass", json!(false), json!(true), "admins may skip it");
        samples::change(samples::env(name), Action::Update, vec![field])
    };
    let tighter = || samples::change(samples::env("staging"), Action::Update, vec![samples::field("wait_timer", json!(0), json!(5))]);
    let short = samples::plan(vec![bypass("production"), tighter()]);
    let merged = render(&comment(&short, Some(".github/workflows/gate-apply.yml")), "", COMMENT_LIMIT);
    assert_eq!(layout(&merged), ("2 changes, 1 weakens production".to_owned(), 2, 0), "{merged}");
    let said = shown(&merged);
    assert!(
        said.contains("Merging applies this: .github/workflows/gate-apply.yml runs gatectl apply") && said.contains("--allow-weaken"),
        "{said}"
    );
    let alone = shown(&render(&comment(&short, None), "", COMMENT_LIMIT));
    assert!(alone.contains("Merging does not apply this. Run gatectl apply --allow-weaken after the merge."), "{alone}");
    let plain = render(&comment(&samples::plan(vec![tighter()]), None), "", COMMENT_LIMIT);
    assert_eq!(layout(&plain).0, "1 change");
    let many = samples::plan((0..30).map(|n| bypass(&format!("env-{n}"))).collect());
    let folded = render(&comment(&many, None), "", COMMENT_LIMIT);
    assert_eq!(layout(&folded), ("30 changes, 30 weaken env-0, env-1 and 28 more".to_owned(), 0, 30));
    assert!(folded.contains("warning\\[weakens\\]"), "what weakens a gate is never folded");
    let everything = render(&comment(&samples::everything(), None), "", COMMENT_LIMIT);
    assert!(layout(&everything).0.ends_with("1 manual step, 1 invalid declaration, 1 unknown address"), "{everything}");
    let none = render(&comment(&samples::plan(vec![]), Some("x.yml")), "", COMMENT_LIMIT);
    assert!(layout(&none).0.starts_with("No changes.") && !none.contains("Merging"), "{none}");
}

#[test]
fn nothing_from_outside_is_markup() {
    for document in documents().into_iter().chain(NASTY.iter().map(|nasty| saying(nasty))) {
        assert_only_ours(&render(&document, "", SUMMARY_LIMIT));
    }
}

fn assert_only_ours(text: &str) {
    let unseen =
        |c: char| (c.is_control() && c != '\n') || ('\u{200b}'..='\u{200f}').contains(&c) || ('\u{202a}'..='\u{2069}').contains(&c);
    assert!(!text.chars().any(unseen));
    let ours = [
        "<details>\n",
        "</details>\n",
        "<br>",
        "<code>",
        "</code>",
        "<span>",
        "</span>",
        "<!-- gatectl:plan -->\n",
        "<!-- gatectl:apply -->\n",
    ];
    let (mut headings, mut code, mut link) = (0, 0, false);
    for event in events(text) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                code += html.matches("<code>").count();
                code -= html.matches("</code>").count();
                assert!(ours.contains(&&*html) || html.starts_with("<summary>"), "{html}");
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => code += 1,
            Event::End(TagEnd::CodeBlock) => code -= 1,
            Event::Start(Tag::Heading { .. }) => headings += 1,
            Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                link = true;
                assert_eq!(link_type, LinkType::Autolink, "{dest_url}");
                assert!(dest_url.starts_with("https://"), "{dest_url}");
            }
            Event::End(TagEnd::Link) => link = false,
            // GitHub looks for mentions, references and addresses in what is left as text.
            Event::Text(words) if !link && code == 0 => assert_unlinked(&words),
            Event::Start(
                Tag::Image { .. }
                | Tag::Emphasis
                | Tag::Strikethrough
                | Tag::FootnoteDefinition(_)
                | Tag::CodeBlock(CodeBlockKind::Indented),
            )
            | Event::FootnoteReference(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::TaskListMarker(_)
            | Event::Rule => panic!("{event:?}"),
            _ => {}
        }
    }
    assert_eq!((headings, code), (1, 0));
}

fn assert_unlinked(words: &str) {
    let follows = |start: &str, next: fn(char) -> bool| {
        let words = words.to_lowercase();
        words.match_indices(start).any(|(at, _)| words[at + start.len()..].starts_with(next))
    };
    assert!(!follows("@", char::is_alphanumeric) && !follows("#", char::is_numeric) && !follows("gh-", char::is_numeric), "{words}");
    assert!(
        !words.split(|c: char| !c.is_alphanumeric()).any(|word| word == "0123456789abcdef")
            && !follows("www.", char::is_alphanumeric)
            && !follows("://", |_| true),
        "{words}"
    );
}

#[test]
fn rows_of_a_table_keep_their_cells() {
    for nasty in NASTY {
        let text = render(&saying(nasty), "", COMMENT_LIMIT);
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ")).collect();
        assert_eq!(rows.len(), 3, "{text}");
        assert!(rows.iter().all(|row| row.matches('|').count() == 3), "{rows:?}");
    }
}

#[test]
fn what_does_not_fit_is_named_and_the_summary_stays() {
    let changes = (0..2_000).map(|n| {
        let address = samples::env(&format!("env-{n:04}"));
        samples::change(
            address,
            Action::Update,
            vec![samples::weaker("can_admins_bypass", json!(false), json!(true), "admins may skip it")],
        )
    });
    let document = Document::from(&samples::plan(changes.collect()));
    let text = render(&document, "", COMMENT_LIMIT);
    assert!(text.len() <= COMMENT_LIMIT && text.len() > COMMENT_LIMIT / 2, "{}", text.len());
    assert!(text.contains("2000 changes weaken a gate"));
    let shown = (0..2_000).filter(|n| text.contains(&format!("`github/raxx-app/TradeMasterAPI/environments/env-{n:04}`"))).count();
    // Each change is an alert and a folded section: two parts.
    let cut: usize = text.split("**This is not all:** ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(shown > 0 && cut > 0 && cut <= 4_000 - shown, "{shown} {cut}");
    assert!(text.contains(" more. `--format json` has everything."));
    assert!(render(&document, "", SUMMARY_LIMIT).len() <= SUMMARY_LIMIT);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_limit_holds_for_any_text(text in "(?s).{0,1000}", times in 1_usize..10, limit in 16_384_usize..70_000) {
        let sections = saying(&text).sections;
        let document = Document { sections: sections.into_iter().cycle().take(times * 2).collect(), ..saying(&text) };
        prop_assert!(render(&document, &text.chars().take(50).collect::<String>(), limit).len() <= limit);
    }

    #[test]
    fn any_text_shows_its_characters_and_nothing_else(text in hostile_text()) {
        let same = |shown: &str, text: &str| shown.replace('`', "").trim() == text.replace('`', "").trim();
        prop_assert_eq!(shown(&escape::text(text.trim())), visible(text.trim()));
        prop_assert!(same(&shown(&escape::code(&text)), &visible(&text)), "{}", escape::code(&text));
        // A mark that would combine with what we put in front of it is written out, one within a word is not.
        let combines = text.chars().any(|c| c.width() == Some(0));
        prop_assert!(combines || same(&shown(&escape::prose(&text)), &visible(text.trim_start_matches(' '))), "{}", escape::prose(&text));
        prop_assert_eq!(shown(&escape::fence("diff", &[text.clone(), text.clone()])), format!("{0}\n{0}\n", actions::log_line(&visible(&text))));
        assert_only_ours(&render(&saying(&text), "", SUMMARY_LIMIT));
    }

    #[test]
    fn rendering_is_a_function(text in "(?s).{0,200}") {
        let plan = || Plan { config: text.clone(), ..samples::plan(vec![samples::change(samples::env("e"), Action::Update, vec![samples::weaker("x", json!(text), json!(format!("{text}\n{text}")), &text)])]) };
        prop_assert_eq!(render(&Document::from(&plan()), "", COMMENT_LIMIT), render(&Document::from(&plan()), "", COMMENT_LIMIT));
    }
}
