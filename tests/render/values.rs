//! What differs is shown, whatever its shape.

use gatectl::model::Action;
use gatectl::render::{Block, Document, Glyph, Row};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::samples;

/// The lines below the field's own, and that one.
fn rows(before: Value, after: Value) -> (Row, Vec<Row>) {
    let change = samples::change(samples::env("e"), Action::Update, vec![samples::field("x", before, after)]);
    let document = Document::from(&samples::plan(vec![change]));
    let mut rows = document.sections[0].blocks.iter().map(|block| match block {
        Block::Row(row) => row.clone(),
        other => panic!("{other:?}"),
    });
    let field = rows.next().unwrap();
    (field, rows.collect())
}

fn text(row: &Row) -> String {
    row.spans.iter().map(|span| span.text.as_str()).collect()
}

fn with(rows: &[Row], glyph: Glyph) -> Vec<String> {
    let mut texts: Vec<String> = rows.iter().filter(|row| row.glyph == glyph).map(text).collect();
    texts.sort();
    texts
}

fn minus(all: &[String], others: &[String]) -> Vec<String> {
    let mut others = others.to_vec();
    let mut left: Vec<String> = all.to_vec();
    left.retain(|text| others.iter().position(|other| other == text).map(|at| others.remove(at)).is_none());
    let mut left: Vec<String> = left.iter().map(|text| format!("\"{text}\"")).collect();
    left.sort();
    left
}

#[test]
fn people_and_refs_are_called_by_what_they_are() {
    let (_, people) = rows(json!([{"user": "a b", "id": null}]), json!([{"team": "o/s", "id": 4}, {"user": "x", "id": 1, "more": 2}]));
    assert_eq!(with(&people, Glyph::Delete), ["user \"a b\""]);
    assert_eq!(with(&people, Glyph::Create), ["team o/s (id 4)", "{\"id\":1,\"more\":2,\"user\":\"x\"}"]);
    let (field, refs) = rows(json!("all"), json!({"tags": ["v*"], "branches": ["main"]}));
    assert_eq!(text(&field), "\"all\" -> selected refs");
    assert_eq!(with(&refs, Glyph::Create), ["branch \"main\"", "tag \"v*\""]);
    let (field, _) = rows(json!({}), json!({"branches": ["main"]}));
    assert_eq!(text(&field), "selected refs (none listed) -> selected refs");
}

#[test]
fn a_reviewer_that_stays_is_context_and_neither_comes_nor_goes() {
    let team = json!({"team": "acme/deployers", "id": 2001});
    let (_, people) = rows(json!([team, {"user": "bob", "id": 2}]), json!([{"user": "carol", "id": 3}, team]));
    assert_eq!(with(&people, Glyph::None), ["team acme/deployers (id 2001)"]);
    assert_eq!(
        (with(&people, Glyph::Delete), with(&people, Glyph::Create)),
        (vec!["user bob (id 2)".to_owned()], vec!["user carol (id 3)".to_owned()])
    );
}

#[test]
fn a_masked_value_is_seen_to_change() {
    let masked = || json!({"masked": true});
    assert_eq!(text(&rows(masked(), masked()).0), "changes (masked)");
    assert_eq!(text(&rows(masked(), json!("plain")).0), "(masked) -> \"plain\"");
    assert_eq!(text(&rows(json!("plain"), masked()).0), "\"plain\" -> (masked)");
}

#[test]
fn the_same_name_as_branch_and_as_tag_is_a_difference() {
    let (_, refs) = rows(json!({"branches": ["v1"], "tags": []}), json!({"branches": [], "tags": ["v1"]}));
    assert_eq!(with(&refs, Glyph::Delete), ["branch \"v1\""]);
    assert_eq!(with(&refs, Glyph::Create), ["tag \"v1\""]);
}

#[test]
fn values_that_differ_beyond_what_is_shown_still_differ() {
    let long = |end: &str| format!("{}{end}", "a".repeat(5_000));
    let (_, rows_of_list) = rows(json!([long("x")]), json!([long("y")]));
    assert_eq!((with(&rows_of_list, Glyph::Delete).len(), with(&rows_of_list, Glyph::Create).len()), (1, 1));
    for size in [200, 5_000, 50_000] {
        let value = |end: &str| json!(format!("{}{end}{}", "word ".repeat(size / 5), "b ".repeat(100)));
        let (_, rows) = rows(value("old"), value("new"));
        assert!(
            with(&rows, Glyph::Delete).concat().contains("old") && with(&rows, Glyph::Create).concat().contains("new"),
            "{size}: {rows:#?}"
        );
        assert!(rows.iter().map(|row| text(row).len()).sum::<usize>() < 2_000, "{size}");
    }
}

#[test]
fn an_empty_list_is_not_nothing() {
    assert_eq!(text(&rows(json!(["a"]), json!([])).0), "(none left)");
    assert_eq!(text(&rows(Value::Null, json!([])).0), "(none) -> []");
    assert_eq!(text(&rows(json!(["a", "b"]), json!(["b", "a"])).0), "(in another order)");
    assert_eq!(text(&rows(json!("1"), Value::Null).0), "\"1\" -> (none)");
}

proptest! {
    #[test]
    fn a_list_shows_exactly_what_goes_and_what_comes(
        before in prop::collection::vec("[a-d]{1,2}", 0..8),
        after in prop::collection::vec("[a-d]{1,2}", 0..8),
    ) {
        let (_, rows) = rows(json!(before), json!(after));
        prop_assert_eq!(with(&rows, Glyph::Delete), minus(&before, &after));
        prop_assert_eq!(with(&rows, Glyph::Create), minus(&after, &before));
    }

    #[test]
    fn texts_that_differ_never_look_the_same(before in "(?s)[ab\n ]{0,80}", after in "(?s)[ab\n ]{0,80}") {
        prop_assume!(before != after);
        let (field, rows) = rows(json!(before), json!(after));
        let (old, new) = (with(&rows, Glyph::Delete), with(&rows, Glyph::Create));
        prop_assert!(old != new || text(&field).contains(" -> "), "{:?} {:?}", field, rows);
    }
}
