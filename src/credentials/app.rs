//! A GitHub App's installation tokens: requested when needed, kept in memory for their hour, narrowed to what the run does.
//!
//! The App signs a statement of a few minutes with its private key (RS256, by `ring`), finds where it is installed, and asks for a token.
//! Tested against the emulator in `tests/program/app.rs`.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::github::is_trusted;
use super::{Listener, ProcessEnv, file};
use crate::http::{ApiError, Endpoint, ErrorKind, Stack, Target, Token, TokenAnswer, TokenSource};

/// How long a token is used: an installation token lives an hour (fact G2.9).
const USED_FOR: Duration = Duration::from_secs(55 * 60);
/// How long a statement is valid; GitHub allows ten minutes, and clocks differ.
const STATEMENT: u64 = 9 * 60;
/// How far back a statement is dated, for a clock that is fast.
const SKEW: u64 = 60;

/// What a run does with GitHub: it gets a token limited to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Reads.
    Read,
    /// Reads and writes.
    Write,
}

impl Use {
    /// The permissions that gatectl can use, as the API names them, with what each is for.
    fn permissions(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Read => &[
                ("actions", "read"),
                ("actions_variables", "read"),
                ("administration", "read"),
                ("contents", "read"),
                ("deployments", "read"),
                ("environments", "read"),
                ("members", "read"),
                ("metadata", "read"),
                ("organization_actions_variables", "read"),
                ("organization_plan", "read"),
                ("pull_requests", "read"),
                ("secrets", "read"),
            ],
            Self::Write => &[
                ("actions", "read"),
                ("actions_variables", "write"),
                ("administration", "write"),
                ("contents", "read"),
                ("deployments", "write"),
                ("environments", "write"),
                ("members", "read"),
                ("metadata", "read"),
                ("organization_actions_variables", "write"),
                ("secrets", "read"),
            ],
        }
    }
}

/// Where an App is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The organization or user.
    pub owner: String,
    /// The repository, if the run is about one: the token then sees no other.
    pub repository: Option<String>,
}

/// The tokens of one App for one repository or organization.
pub struct App {
    id: String,
    key: Result<RsaKeyPair, ApiError>,
    stack: Stack,
    endpoint: Endpoint,
    installed: Installed,
    purpose: Use,
    listener: Arc<dyn Listener>,
    current: Mutex<Option<(Token, Instant)>>,
}

#[derive(Deserialize)]
struct Installation {
    id: u64,
    /// `Organization` or `User`.
    target_type: Option<String>,
    suspended_at: Option<String>,
    permissions: Map<String, Value>,
}

#[derive(Deserialize)]
struct Made {
    token: String,
}

impl App {
    /// The App that environment variables name: `GATECTL_APP_ID` with `GATECTL_APP_PRIVATE_KEY` or `GATECTL_APP_PRIVATE_KEY_FILE`.
    /// `None` if it names none. A bad key is reported with the first token.
    ///
    /// `stack` must be one of its own: a token may be requested while a write of the run holds its turn.
    pub fn of(
        env: &ProcessEnv,
        stack: Stack,
        endpoint: &Endpoint,
        installed: Installed,
        purpose: Use,
        listener: &Arc<dyn Listener>,
    ) -> Option<Self> {
        let id = env.get("GATECTL_APP_ID")?.trim().to_owned();
        Some(Self {
            id,
            key: if is_trusted(env, endpoint) { key(env, listener.as_ref()) } else { Err(foreign(endpoint)) },
            stack,
            endpoint: endpoint.clone(),
            installed,
            purpose,
            listener: Arc::clone(listener),
            current: Mutex::default(),
        })
    }

