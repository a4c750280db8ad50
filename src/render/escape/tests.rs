use super::*;

#[test]
fn what_cannot_be_seen_is_written_out() {
    for (raw, shown) in [
        ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
        ("\u{9b}2J", "\\u{9b}2J"),
        ("evil\u{202e}gnp", "evil\\u{202e}gnp"),
        ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
        ("a\u{200b}\u{feff}\u{200d}b", "a\\u{200b}\\u{feff}\\u{200d}b"),
        ("a\r\n\tb", "a\\r\\n\\tb"),
        ("a\u{a0}b\u{3000}c", "a\\u{a0}b\\u{3000}c"),
        ("\u{e0041}", "\\u{e0041}"),
        ("\u{301}a", "\\u{301}a"),
        ("e\u{301} 漢字 naïve ñ", "e\u{301} 漢字 naïve ñ"),
    ] {
        assert_eq!(visible(raw), shown);
    }
}

#[test]
fn cutting_says_how_much_is_missing() {
    assert_eq!(bounded("short", 5), "short");
    assert_eq!(bounded("ééééé", 3), "ééé... (2 more characters)");
}

#[test]
fn no_two_strings_look_the_same_between_quotes() {
    assert_eq!(quoted("a\"b\\"), "\"a\\\"b\\\\\"");
    assert_ne!(visible(&quoted("\\n")), visible(&quoted("\n")));
    assert_eq!(word("org/slug"), "org/slug");
    assert_eq!(word("a b"), "\"a b\"");
    assert_eq!(word(""), "\"\"");
}

#[test]
fn a_command_keeps_its_parts_apart() {
    assert_eq!(
        actions::command("error", &[("file", "a,b:c%.toml"), ("line", "3"), ("col", ""), ("title", "x\ny")], "1%0A\n2\r::x,y ##[z]"),
        "::error file=a%2Cb%3Ac%25.toml,line=3,title=x\\ny::1%250A%0A2\\r::x,y #\\u{23}[z]"
    );
    assert_eq!(actions::command("notice", &[], "m"), "::notice::m");
}

#[test]
fn a_line_of_a_log_is_no_command() {
    for line in ["::error::x", "   ::error::x", "a ##[error]", "::a ##[b] ##[c]", "###[x]"] {
        let safe = actions::log_line(line);
        assert!(!safe.trim_start().starts_with("::") && !safe.contains("##["), "{safe}");
    }
    assert_eq!(actions::log_line("a::b # [c]"), "a::b # [c]");
}

#[test]
fn an_output_ends_where_its_value_ends() {
    assert_eq!(actions::output("changes", "true"), "changes=true\n");
    let value = "a\ngatectl_0\nverdict=gated\ngatectl_1";
    assert_eq!(actions::output("x", value), format!("x<<gatectl_2\n{value}\ngatectl_2\n"));
}

#[test]
fn prose_is_nothing_but_its_characters() {
    for (raw, shown) in [
        ("plain text, (with) 1.5 - signs: ok", "plain text, (with) 1.5 - signs: ok"),
        ("@a #1 org/r#2 GH-3", "@&#8203;a #&#8203;1 org/r#&#8203;2 GH-&#8203;3"),
        ("<b> & a|b", "&lt;b&gt; &amp; a&#124;b"),
        ("![i](u) *x* _y_", "\\!\\[i\\](u) \\*x\\* \\_y\\_"),
        ("- a", "\\- a"),
        ("12. a", "12\\. a"),
        ("www.x.y WWW.z", "www&#8203;.x.y WWW&#8203;.z"),
    ] {
        assert_eq!(markdown::text(raw), shown);
    }
    assert_eq!(markdown::prose("run `gatectl apply` now"), "run `gatectl apply` now");
    assert_eq!(markdown::prose("GET https://x.y/z: 403"), "GET `https://x.y/z`: 403");
    assert_eq!(markdown::prose("odd ` one @a"), "odd \\` one @&#8203;a");
    assert_eq!(markdown::prose("`a``b`"), "`a`&#8203;`b`");
    assert_eq!(markdown::prose("at 0123abc."), "at `0123abc`.");
}

#[test]
fn code_cannot_be_left() {
    assert_eq!(markdown::code("a_b"), "`a_b`");
    assert_eq!(markdown::code("a`b|c"), "<code>a\\`b&#124;c</code>");
    assert_eq!(markdown::code(""), "<code></code>");
    assert_eq!(markdown::fence("diff", &["a ```` b".to_owned(), "c\nd".to_owned()]), "`````diff\na ```` b\nc\\nd\n`````\n");
}

#[test]
fn only_pages_of_the_web_become_links() {
    assert_eq!(markdown::link("https://github.com/o/r"), "<https://github.com/o/r>");
    for bad in ["javascript:alert(1)", "https://x>y", "https://x y", "data:x", ""] {
        assert!(!markdown::link(bad).starts_with('<') || markdown::link(bad).starts_with("<code>"), "{bad}");
    }
}
