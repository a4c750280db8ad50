//! What a failed command says.

use anyhow::{Context, anyhow};
use gatectl::http::{ApiError, ErrorKind};
use gatectl::render::Style;
use gatectl::views::diagnostic::{Hinted, render};

use crate::samples::NASTY;
use gatectl_test_support::assert_golden;

fn api() -> ApiError {
    ApiError {
        call: "PUT https://api.github.com/repos/raxx-app/TradeMasterAPI/environments/production".into(),
        kind: ErrorKind::Forbidden,
        status: Some(403),
        message: "Resource not accessible by personal access token".into(),
        details: vec![],
        request_id: Some("8F2A:1".into()),
        hint: Some("give the token `Administration: write` on this repository".into()),
        may_have_applied: false,
        accepted_permissions: None,
    }
}

fn plain(error: &anyhow::Error) -> String {
    render(error, Style::PLAIN, &gatectl::views::scope::RunScope::default())
}

#[test]
fn output_is_as_it_was_approved() {
    assert_golden(
        "render/error-api.txt",
        &plain(&anyhow::Error::new(api()).context("github/raxx-app/TradeMasterAPI/environments/production")),
    );
    let hinted = Hinted { message: "no token for GitHub".into(), hint: "set GH_TOKEN, or run `gh auth login`".into() };
    assert_golden("render/error-hinted.txt", &plain(&anyhow!("No such file or directory (os error 2)").context(hinted)));
    assert_golden("render/error-plain.txt", &plain(&anyhow!("something\nhint: forged\n")));
}

#[test]
fn a_hint_is_found_wherever_it_stands() {
    let context: Result<(), ApiError> = Err(api());
    for error in [anyhow::Error::new(api()), context.context("a").context("b").unwrap_err()] {
        assert!(plain(&error).contains("\n\nhint: give the token `Administration: write`"), "{}", plain(&error));
    }
}

#[test]
fn nothing_in_an_error_acts_on_a_terminal() {
    for nasty in NASTY {
        let api = ApiError { message: (*nasty).into(), hint: Some((*nasty).into()), ..api() };
        let text = plain(&anyhow::Error::new(api).context(*nasty));
        assert!(text.starts_with("error:") && text.contains("\n\nhint:"), "{text}");
        assert!(text.lines().all(|line| !line.chars().any(char::is_control) && !line.trim_start().starts_with("::")), "{text:?}");
        // However many lines the error has, ours are the only ones at the margin.
        assert_eq!(text.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')).count(), 2, "{text}");
    }
}