    /// The signed statement (JWT) of this App.
    fn statement(&self) -> Result<Token, ApiError> {
        let key = self.key.as_ref().map_err(Clone::clone)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let claims = json!({"iat": now.saturating_sub(SKEW), "exp": now + STATEMENT, "iss": self.id});
        let text = [json!({"alg": "RS256", "typ": "JWT"}), claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
            .map_err(|_| failed("the GitHub App's private key cannot sign", "generate a new private key on the App's settings page"))?;
        let statement = Token::new(&format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)), format!("the GitHub App {}", self.id));
        self.listener.found(&statement);
        Ok(statement)
    }

    async fn make(&self) -> Result<Token, ApiError> {
        let client = self.stack.writer(&self.endpoint, Some(self.statement()?))?;
        let Installed { owner, repository } = &self.installed;
        let target = match repository {
            Some(repository) => Target::new(["repos", owner, repository, "installation"]),
            None => Target::new(["orgs", owner, "installation"]),
        };
        let installation: Installation = client.reader().get_json(&target).await.map_err(|error| self.not_found(error))?;
        if installation.suspended_at.is_some() {
            return Err(failed(
                format!("the installation of the GitHub App {} on {owner} is suspended", self.id),
                format!("an admin of {owner} can lift that at {}", self.page(&installation)),
            ));
        }
        let permissions = self.granted(&installation);
        if permissions.is_empty() {
            let missing = format!("the installation of the GitHub App {} on {owner} has no permission that gatectl can use", self.id);
            return Err(failed(missing, format!("grant it `Actions: read` at least: {}", self.page(&installation))));
        }
        let mut body = json!({"permissions": permissions});
        if let Some(repository) = repository {
            body["repositories"] = json!([repository]);
        }
        let target = Target::new(["app", "installations", &installation.id.to_string(), "access_tokens"]);
        let reply = client.post(&target, &body).await.map_err(|error| self.refused(error, Some(&installation)))?;
        let made = Made::deserialize(reply.body).map_err(|_| client.reader().malformed(&target, "the response holds no token"))?;
        let token = Token::new(&made.token, format!("the GitHub App {}", self.id));
        self.listener.found(&token);
        Ok(token)
    }

    /// What to ask for: of what gatectl can use, what the installation was granted. A lesser level is better than none.
    fn granted(&self, installation: &Installation) -> Map<String, Value> {
        let mut granted = Map::new();
        for (area, level) in self.purpose.permissions() {
            match installation.permissions.get(*area).and_then(Value::as_str) {
                None => {}
                Some("read") => {
                    granted.insert((*area).to_owned(), json!("read"));
                }
                Some(_) => {
                    granted.insert((*area).to_owned(), json!(level));
                }
            }
        }
        let administration = granted.get("administration").and_then(Value::as_str);
        if self.purpose == Use::Write && administration != Some("write") {
            self.listener.warn(&format!(
                "the GitHub App {} was not granted `Administration: write`, which changing an environment needs; an admin of {} can grant it at {}",
                self.id,
                self.installed.owner,
                self.page(installation)
            ));
        }
        granted
    }

    fn not_found(&self, error: ApiError) -> ApiError {
        let Installed { owner, repository } = &self.installed;
        let place = repository.as_ref().map_or_else(|| owner.clone(), |repository| format!("{owner}/{repository}"));
        match error.kind {
            ErrorKind::NotFound => failed(
                format!("the GitHub App {} is not installed on {place} ({error})", self.id),
                format!("install it on {owner} and give it access to the repository, or check GATECTL_APP_ID"),
            ),
            _ => self.refused(error, None),
        }
    }

    fn refused(&self, error: ApiError, installation: Option<&Installation>) -> ApiError {
        let words = error.message.to_ascii_lowercase();
        let hint = match error.kind {
            ErrorKind::Unauthenticated if words.contains("claim") || words.contains("expir") => {
                "this machine's clock differs from GitHub's: set it (for example by NTP), and run again".to_owned()
            }
            ErrorKind::Unauthenticated => {
                format!("the private key does not belong to the App {}: check GATECTL_APP_ID and GATECTL_APP_PRIVATE_KEY together", self.id)
            }
            ErrorKind::Forbidden | ErrorKind::Unprocessable => {
                let page = installation.map(|installation| format!(": {}", self.page(installation))).unwrap_or_default();
                format!("check the installation's repositories and permissions{page}")
            }
            _ => return error,
        };
        ApiError { hint: Some(hint), ..error }
    }

    /// The settings page of the installation. That of a person's own account does not name the account.
    fn page(&self, installation: &Installation) -> String {
        let whose = match installation.target_type.as_deref() {
            Some("User") => String::new(),
            _ => format!("organizations/{}/", self.installed.owner),
        };
        format!("https://{}/{whose}settings/installations/{}", self.endpoint.web_host(), installation.id)
    }
}

