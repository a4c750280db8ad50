//! How each answer that is not a success is told.

use super::*;

#[tokio::test]
async fn a_renamed_repository_is_told_by_its_new_address() {
    let to = "/repositories/1";
    let error = get([Act::answer(301, &[("location", to)], "{}")]).await.0.unwrap_err();
    assert!(error.hint.unwrap().contains("renamed"));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_said_so() {
    let stack = Stack::new(settings());
    let client = stack.reader(&github_at("https://gatectl.invalid").unwrap(), None).unwrap();
    let error = client.get(&target()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transport);
    assert!(error.hint.unwrap().contains("gatectl.invalid"));
}

#[tokio::test]
async fn redirects_are_told_and_never_followed() {
    let (elsewhere, other) = start([Act::json(200, "{}")]).await;
    for status in [301, 302, 307, 308] {
        let (base, log) = start([Act::answer(status, &[("location", &elsewhere)], "{\"message\":\"Moved Permanently\"}")]).await;
        let error = github(&base).reader().get(&target()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Moved(Some(elsewhere.clone())));
        assert!(error.hint.unwrap().contains(&elsewhere));
        assert_eq!(log.requests().len(), 1);
    }
    assert!(other.requests().is_empty(), "no request, and so no token, goes to another host");
}

#[tokio::test]
async fn what_is_not_the_api_is_malformed_and_not_asked_again() {
    let page = "<!DOCTYPE html><html><head><title>Guest Wi-Fi</title></head>hunter2</html>";
    for act in [Act::answer(200, &[], page), Act::answer(403, &[("content-type", "text/html")], page), Act::answer(404, &[], page)] {
        let (result, asked) = get([act]).await;
        let error = result.unwrap_err();
        assert_eq!((&error.kind, asked), (&ErrorKind::Malformed, 1));
        assert!(error.message.contains("Guest Wi-Fi") && !error.message.contains("hunter2"), "{error}");
        assert!(error.hint.unwrap().contains("something other than the API"));
    }
    for body in ["", "nonsense", &format!("{}1", "[".repeat(100_000))] {
        let (result, asked) = get([Act::json(200, body)]).await;
        assert_eq!((result.unwrap_err().kind, asked), (ErrorKind::Malformed, 1));
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_dropped() {
    let (base, log) = start([Act::json(200, &format!("\"{}\"", "x".repeat(2000)))]).await;
    let stack = Stack::new(Settings { max_body: 1000, ..settings() });
    let client = stack.writer(&github_at(&base).unwrap(), token()).unwrap();
    let error = client.reader().get(&target()).await.unwrap_err();
    assert_eq!((error.kind, log.requests().len()), (ErrorKind::Malformed, 1));
    assert!(client.put(&target(), &json!({})).await.unwrap_err().may_have_applied);
}

#[tokio::test]
async fn missing_rights_are_named() {
    let forbidden =
        |headers: &[(&str, &str)]| Act::answer(403, headers, "{\"message\":\"Resource not accessible by personal access token\"}");
    let accepted =
        [("x-accepted-github-permissions", "administration=write"), ("x-ratelimit-remaining", "4999"), ("x-github-request-id", "AB:12")];
    let error = get([forbidden(&accepted)]).await.0.unwrap_err();
    assert_eq!((error.kind.clone(), error.request_id.as_deref()), (ErrorKind::Forbidden, Some("AB:12")));
    assert_eq!(error.accepted_permissions.as_deref(), Some("administration=write"));
    let hint = error.hint.unwrap();
    assert!(hint.contains("Administration: write") && hint.contains("GH_TOKEN"), "{hint}");

    let sso = [("x-github-sso", "required; url=https://github.com/orgs/acme/sso?authorization_request=1")];
    let hint = get([forbidden(&sso)]).await.0.unwrap_err().hint.unwrap();
    assert!(hint.contains("https://github.com/orgs/acme/sso?authorization_request=1"), "{hint}");

    let scopes = [("x-oauth-scopes", "gist, read:org"), ("x-accepted-oauth-scopes", "repo")];
    let hint = get([forbidden(&scopes)]).await.0.unwrap_err().hint.unwrap();
    assert!(hint.contains("gist, read:org") && hint.contains("accepted are: repo"), "{hint}");
}

#[tokio::test]
async fn heroku_names_its_scopes_and_keeps_its_request_id() {
    let (base, log) = start([Act::json(403, "{\"id\":\"forbidden\",\"message\":\"You do not have access\"}")]).await;
    let client = heroku(&base);
    let read = client.reader().get(&target()).await.unwrap_err();
    assert!(read.hint.unwrap().contains("`read-protected`"));
    assert_eq!(read.details, ["id forbidden"]);
    assert_eq!(read.request_id.as_deref(), header(&log.requests()[0], "request-id"));
    assert!(client.patch(&target(), &json!({})).await.unwrap_err().hint.unwrap().contains("`write-protected`"));
    for (status, id, word) in [
        (403, "two_factor", "second factor"),
        (403, "suspended", "suspended"),
        (402, "delinquent", "bill"),
        (406, "not_acceptable", "version 3"),
    ] {
        let (base, _) = start([Act::json(status, &format!("{{\"id\":\"{id}\",\"message\":\"No\"}}"))]).await;
        let hint = heroku(&base).reader().get(&target()).await.unwrap_err().hint.unwrap();
        assert!(hint.contains(word), "{hint}");
    }
}
