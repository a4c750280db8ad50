//! Plain American English in everything that a person reads: documents, and the comments and strings of the code.

use super::docs::citing_files;
use super::run::root;

/// Words that hide the actor or read as translated.
const WORDS: [&str; 10] = ["whom", "mended", "nobody", "somebody", "anybody", "everybody", "whoever", "anew", "whilst", "amongst"];

/// Parts of words in British spelling. `cancelled` is GitHub's own word for a conclusion.
const BRITISH: [&str; 15] = [
    "colour",
    "behaviour",
    "honour",
    "favour",
    "neighbour",
    "organis",
    "recognis",
    "normalis",
    "serialis",
    "authoris",
    "optimis",
    "licence",
    "misspelt",
    "judgement",
    "centre",
];

/// Phrases that read as translated, each with a plain one.
const IDIOMS: [(&str, &str); 18] = [
    ("at hand", "current"),
    ("all the same", "anyway"),
    ("speaks of", "mentions"),
    ("the one who", "the person who"),
    ("one after the other", "one by one"),
    ("comes to what", "results in what"),
    (" surely ", "certainly"),
    ("so many ", "this many"),
    ("begins so", "begins like this"),
    ("be it that", "whether"),
    ("is to go", "is removed"),
    ("may be had", "is possible"),
    ("suffices", "is enough"),
    ("only the run knows", "known only at run time"),
    ("known only in the run", "known only at run time"),
    ("says to have", "claims to have"),
    ("did not come about", "did not happen"),
    ("as it comes", "in order"),
];

/// Words after "is no" that are plain English.
const AFTER_IS_NO: [&str; 8] = ["longer", "more", "such", "other", "less", "need", "way", "reason"];

/// What a person reads of a line of Rust: its comment and its strings. Texts of tests are not read by users, and some are nasty on
/// purpose: only their comments count.
fn read_by_people(line: &str, is_test: bool) -> String {
    // `//`, `///` and `//!`, but not an address.
    let start = line.match_indices("//").map(|(at, _)| at).find(|at| !line[..*at].ends_with(':'));
    let (code, comment) = start.map_or((line, ""), |at| line.split_at(at));
    let strings: Vec<&str> = if is_test { Vec::new() } else { code.split('"').skip(1).step_by(2).collect() };
    format!("{} {comment}", strings.join(" "))
}

/// What is wrong with a text, if anything is.
fn fault(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_' && c != '/').collect();
    if let Some(word) = words.iter().find(|word| WORDS.contains(word)) {
        return Some(format!("`{word}`: name the actor, or use the passive"));
    }
    if let Some(part) = BRITISH.iter().find(|part| words.iter().any(|word| word.contains(*part))) {
        return Some(format!("`{part}`: American spelling"));
    }
    if let Some(condition) = ["only where", "also where", "even where", "; where "].iter().find(|words| lower.contains(*words)) {
        return Some(format!("`{condition}`: a condition is `if` or `when`"));
    }
    if let Some((idiom, plain)) = IDIOMS.iter().find(|(idiom, _)| lower.contains(idiom)) {
        return Some(format!("`{idiom}`: write `{plain}`"));
    }
    if lower.contains("in silence") {
        return Some("`in silence`: write `silently`".to_owned());
    }
    let is_no = |four: &[&str]| {
        matches!(four[1], "is" | "are" | "was" | "were") && four[2] == "no" && four[0] != "there" && !AFTER_IS_NO.contains(&four[3])
    };
    words.windows(4).find(|four| is_no(four)).map(|four| format!("`{} no {}`: write `not a`", four[1], four[3]))
}

#[test]
fn what_people_read_is_plain_american_english() {
    let mut files = citing_files();
    files.extend(["CHANGELOG.md", "CONTRIBUTING.md", "action.yml", "gate.toml"].map(|name| root().join(name)));
    for folder in ["action", "docs/schemas", "examples", "examples/workflows", "packaging", ".github/workflows"] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        files.extend(entries.filter(|path| path.is_file()));
    }
    let mut faults = Vec::new();
    for path in files {
        let shown = path.strip_prefix(root()).unwrap().display().to_string();
        let is_test = shown.starts_with("tests/") || shown.contains("tests.rs") || shown.contains("/tests/") || shown.ends_with("cases.rs");
        // This file names what it looks for, and golden files and fixtures hold what others wrote.
        if shown == "tests/program/voice.rs" || is_test && !shown.ends_with(".rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for (at, line) in text.lines().enumerate() {
            let read = if shown.ends_with(".rs") { read_by_people(line, is_test) } else { line.to_owned() };
            if let Some(fault) = fault(&read) {
                faults.push(format!("{shown}:{}: {fault}", at + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_kind_of_fault_is_seen() {
    let faulty = [
        "nobody approves",
        "Whoever asks",
        "this is no terminal",
        "the colour",
        "a tag is no branch",
        "only where it is set",
        "the file at hand",
    ];
    let fine = ["it is no longer", "there is no file", "https://example.com/nobody", "the color", "is not a terminal"];
    assert!(faulty.iter().all(|text| fault(text).is_some()), "{:?}", faulty.map(fault));
    assert!(fine.iter().all(|text| fault(text).is_none()), "{:?}", fine.map(fault));
}
