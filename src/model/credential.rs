//! When a value looks like a credential (law 8).
//!
//! Owns the signs: a name that secrets have, and forms that only secrets have. Hiding a value needlessly costs a look
//! at the app; showing one needlessly costs the secret. Tested below.

/// Words that mark any longer name as a secret's: `API_TOKEN`, `dbPassword`, `SECRET_KEY_BASE`.
const PARTS: [&str; 12] = [
    "secret",
    "token",
    "password",
    "passwd",
    "passphrase",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "connectionstring",
    "webhook",
];

/// Shorter words that count only if they stand alone: `DB_PASS`, `STRIPE_KEY`, `SENTRY_DSN`; `BYPASS` and `MONKEY` do not.
const WORDS: [&str; 14] = ["key", "keys", "pass", "pwd", "pw", "auth", "dsn", "pat", "creds", "jwt", "salt", "hmac", "cookie", "pem"];

/// Token prefixes of well-known services, their names, and the minimum number of characters that follow.
const TOKENS: [(&str, &str, usize); 37] = [
    ("ghp_", "a GitHub token", 16),
    ("gho_", "a GitHub token", 16),
    ("ghu_", "a GitHub token", 16),
    ("ghs_", "a GitHub token", 16),
    ("ghr_", "a GitHub token", 16),
    ("github_pat_", "a GitHub token", 16),
    ("glpat-", "a GitLab token", 16),
    ("HRKU-", "a Heroku token", 16),
    ("xoxb-", "a Slack token", 10),
    ("xoxp-", "a Slack token", 10),
    ("xoxa-", "a Slack token", 10),
    ("xoxe-", "a Slack token", 10),
    ("xapp-", "a Slack token", 10),
    ("AKIA", "an AWS access key", 16),
    ("ASIA", "an AWS access key", 16),
    ("AIza", "a Google API key", 30),
    ("ya29.", "a Google token", 16),
    ("sk_live_", "a Stripe key", 10),
    ("sk_test_", "a Stripe key", 10),
    ("rk_live_", "a Stripe key", 10),
    ("whsec_", "a webhook secret", 16),
    ("sk-ant-", "an API key", 16),
    ("sk-proj-", "an API key", 16),
    ("SG.", "a SendGrid key", 16),
    ("key-", "a Mailgun key", 32),
    ("npm_", "an npm token", 30),
    ("pypi-", "a PyPI token", 30),
    ("rubygems_", "a RubyGems key", 30),
    ("dckr_pat_", "a Docker token", 16),
    ("dop_v1_", "a DigitalOcean token", 16),
    ("hvs.", "a Vault token", 16),
    ("hvb.", "a Vault token", 16),
    ("shpat_", "a Shopify token", 16),
    ("lin_api_", "a Linear key", 16),
    ("glsa_", "a Grafana token", 16),
    ("dapi", "a Databricks token", 32),
    ("eyJ", "a JSON web token", 20),
];

/// Addresses that let anyone who has them post.
const WEBHOOKS: [&str; 4] = ["hooks.slack.com/", "discord.com/api/webhooks/", "discordapp.com/api/webhooks/", ".webhook.office.com/"];

/// Names of parameters and fields that hold secrets inside a longer value: `password=…`, `"token": "…"`, `?sig=…`.
const FIELDS: [&str; 12] =
    ["password", "passwd", "pwd", "secret", "token", "accountkey", "accesskey", "access_key", "apikey", "api_key", "private_key", "sig"];

/// Whether a value must not be shown, by its name or by its form. A switch (`true`, `0`) never is.
pub(super) fn is_credential(name: &str, text: &str) -> bool {
    let switch = ["", "true", "false", "yes", "no", "on", "off", "0", "1"];
    !switch.contains(&text.trim().to_ascii_lowercase().as_str()) && (is_named_like_one(name) || holds_one(text))
}

/// The kind of credential in a text, in words; `None` if only its name could mark it as one.
pub fn credential_in(text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY") {
        return Some("a private key");
    }
    let known = TOKENS.iter().find(|(prefix, what, least)| {
        let dotted = *what != "a JSON web token" || text.contains('.');
        dotted && tails(text, prefix).any(|tail| tail.chars().take_while(|c| is_token_char(*c)).count() >= *least)
    });
    known.map(|(_, what, _)| *what).or_else(|| has_password_in_url(text).then_some("a password in a URL"))
}

