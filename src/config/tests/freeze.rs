//! The rules for `[heroku.config]`, `[freeze]` and its windows.

use super::*;

#[test]
fn config_vars_have_herokus_names() {
    one("[heroku.config.§MyApp]", "not the name of a Heroku app", "heroku apps");
    one("[heroku.config.§\"my-app.herokuapp.com\"]", "not the name of a Heroku app", "`my-app`");
    one("[heroku.config.my-app]\n§__X = \"1\"", "two underscores", "another key");
    one("[heroku.config.my-app]\n§HEROKU_X = \"1\"", "Heroku's own", "another key");
    one("[heroku.config.my-app]\n§A-B = \"1\"", "A to Z", "write `A_B`");
    let two = read("version = 1\n[heroku.config.my-app]\na = \"1\"\nA = \"2\"");
    assert_eq!(two.heroku.config["my-app"].len(), 2, "Heroku tells the case of keys apart");
}

const FREEZE: &str = "[freeze]\nheroku_app = \"my-app\"\nenvironments = [\"production\"]\n";

#[test]
fn a_key_is_managed_once() {
    let with = |key: &str, freeze: &str| format!("[heroku.config.my-app]\n§{key} = \"x\"\n{FREEZE}{freeze}");
    for key in ["DEPLOY_FREEZE", "DEPLOY_FREEZE_INFO", "DEPLOY_FREEZE_OVERRIDE_INFO"] {
        one(&with(key, ""), "is managed twice", "gatectl freeze");
    }
    one(&with("F_INFO", "flag = \"F\""), "is managed twice", "gatectl freeze");
    for (app, key) in [("other-app", "DEPLOY_FREEZE"), ("my-app", "DEPLOY_FREEZE_OVERRIDE"), ("my-app", "OTHER")] {
        read(&format!("version = 1\n[heroku.config.{app}]\n{key} = \"x\"\n{FREEZE}"));
    }
}

#[test]
fn a_freeze_names_what_it_closes() {
    one("§[freeze]\nenvironments = [\"p\"]", "needs `heroku_app`, or `github`", "add `heroku_app`, or `github`");
    one("[freeze]\nheroku_app = \"my-app\"\n§github = \"acme\"\nenvironments = [\"p\"]", "has either", "remove one");
    one("[freeze]\ngithub = §\"acme/shop/x\"\nenvironments = [\"p\"]", "OWNER/REPO", "acme/shop");
    one("[freeze]\ngithub = \"acme\"\nflag = §\"GITHUB_FREEZE\"\nenvironments = [\"p\"]", "GitHub's own", "another name");
    one(
        "[environments.p]\nvariables = { §deploy_freeze = \"false\" }\n[freeze]\ngithub = \"acme\"\nenvironments = [\"p\"]",
        "would hide the freeze of the organization acme",
        "remove it",
    );
    one("§[freeze]\nheroku_app = \"my-app\"", "needs `environments`", "environments = ");
    one("[freeze]\nheroku_app = \"my-app\"\nenvironments = §[]", "empty list of environments", "at least one");
    one("[freeze]\nheroku_app = \"my-app\"\nenvironments = §\"production\"", "must be a list of environments", "[\"production\"]");
    one("[freeze]\nheroku_app = \"my-app\"\nenvironments = [\"a\", §\"A\"]", "only case differs", "keep one");
    let declared = |marked: &str, message: &str, help: &str| {
        let environments = "[environments.production]\n[environments.old]\nstate = \"absent\"\n";
        one(&format!("{environments}[freeze]\nheroku_app = \"my-app\"\nenvironments = [{marked}]"), message, help);
    };
    declared("§\"prodction\"", "no environment `prodction` is declared", "write \"production\"");
    declared("\"PRODUCTION\", §\"eu west\"", "no environment `eu west`", "declare [environments.\"eu west\"]");
    declared("§\"old\"", "declared absent", "remove it");
    one(&format!("{FREEZE}frozen = §false"), "cannot be declared", "gatectl freeze off");
    one(&format!("{FREEZE}flag = \"X\"\noverride = §\"X\""), "four different names", "another key");
    one(&format!("{FREEZE}override = §\"DEPLOY_FREEZE_INFO\""), "four different names", "another key");
    one(&format!("{FREEZE}flag = §\"DEPLOY_FREEZE_OVERRIDE\""), "four different names", "another key");
    one(&format!("{FREEZE}flag = §\"A B\""), "A to Z", "write `A_B`");
    one(&format!("{FREEZE}on_unreachable = §\"closed\""), "cannot be `closed`", "`frozen` or `open`");
}

