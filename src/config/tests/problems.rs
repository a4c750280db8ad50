//! How problems are collected, placed and shown; any text is read or refused.

use super::*;

#[test]
fn every_problem_is_reported_at_once() {
    expect(
        "x = §= 1\n[environments.production]\n§reviewrs = []\nwait_timer = §50000\nvariables = { §GITHUB_A = \"\", B = §1 }\n[freeze]\nfrozen = §false\n",
        &[
            ("extra `=`", "toml.io"),
            ("unknown key `reviewrs`", ""),
            ("must be from 0", ""),
            ("GitHub's own", ""),
            ("must be a string", ""),
            ("cannot be declared", ""),
        ],
    );
}

#[test]
fn a_syntax_error_does_not_mislead_about_the_rest() {
    one("[environments.eu§ west]\nwait_timer = 1", "unclosed table", "\"eu west\"");
    let marked = "[environments§\nwait_timer = 1\n[github]\n§y = 1\n[freeze]\nfrozen = §yes\n";
    expect(marked, &[("unclosed table", ""), ("unknown key `y`", ""), ("must be quoted", "double quotes")]);
    let again = "[environments.a]\nwait_timer = 1\n§wait_timer = 2\n[environments.§a]\n§x = 1";
    expect(again, &[("duplicate", "merge"), ("duplicate", "merge"), ("unknown key `x`", "")]);
}

#[test]
fn positions_point_at_keys_and_fall_back_to_the_nearest_parent() {
    let config = parse("gate.toml", FULL).unwrap();
    let at = |path: &[&str]| {
        let position = config.positions.get(path);
        (FULL[position.span.clone()].to_owned(), position.line)
    };
    assert_eq!(at(&["environments", "a", "wait_timer"]).0, "wait_timer");
    assert_eq!(at(&["environments", "A", "variables", "TIER"]).0, "tier", "names are found without case");
    assert_eq!(at(&["environments", "a", "secrets", "0"]).0, "\"key\"");
    assert_eq!(at(&["environments", "a", "nothing", "here"]).0, "a");
    assert_eq!(at(&["workflows", "0", "environment"]).0, "environment");
    assert_eq!(at(&["workflows", "0", "when", "1", "tag"]).0, "tag");
    assert_eq!(at(&["workflows", "7"]).0, "workflows");
    assert_eq!(at(&["freeze", "windows", "1", "start"]).0, "start");
    assert_eq!(at(&["nothing"]), (String::new(), 1));
    for (line, name) in [(config.positions.get(["freeze"]).line, "[freeze]"), (config.positions.get(["version"]).line, "version = 1")] {
        assert_eq!(FULL.lines().nth(line - 1), Some(name));
    }
}

#[test]
fn columns_count_characters_and_a_byte_order_mark_is_none() {
    for (text, line, column) in [
        ("\u{feff}version = 2", 1, 11),
        ("version = 1\r\n[github]\r\nx = 1\r\n", 3, 1),
        ("version = 1\nenvironments = { \"é日\" = { x = 1 } }", 2, 27),
        ("version = 1\n\tx = 1", 2, 2),
    ] {
        let problems = parse("gate.toml", text).unwrap_err();
        let at = &problems.problems[0].at;
        assert_eq!((at.line, at.column), (line, column), "{problems}");
    }
    assert!(parse("gate.toml", "\u{feff}version = 1\r\n").is_ok());
}

#[test]
fn hostile_text_is_one_clear_error() {
    let deep = 100_000;
    for (text, message) in [
        (format!("version = 1\nx = {}", "[".repeat(deep)), "nested too deeply"),
        (format!("version = 1\nx = {}", "{a=".repeat(deep)), "nested too deeply"),
        (format!("version = 1\n{}a = 1", "a.".repeat(deep)), "nested too deeply"),
        (format!("version = 1\n[{}a]", "a.".repeat(deep)), "nested too deeply"),
        ("x".repeat(10 * MAX_BYTES), "larger than 1048576 bytes"),
    ] {
        let problems = parse("gate.toml", &text).unwrap_err();
        let [problem] = &problems.problems[..] else { panic!("{}: {}", problems.problems.len(), problems.lines()) };
        assert!(problem.message.contains(message), "{}", problem.message);
        assert!(problem.help.is_some());
        assert!(problems.plain().len() < 2_000);
    }
    let nested = format!("version = 1\nx = {}1{}", format!("{{{}b=", "a.".repeat(78)).repeat(79), "}".repeat(79));
    assert_eq!(refuse(&nested)[0].message, "unknown key `x` in gate.toml", "dotted keys in inline tables nest deepest");
}

#[test]
fn thousands_of_problems_are_counted_and_fifty_shown() {
    let text: String = (0..5_000).map(|i| format!("k{i} = 1\n")).collect();
    let problems = parse("gate.toml", &format!("version = 1\n{text}")).unwrap_err();
    assert_eq!(problems.problems.len(), 5_000);
    let shown = problems.plain();
    assert_eq!(shown.matches("error: ").count(), 50);
    assert!(shown.ends_with("gate.toml: 5000 problems, the first 50 are shown; correct these and run again"), "{shown}");
    let one_line = format!("version = 1\nenvironments = {{ {} }}", (0..20_000).map(|i| format!("e{i} = 1, ")).collect::<String>());
    assert_eq!(refuse(&one_line).len(), 20_000);
}

