//! Keys and their values: near matches, types, bounds, and that no key is read in vain.

use super::*;

#[test]
fn the_version_is_named_and_known() {
    for (text, message) in [("", "needs `version`"), ("version = 2", "must be 1"), ("version = \"1\"", "must be a whole number")] {
        let [problem] = &refuse(text)[..] else { panic!("one problem") };
        assert!(problem.message.contains(message), "{}", problem.message);
        assert_eq!(problem.at.line, 1);
    }
}

#[test]
fn unknown_keys_have_a_near_match_or_the_list() {
    in_prod("§reviewrs = []", "unknown key `reviewrs` in an environment", "write `reviewers`");
    in_prod("§waitTimer = 1", "unknown key", "write `wait_timer`");
    in_prod("§wait-timer = 1", "unknown key", "write `wait_timer`");
    in_prod("§zzz = 1", "unknown key `zzz`", "`reviewers`, `prevent_self_review`");
    one("[§environment.production]", "unknown key `environment` in gate.toml", "write `environments`");
    one("[§x]\ny = 1", "unknown key", "`github`, `fleet`, `environments`");
    one("[github]\n§repo = \"a/b\"", "unknown key `repo`", "`repository`");
    one("[heroku]\n§conf = {}", "unknown key `conf`", "`config`");
    in_prod("reviewers = [{ §usr = \"a\", user = \"a\" }]", "unknown key `usr` in a reviewer", "write `user`");
    in_prod("deployment_branch_policy = { §branch = [\"main\"], tags = [\"v*\"] }", "unknown key `branch`", "write `branches`");
    one("[github]\n§reviewers = []", "unknown key `reviewers`", "a key of an environment");
    in_prod("§heroku_app = \"my-app\"", "unknown key", "a key of `[freeze]`");
    let long = "x".repeat(10_000);
    assert!(refuse(&format!("version = 1\n{long} = 1"))[0].message.len() < 200);
}

#[test]
fn a_misspelled_key_is_one_problem() {
    one("[[workflows]]\n§fil = \".github/workflows/a.yml\"\nenvironment = \"p\"", "unknown key `fil`", "write `file`");
    in_prod("reviewers = [{ §usr = \"a\" }]", "unknown key `usr`", "write `user`");
    in_prod("deployment_branch_policy = { §branch = [\"main\"] }", "unknown key `branch`", "write `branches`");
    in_prod("§reviewrs = [{ user = \"a\" }]\nprevent_self_review = true", "unknown key `reviewrs`", "write `reviewers`");
    in_prod("reviewers = [§\"a\"]\nprevent_self_review = true", "must be a table", "user");
}

#[test]
fn wrong_types_say_what_is_wanted_and_how_to_write_it() {
    in_prod("wait_timer = §\"30\"", "`wait_timer` must be a whole number, found a string", "remove the quotes: 30");
    in_prod("wait_timer = §1.5", "must be a whole number, found a decimal number", "wait_timer = 30");
    in_prod("can_admins_bypass = §\"false\"", "must be true or false", "remove the quotes: false");
    in_prod("can_admins_bypass = §0", "must be true or false, found a whole number", "can_admins_bypass = false");
    in_prod("reviewers = §\"a\"", "must be a list of reviewers, found a string", "{ user = \"LOGIN\" }");
    in_prod("reviewers = [§\"a\"]", "must be a table, found a string", "{ user = \"LOGIN\" }");
    in_prod("deployment_branch_policy = §true", "must be \"all\" or \"protected\" or a table", "branches");
    in_prod("variables = { A = §1 }", "`A` must be a string, found a whole number", "quote it: \"1\"");
    in_prod("variables = { A = §true }", "`A` must be a string, found a boolean", "quote it: \"true\"");
    in_prod("secrets = [§1]", "must be a string", "quote it: \"1\"");
    one("environments = §1", "must be a table", "[environments.production]");
    one("[environments]\nproduction = §1", "`production` must be a table", "[environments.production]");
    one("§[workflows]\nfile = \"x\"", "must be a list of workflows, found a table", "[[workflows]]");
    one("[heroku.config.my-app]\nDEPLOY_FREEZE_OVERRIDE = §0", "must be a string", "quote it: \"0\"");
}

#[test]
fn numbers_have_bounds() {
    for (value, ok) in [("0", true), ("43200", true), ("0xA8C0", true), ("43201", false), ("-1", false), ("99999999999999999999999", false)]
    {
        let text = format!("version = 1\n{PROD}wait_timer = {value}");
        assert_eq!(parse("gate.toml", &text).is_ok(), ok, "{value}");
    }
    in_prod("wait_timer = §43201", "must be from 0 to 43200, found `43201`", "30 days");
    in_prod("reviewers = [{ user = \"a\", id = §0 }]", "`id` must be at least 1", "id");
}

#[test]
fn addresses_are_safe_to_send_a_token_to() {
    one("[github]\nrepository = §\"https://github.com/o/r.git\"", "OWNER/REPO", "write \"o/r\"");
    one("[github]\nrepository = §\"r\"", "OWNER/REPO", "write \"OWNER/REPO\"");
    for (url, message) in [
        ("ghe.example.com", "not an address"),
        ("http://ghe.example.com/api/v3", "in the open"),
        ("http://localhost.example.com", "in the open"),
        ("https://u:p@h/api/v3", "must not hold a user"),
        ("https:///x", "not an address"),
        ("https://h/ x", "not an address"),
        ("ftp://h/", "https"),
    ] {
        one(&format!("[github]\napi_url = §\"{url}\""), message, "");
    }
    for url in ["http://localhost:3000", "http://[::1]:80/x", "https://api.x.ghe.com"] {
        read(&format!("version = 1\n[github]\napi_url = \"{url}\""));
    }
}

#[test]
fn no_key_is_read_in_vain() {
    let mut used: BTreeSet<String> = BTreeSet::new();
    for text in [FULL, fleet::FULL, fleet::BY_PROPERTY] {
        let whole = read(text);
        let document: toml_edit::DocumentMut = text.parse().unwrap();
        let mut all = Vec::new();
        paths(document.as_item(), &[], &mut all);
        for path in &all {
            let mut less = document.clone();
            remove(less.as_item_mut(), path);
            if let Ok(config) = parse("gate.toml", &less.to_string()) {
                assert_ne!(config.desired, whole, "{} changes nothing", path.join("."));
            }
        }
        used.extend(all.into_iter().filter_map(|mut path| path.pop()));
    }
    assert!(used.len() > 50, "{}", used.len());
    for key in keys::TABLES.iter().flat_map(|table| table.names()) {
        assert!(used.contains(key), "{key} is not in the example");
    }
}

#[test]
fn the_example_of_each_key_reads_as_its_kind() {
    for schema in keys::TABLES {
        for key in schema.keys {
            if key.example.starts_with('[') || key.example.starts_with('{') {
                continue;
            }
            let (table, errors) = DeTable::parse_recoverable(key.example);
            assert!(errors.is_empty(), "{}", key.example);
            let mut sink = Sink::new(key.example);
            check::table(&mut sink, schema, table.get_ref(), 0..0);
            let problems = sink.finish("x").problems;
            assert!(problems.iter().all(|p| p.message.contains("needs")), "{}: {problems:?}", key.example);
            assert!(table.get_ref().contains_key(key.name), "{}", key.example);
        }
    }
}