impl TokenSource for App {
    fn token(&self) -> TokenAnswer<'_> {
        Box::pin(async {
            let mut current = self.current.lock().await;
            if let Some((token, made)) = current.as_ref()
                && made.elapsed() < USED_FOR
            {
                return Ok(token.clone());
            }
            let token = self.make().await?;
            *current = Some((token.clone(), Instant::now()));
            Ok(token)
        })
    }

    fn instead_of<'a>(&'a self, refused: &'a Token) -> TokenAnswer<'a> {
        Box::pin(async {
            let mut current = self.current.lock().await;
            match current.as_ref() {
                // Another request has renewed it already.
                Some((token, _)) if !token.is_same(refused) => Ok(token.clone()),
                _ => {
                    let token = self.make().await?;
                    *current = Some((token.clone(), Instant::now()));
                    Ok(token)
                }
            }
        })
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "App({} on {}, {:?})", self.id, self.installed.owner, self.purpose)
    }
}

fn failed(message: impl Into<String>, hint: impl Into<String>) -> ApiError {
    ApiError { hint: Some(hint.into()), ..ApiError::new("", ErrorKind::Unauthenticated, message) }
}

/// A statement for one host could be used at another, so it is sent only to hosts that a token may be sent to.
fn foreign(endpoint: &Endpoint) -> ApiError {
    let host = endpoint.web_host();
    failed(
        format!("the GitHub App in GATECTL_APP_ID is not used for {host}, which only gate.toml names"),
        format!("set GH_HOST={host} if that server is yours"),
    )
}

/// The private key, from the variable or from the file that the other variable names.
fn key(env: &ProcessEnv, listener: &dyn Listener) -> Result<RsaKeyPair, ApiError> {
    let hint = "generate a private key on the App's settings page and pass its whole .pem file";
    if let Some(text) = env.get("GATECTL_APP_PRIVATE_KEY") {
        // Some systems keep a variable on one line.
        return parse(&text.replace("\\n", "\n")).map_err(|why| failed(format!("GATECTL_APP_PRIVATE_KEY {why}"), hint));
    }
    let Some(path) = env.get("GATECTL_APP_PRIVATE_KEY_FILE") else {
        let missing = "GATECTL_APP_ID is set, but there is no private key for it";
        return Err(failed(missing, "set GATECTL_APP_PRIVATE_KEY to the key, or GATECTL_APP_PRIVATE_KEY_FILE to its file"));
    };
    match file::read(path.as_ref()) {
        Ok(Some(file)) => {
            file.warning.iter().for_each(|warning| listener.warn(warning));
            parse(&file.text).map_err(|why| failed(format!("GATECTL_APP_PRIVATE_KEY_FILE: {path} {why}"), hint))
        }
        Ok(None) => Err(failed(format!("GATECTL_APP_PRIVATE_KEY_FILE: there is no file {path}"), hint)),
        Err(why) => Err(failed(format!("GATECTL_APP_PRIVATE_KEY_FILE: {why}"), hint)),
    }
}

/// Reads PEM: PKCS#1, as GitHub gives it out, or PKCS#8. No message quotes it.
fn parse(text: &str) -> Result<RsaKeyPair, String> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let body: String = lines.iter().filter(|line| !line.starts_with("-----")).copied().collect();
    let kind = lines.first().copied().unwrap_or_default();
    let der = STANDARD.decode(body).ok().filter(|der| !der.is_empty());
    let key = match (kind, der) {
        ("-----BEGIN RSA PRIVATE KEY-----", Some(der)) => RsaKeyPair::from_der(&der),
        ("-----BEGIN PRIVATE KEY-----", Some(der)) => RsaKeyPair::from_pkcs8(&der),
        _ => return Err("does not hold an RSA private key in PEM form".to_owned()),
    };
    key.map_err(|why| format!("does not hold an RSA key that can be used: {why}"))
}
