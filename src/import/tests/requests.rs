//! What import reads from a server, and in how many requests.

use super::*;
use crate::sandbox::Grant;

#[test]
fn a_token_that_may_not_see_everything_still_imports_what_it_sees() {
    let environments = only(plain("production"));
    let mut state = world(&environments);
    let token =
        crate::sandbox::Token::fine_grained("root", &[("actions", crate::sandbox::Level::Read), ("metadata", crate::sandbox::Level::Read)]);
    assert!(matches!(token.grant, Grant::FineGrained(_)));
    state.github.tokens.insert("a-token-of-the-test".to_owned(), token);
    run(with_reader(state, async |reader, _| {
        let (_, imported) = imported(reader).await;
        assert!(imported.text.contains("reviewers = [{ user = \"alice\", id = 501 }]"), "{}", imported.text);
        for key in ["secrets", "variables"] {
            assert!(imported.text.contains(&format!("# unknown: `{key}` could not be read: ")), "{}", imported.text);
        }
        assert!(
            !imported.unknown.is_empty() && imported.unknown.iter().all(|(_, why)| why.cause == Cause::Credentials),
            "{:?}",
            imported.unknown
        );
    }));
}

#[test]
fn the_chain_is_two_requests_deep() {
    let environments: BTreeMap<_, _> = ["a", "b", "c"].map(|name| (EnvName::new(name).unwrap(), Ok(plain(name)))).into();
    run(with_reader(world(&environments), async |reader, sandbox| {
        imported(reader).await;
        let paths = sandbox.with(|state| state.log.exchanges.len());
        // The repository and the list; then three parts of each, and the protected branches once.
        assert_eq!(paths, 2 + 3 * 3 + 1);
    }));
}