/// The text with `***` for every word that holds a credential, and for every PEM block.
pub fn without_credentials(text: &str) -> String {
    let words = |text: &str| -> String { text.split_inclusive(char::is_whitespace).map(masked_word).collect() };
    let (mut clean, mut rest) = (String::new(), text);
    while let Some((before, block)) = rest.split_once("-----BEGIN ") {
        clean = clean + &words(before) + "***";
        rest = block.split_once("-----END ").and_then(|(_, end)| end.split_once("-----")).map_or("", |(_, after)| after);
    }
    clean + &words(rest)
}

/// A word, with the blank after it, unless it holds a credential.
fn masked_word(word: &str) -> String {
    let bare = word.trim_end();
    // A shorter one is not more than a name.
    if bare.len() > 7 && holds_one(bare) { word.replace(bare, "***") } else { word.to_owned() }
}

fn holds_one(text: &str) -> bool {
    // The second is how `-----BEGIN` looks in Base64.
    let pem = text.contains("-----BEGIN ") || text.contains("LS0tLS1CRUdJTi");
    pem || credential_in(text).is_some() || WEBHOOKS.iter().any(|address| text.contains(address)) || has_secret_field(text)
}

fn is_named_like_one(name: &str) -> bool {
    let words = words(name);
    let joined = words.concat();
    let public = words.iter().any(|word| word == "public" || word == "publishable");
    PARTS.iter().any(|part| joined.contains(part)) || (!public && words.iter().any(|word| WORDS.contains(&word.as_str())))
}

/// `dbPassword` and `DB_PASSWORD` as `db`, `password`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (lower && c.is_uppercase()) {
            words.push(String::new());
        }
        lower = c.is_lowercase();
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    words
}

fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.".contains(c)
}

/// What follows each place where `prefix` begins a word.
fn tails<'t>(text: &'t str, prefix: &'t str) -> impl Iterator<Item = &'t str> {
    text.match_indices(prefix).filter_map(move |(at, _)| {
        let before = text.get(..at)?.chars().next_back();
        if before.is_some_and(|c| c.is_ascii_alphanumeric()) { None } else { text.get(at + prefix.len()..) }
    })
}

/// Whether a URL, or a data source name, has a password or a token before its `@`. A password may hold any character unescaped, so
/// everything up to the last `@` of the word counts.
fn has_password_in_url(text: &str) -> bool {
    let words = || text.split(|c: char| c.is_whitespace() || "\"'<>`,;".contains(c));
    let before_at = |rest: &str| rest.rsplit_once('@').map(|(before, _)| before.to_owned());
    let in_url = words().filter_map(|word| before_at(word.split_once("://")?.1)).any(|user| match user.split_once(':') {
        Some((_, password)) => !password.is_empty(),
        // A user name is short, a token is not.
        None => user.len() >= 20,
    });
    // `user:password@tcp(host:3306)/db`
    let is_user = |user: &str| !user.is_empty() && user.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let in_source = words().filter(|word| !word.contains("://")).filter_map(before_at);
    in_url
        || in_source.into_iter().any(|before| before.split_once(':').is_some_and(|(user, password)| is_user(user) && !password.is_empty()))
}