#[test]
fn a_long_line_is_cut_around_the_caret() {
    let text = format!("version = 1\nx = \"{}\" # {}", "é".repeat(200_000), "y".repeat(200_000));
    let shown = parse("gate.toml", &text).unwrap_err().plain();
    assert!(shown.len() < 1_000 && shown.contains("gate.toml:2:1"), "{shown}");
    let text =
        format!("version = 1\nenvironments = {{ a = {{ variables = {{ A = \"{}\", §B = 1 }} }} }}", "z".repeat(100_000)).replace('§', "");
    let problems = parse("gate.toml", &text).unwrap_err();
    let shown = problems.plain();
    assert!(shown.len() < 1_000 && shown.contains(&format!("gate.toml:2:{}", problems.problems[0].at.column)), "{shown}");
    let caret = shown.lines().find(|line| line.contains('^')).unwrap();
    let source = shown.lines().find(|line| line.contains("B = 1")).unwrap();
    assert_eq!(caret.find('^'), source.find("1 }"), "{shown}");
}

#[test]
fn nothing_of_the_file_steers_the_terminal() {
    let nasty = "\u{1b}[31m\u{202e}\u{7}\u{9b}\u{200b}\u{2028}";
    let text =
        format!("version = 1\n\"{nasty}\" = 1 # {nasty}\n[environments.\"{nasty}\"]\nstate = \"{nasty}\"\nwait_timer = \"x\" # {nasty}");
    let problems = parse(&format!("gate{nasty}.toml"), &text).unwrap_err();
    for shown in [problems.plain(), problems.lines(), problems.to_string()] {
        assert!(shown.chars().all(|c| c == '\n' || (!c.is_control() && !('\u{200b}'..='\u{206f}').contains(&c))), "{shown:?}");
    }
    let colors = problems.styled();
    assert!(colors.contains("\u{1b}[") && !colors.contains("\u{1b}[31m\u{202e}") && !colors.contains('\u{7}'));
}

#[test]
fn two_places_are_both_shown() {
    let shown = |text: &str| parse("gate.toml", text).unwrap_err().plain();
    let apart = shown("version = 1\n[environments.a]\n[environments.b]\n[environments.A]");
    assert!(apart.contains("--> gate.toml:4:15") && apart.contains("--> gate.toml:2:15"), "{apart}");
    let beside = shown("version = 1\n[environments.a]\nsecrets = [\"A\", \"A\"]");
    assert_eq!(beside.matches("secrets = ").count(), 1, "{beside}");
}

#[test]
fn machines_read_places_and_words() {
    let problems = parse("gate.toml", "version = 1\nfreez = 1").unwrap_err();
    assert_eq!(problems.lines(), "gate.toml:2:1: unknown key `freez` in gate.toml; write `freeze`");
    let json = serde_json::to_value(&problems).unwrap();
    assert_eq!(json["problems"][0]["line"], 2);
    assert_eq!(json["problems"][0]["span"]["start"], 12);
    assert_eq!(json["problems"][0]["help"], "write `freeze`");
    assert!(json.get("text").is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        hold(&text);
    }

    #[test]
    fn a_mutated_file_is_read_or_refused(
        cuts in prop::collection::vec((0usize..FULL.len(), 0usize..30, "[\\[\\]{}=\"'.,#\n\\\\a0 -é\0\r\u{202e}]{0,4}"), 1..6),
        design in any::<bool>(),
    ) {
        let mut text = if design { DESIGN.to_owned() } else { FULL.to_owned() };
        for (at, length, insert) in cuts {
            let start = text.floor_char_boundary(at);
            let end = text.floor_char_boundary(start + length);
            text.replace_range(start..end, &insert);
        }
        hold(&text);
    }
}

/// What holds for every text: places lie in it, problems are in its order, all can be shown, and reading is repeatable.
fn hold(text: &str) {
    let result = parse("gate.toml", text);
    assert_eq!(result, parse("gate.toml", text));
    let Err(problems) = result else { return };
    assert!(!problems.problems.is_empty());
    let lines = problems.text.split('\n').count();
    let mut last = 0;
    for problem in &problems.problems {
        for at in std::iter::once(&problem.at).chain(problem.related.as_ref().map(|related| &related.at)) {
            assert!(problems.text.get(at.span.clone()).is_some(), "{at:?}");
            assert!((1..=lines).contains(&at.line) && at.column >= 1);
        }
        assert!(last <= problem.at.span.start);
        last = problem.at.span.start;
        assert!(problem.help.is_some() && !problem.message.is_empty());
    }
    let shown = problems.plain();
    assert!(shown.contains("gate.toml:1:") || problems.problems[0].at.line > 1);
    assert!(!problems.styled().is_empty());
}
