//! The page of GitHub's documentation that an error of each route names, as the `externalDocs` of GitHub's OpenAPI description have it.
//! Pure. Tested below and in `tests/program/emulator.rs`.

use crate::sandbox::wire::GENERAL;

/// One route a line: method, path with `*` for a segment and `**` for all that follow, page. The most literal comes first.
const ROUTES: &str = include_str!("documentation.txt");

/// The page for a request; the general one for a route that is not emulated.
pub(super) fn page(method: &str, segments: &[&str]) -> String {
    // A repository by its id is documented as one by its name.
    let by_name = match segments {
        ["repositories", id, rest @ ..] => [&["repos", id, id], rest].concat(),
        other => other.to_vec(),
    };
    let found = ROUTES.lines().find_map(|line| {
        let (verb, rest) = line.split_once(' ')?;
        let (path, page) = rest.split_once(' ')?;
        (verb == method && fits(path, &by_name)).then_some(page)
    });
    found.map_or_else(|| GENERAL.to_owned(), |page| format!("{GENERAL}/{page}"))
}

fn fits(path: &str, segments: &[&str]) -> bool {
    let wanted: Vec<&str> = path.split('/').skip(1).collect();
    let open = wanted.last() == Some(&"**");
    let same = wanted.iter().zip(segments).all(|(wanted, found)| wanted.starts_with('*') || wanted == found);
    same && (wanted.len() == segments.len() || (open && segments.len() > wanted.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_has_its_own_page() {
        let of = |method: &str, path: &str| page(method, &path.split('/').collect::<Vec<_>>());
        for (method, path, expected) in [
            ("GET", "repos/o/r/environments/production", "deployments/environments#get-an-environment"),
            ("PUT", "repos/o/r/environments/production", "deployments/environments#create-or-update-an-environment"),
            ("GET", "repositories/7/environments/production", "deployments/environments#get-an-environment"),
            ("GET", "repos/o/r/environments/e/secrets/public-key", "actions/secrets#get-an-environment-public-key"),
            ("GET", "repos/o/r/environments/e/secrets/KEY", "actions/secrets#get-an-environment-secret"),
            ("GET", "repos/o/r/contents/.github/workflows/a.yml", "repos/contents#get-repository-content"),
            ("GET", "repos/o/r/branches/feature/x", "branches/branches#get-a-branch"),
            ("GET", "user", "users/users#get-the-authenticated-user"),
        ] {
            assert_eq!(of(method, path), format!("{GENERAL}/{expected}"), "{method} {path}");
        }
        for (method, path) in [("DELETE", "repos/o/r"), ("GET", "gists"), ("GET", "")] {
            assert_eq!(of(method, path), GENERAL, "{method} {path}");
        }
    }

    #[test]
    fn no_route_hides_another() {
        for line in ROUTES.lines() {
            let parts: Vec<&str> = line.split(' ').collect();
            let [method, path, expected] = parts[..] else { panic!("{line}") };
            let segments: Vec<&str> = path.split('/').skip(1).collect();
            assert_eq!(page(method, &segments), format!("{GENERAL}/{expected}"), "{line}");
        }
    }
}