/// Whether a field inside the text is named like a secret and has a value.
fn has_secret_field(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    if ["bearer ", "basic "]
        .iter()
        .any(|scheme| tails(&text, scheme).any(|tail| tail.chars().take_while(|c| !c.is_whitespace()).count() >= 8))
    {
        return true;
    }
    FIELDS.iter().any(|field| {
        text.match_indices(field).any(|(at, _)| {
            let whole =
                *field != "sig" || text.get(..at).and_then(|before| before.chars().next_back()).is_none_or(|c| !c.is_alphanumeric());
            let rest = text.get(at + field.len()..).unwrap_or_default().trim_start_matches(['"', '\'', ' ']);
            let value = rest.strip_prefix(['=', ':']).map(|value| value.trim_start_matches(['"', '\'', ' ']));
            whole && value.is_some_and(|value| !value.is_empty() && !value.starts_with(['&', ',', ';', '}', '/']))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_secrets_have() {
        for name in [
            "API_TOKEN",
            "GH_TOKEN",
            "SECRET_KEY_BASE",
            "DB_PASS",
            "dbPassword",
            "STRIPE_KEY",
            "SENTRY_DSN",
            "apiKey",
            "AWS_SECRET_ACCESS_KEY",
            "GH_PAT",
            "BASIC_AUTH",
            "AWS-ACCESS-KEY",
            "SLACK_WEBHOOK_URL",
            "RAILS_MASTER_KEY",
            "token",
        ] {
            assert!(is_credential(name, "x"), "{name}");
        }
        for name in [
            "TIER",
            "DEPLOY_FREEZE",
            "DEPLOY_FREEZE_OVERRIDE_INFO",
            "BYPASS",
            "MONKEY",
            "PATH",
            "STRIPE_PUBLISHABLE_KEY",
            "AUTHOR",
            "DATABASE_URL",
            "KEYBOARD",
        ] {
            assert!(!is_credential(name, "x"), "{name}");
        }
    }

    #[test]
    fn a_switch_is_shown_whatever_its_name() {
        for text in ["true", "FALSE", "1", "0", " off ", ""] {
            assert!(!is_credential("REQUIRE_TOKEN", text), "{text}");
        }
        assert!(is_credential("REQUIRE_TOKEN", "2"));
    }

    #[test]
    fn forms_that_only_secrets_have() {
        for text in [
            "postgres://app:hunter2@db.example.com:5432/app",
            "postgres://app:p/w#d?@db.example.com/app",
            "rediss://:pa55@cache.example.com:6380",
            "see https://a:b@example.com for more",
            "https://0123456789abcdef0123456789abcdef@o1.ingest.sentry.io/1",
            "app:hunter2@tcp(db:3306)/app",
            "host=db user=app password=hunter2",
            "Server=db;User=app;Pwd=hunter2;",
            "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=abc==",
            r#"{"type": "service_account", "private_key": "x"}"#,
            "https://store.example.com/file?sv=1&sig=abcdef",
            "https://api.example.com/?access_token=abc",
            "Bearer abcdefghijkl",
            "https://hooks.slack.com/services/T0/B0/x",
            "-----BEGIN CERTIFICATE-----\nMII",
            "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t",
            "ghp_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5",
            "token ghs_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5",
            "AKIAIOSFODNN7EXAMPLE",
            "HRKU-01234567-89ab-cdef-0123-456789abcdef",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        ] {
            assert!(is_credential("X", text), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_shown() {
        for text in [
            "prod",
            "postgres://new",
            "postgres://db.example.com:5432/app",
            "https://example.com:8443/path?page=2",
            "ssh://git@github.com/acme/shop.git",
            "git@github.com:acme/shop.git",
            "ann@example.com",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
            "2026-11-26T19:00:00Z",
            "eu-west-1",
            "key-value",
            "the password is kept elsewhere",
            r#"{"id":"0f0f0f0f-0000-4000-8000-000000000000","reason":"INC-12","by":"gh:ann","kind":"manual"}"#,
        ] {
            assert!(!is_credential("X", text), "{text}");
        }
    }

    #[test]
    fn a_credential_is_named() {
        assert_eq!(credential_in("-----BEGIN RSA PRIVATE KEY-----\nx"), Some("a private key"));
        assert_eq!(credential_in("-----BEGIN CERTIFICATE-----\nx"), None);
        assert_eq!(credential_in("ghp_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"), Some("a GitHub token"));
        assert_eq!(credential_in("postgres://a:b@c/d"), Some("a password in a URL"));
        assert_eq!(credential_in("ghp_example"), None);
        assert_eq!(credential_in("xghp_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"), None);
    }

    #[test]
    fn words_that_hold_a_credential_are_masked_and_all_others_stay() {
        for (text, masked) in [
            ("value postgres://a:b@c/d\tis too long", "value ***\tis too long"),
            ("'ghp_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5'", "***"),
            ("got -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----, no", "got ***, no"),
            ("got -----BEGIN RSA PRIVATE KEY-----\nMII", "got ***"),
            ("password=hunter2 is wrong", "*** is wrong"),
        ] {
            assert_eq!(without_credentials(text), masked);
        }
        for text in
            ["Validation Failed", "  a\n b ", "", "Variable.value: is too long; secret: missing", "see https://docs.github.com/rest?a=b"]
        {
            assert_eq!(without_credentials(text), text);
        }
    }
}