#[test]
fn a_window_recurs_or_happens_once() {
    let window = |marked: &str, message: &str, help: &str| {
        one(&format!("{FREEZE}[[freeze.windows]]\nname = \"w\"\n{marked}"), message, help);
    };
    let zone = "timezone = \"UTC\"";
    let cron = "start = \"0 16 * * FRI\"\n";
    one(
        &format!("{FREEZE}§[[freeze.windows]]\nname = \"w\"\n{zone}"),
        "needs `start` and `duration`, or `start` and `end`, or `from` and `until`",
        "add",
    );
    one(&format!("{FREEZE}§[[freeze.windows]]\nname = \"w\"\n{cron}duration = \"1h\""), "needs `timezone`", "America/New_York");
    one(&format!("{FREEZE}§[[freeze.windows]]\n{zone}\n{cron}duration = \"1h\""), "needs `name`", "name = ");
    window(&format!("§{cron}{zone}"), "`start` and `duration`, or `start` and `end` together", "`duration = \"64h\"` or `end = ");
    window(&format!("§end = \"0 8 * * MON\"\n{zone}"), "`start` and `end` together", "start = ");
    window(&format!("{cron}duration = \"64h\"\n§end = \"0 8 * * MON\"\n{zone}"), "has either", "remove one");
    window(&format!("{cron}end = §\"0 8 * *\"\n{zone}"), "this one has 4", "day of week");
    window(&format!("§until = 2026-01-01T00:00:00\n{zone}"), "`from` and `until` together", "from = ");
    window(&format!("{cron}duration = \"1h\"\n§from = 2026-01-01T00:00:00\n{zone}"), "has either", "remove one");
    window(&format!("start = §\"0 16 * *\"\nduration = \"1h\"\n{zone}"), "this one has 4", "day of week");
    window(&format!("{cron}duration = §\"0h\"\n{zone}"), "longer than zero", "64h");
    window(&format!("{cron}duration = §\"32d\"\n{zone}"), "at most 31 days", "shorten");
    window(&format!("{cron}duration = §\"90 minutes\"\n{zone}"), "not a duration", "64h");
    window(&format!("{cron}duration = §64\n{zone}"), "must be a string", "quote it");
    window(&format!("{cron}duration = \"1h\"\ntimezone = §\"America/NewYork\""), "unknown time zone", "\"America/New_York\"");
    window(&format!("{cron}duration = \"1h\"\ntimezone = §\"Berlin\""), "unknown time zone", "\"Europe/Berlin\"");
    for (given, help) in [
        ("+02:00", "for UTC+2 all year, write \"Etc/GMT-2\" (the sign is inverted"),
        ("GMT+2", "for UTC+2 all year, write \"Etc/GMT-2\""),
        ("UTC-5", "for UTC-5 all year, write \"Etc/GMT+5\""),
        ("UTC+05:30", "an offset has no daylight saving; name the place"),
        ("Etc/GMT+20", "an offset has no daylight saving; name the place"),
        ("Z", "write \"UTC\""),
        ("PST", "\"America/Los_Angeles\" or \"Asia/Manila\""),
        ("IST", "\"Asia/Kolkata\" or \"Asia/Jerusalem\" or \"Europe/Dublin\""),
        ("BST", "\"Europe/London\" or \"Asia/Dhaka\""),
        ("AEST", "\"Australia/Sydney\""),
        ("EDT", "\"America/New_York\""),
        ("XYZT", "an abbreviation is not a time zone"),
        ("Europ/Berlin", "did you mean \"Europe/Berlin\"?"),
        ("Nowhere At All", "write an IANA name"),
    ] {
        window(&format!("{cron}duration = \"1h\"\ntimezone = §\"{given}\""), "unknown time zone", help);
    }
    window(&format!("from = 2026-01-02T00:00:00\nuntil = §2026-01-02T00:00:00\n{zone}"), "ends after it begins", "swap");
    window(&format!("from = §2026-01-02\nuntil = 2026-01-03T00:00:00\n{zone}"), "local date-time", "from = 2026");
    window(&format!("from = 2026-01-02T00:00:00\nuntil = §2026-01-03T00:00:00Z\n{zone}"), "local date-time", "timezone");
    window(
        &format!("from = §\"2026-01-02T00:00:00\"\nuntil = 2026-01-03T00:00:00\n{zone}"),
        "local date-time, found a string",
        "from = 2026",
    );
    window(&format!("from = 2026-01-02T00:00:00\nuntil = §2026-12-31T23:59:60\n{zone}"), "no such moment", "2026-12-21");
    let twice = format!("[[freeze.windows]]\nname = \"w\"\n{cron}duration = \"1h\"\n{zone}\n");
    one(&format!("{FREEZE}{twice}{}", twice.replace("\"w\"", "§\"w\"")), "named twice", "keep one");
}

#[test]
fn no_text_that_is_not_a_place_is_corrected_to_a_zone_by_its_spelling() {
    let zones = jiff::tz::TimeZoneDatabase::bundled();
    let letters = ["P", "S", "T", "G", "M", "+2", "-5", "+", "Z", "UTC", "Etc/", "+10"];
    for (a, b) in letters.iter().flat_map(|a| letters.iter().map(move |b| (a, b))) {
        for c in letters {
            let text = format!("{a}{b}{c}");
            if zones.get(&text).is_ok() {
                continue;
            }
            let file = format!(
                "version = 1\n{FREEZE}[[freeze.windows]]\nname = \"w\"\nstart = \"0 1 * * *\"\nduration = \"1h\"\ntimezone = \"{text}\""
            );
            let problems = parse("gate.toml", &file).unwrap_err();
            let helps: Vec<_> = problems.problems.iter().filter_map(|problem| problem.help.as_deref()).collect();
            assert!(helps.iter().all(|help| !help.contains("did you mean")), "{text}: {helps:?}");
        }
    }
}

#[test]
fn what_a_window_most_likely_does_not_mean_is_a_warning() {
    let warnings = |start: &str, zone: &str| {
        let file =
            format!("version = 1\n{FREEZE}[[freeze.windows]]\nname = \"w\"\nstart = \"{start}\"\nduration = \"1h\"\ntimezone = \"{zone}\"");
        let found = parse("gate.toml", &file).unwrap().warnings;
        found.into_iter().map(|warning| (warning.at.line, warning.message)).collect::<Vec<_>>()
    };
    assert_eq!(warnings("0 8 * * 1", "Europe/Berlin"), []);
    assert_eq!(warnings("0 8 */2 * 1", "UTC"), []);
    let [(line, message)] = &warnings("0 8 1-7 * 1", "UTC")[..] else { panic!("one warning") };
    assert!(*line == 7 && message.contains("cron takes either"), "{line}: {message}");
    for zone in ["EST", "MST", "HST"] {
        let [(9, message)] = &warnings("0 8 * * 1", zone)[..] else { panic!("one warning") };
        assert!(message.contains("no daylight saving"), "{message}");
    }
    let [(9, message)] = &warnings("0 8 * * 1", "Etc/GMT+2")[..] else { panic!("one warning") };
    assert!(message.contains("is UTC-2"), "{message}");
}
