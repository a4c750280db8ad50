//! Whether an install command builds or runs what the checkout holds, instead of packages of a registry.
//!
//! Must not know what else a command may do. Tested in `tests.rs`.

use super::variables;

/// Installers that take names of packages, and paths instead of them.
const INSTALLERS: &[&str] = &[
    "apk", "apt", "apt-get", "brew", "cargo", "choco", "dnf", "gem", "go", "npm", "pip", "pip3", "pipx", "pnpm", "python", "python3",
    "sudo", "uv", "yum",
];

/// Their options whose value is not a package.
const VALUES: &[&str] = &[
    "--bindir",
    "--cache",
    "--cache-dir",
    "--constraint",
    "--cwd",
    "--dir",
    "--install-dir",
    "--prefix",
    "--requirement",
    "--requirements",
    "--root",
    "--target",
    "--workspace",
    "-C",
    "-c",
    "-r",
    "-t",
    "-w",
];

/// Whether a command may build or run a package of the checkout, or a program that the command names.
pub(super) fn run_checkout(words: &[&str]) -> bool {
    let Some((&name, arguments)) = words.split_first() else { return false };
    if ["npm", "pnpm", "yarn"].contains(&name) && name_program_of_npm(arguments) {
        return true;
    }
    let verb = arguments.iter().position(|word| ["add", "i", "install", "tap"].contains(word));
    let Some(packages) = verb.filter(|_| INSTALLERS.contains(&name)).and_then(|at| arguments.get(at + 1..)) else { return false };
    match name {
        // Without a version, the package is one of the checkout's own module.
        "go" => !packages.iter().any(|word| word.contains('@')) || packages.iter().any(|word| is_of_go(word)),
        "cargo" if packages.iter().any(|word| word.starts_with("--path") || word.starts_with("--config")) => true,
        _ => any_is_local(packages, name.starts_with("p") && name != "pnpm" || name == "uv"),
    }
}

/// An argument of `go install` that is not a package of a given version, or runs a program.
fn is_of_go(word: &str) -> bool {
    if word.starts_with('-') { word.contains("exec") || word.contains("overlay") } else { !word.contains('@') || is_local(word, false) }
}

fn any_is_local(packages: &[&str], slash_is_path: bool) -> bool {
    let mut rest = packages.iter().take_while(|word| **word != "--");
    while let Some(word) = rest.next() {
        let (flag, value) = word.split_once('=').map_or((*word, None), |(flag, value)| (flag, Some(value)));
        let local = match value {
            _ if VALUES.contains(&flag) || is_cluster(flag) => {
                if value.is_none() {
                    rest.next();
                }
                false
            }
            Some(value) if flag.starts_with('-') => is_local(value, slash_is_path),
            _ if flag.starts_with("--") => false,
            _ => match word.strip_prefix("-e") {
                Some(path) => !path.is_empty() && is_local(path, slash_is_path),
                None => !word.starts_with('-') && is_local(word, slash_is_path),
            },
        };
        if local {
            return true;
        }
    }
    false
}

/// `-qr`, of which the last option takes the value.
fn is_cluster(flag: &str) -> bool {
    flag.strip_prefix('-').is_some_and(|letters| {
        letters.len() > 1
            && letters.chars().all(|c| c.is_ascii_alphabetic())
            && letters.ends_with(['r', 'c', 't'])
            && !letters.starts_with('e')
    })
}

/// Whether a package is a path, or a file that the command does not download.
fn is_local(package: &str, slash_is_path: bool) -> bool {
    const FILES: &[&str] = &[".apk", ".deb", ".gem", ".nupkg", ".rb", ".rpm", ".tar", ".tar.bz2", ".tar.gz", ".tgz", ".whl", ".zip"];
    let is_remote = package.contains("://") && !package.contains("file:");
    let is_file = || FILES.iter().any(|end| package.to_ascii_lowercase().ends_with(end));
    !is_remote
        && (package.starts_with(['.', '/', '~', '$', '\\'])
            || package.contains("file:")
            || package.contains("@.")
            || is_file()
            || slash_is_path && package.contains(['/', '\\']))
}

/// `--script-shell ./x`, `config set script-shell ./x`: the options are the variables of npm.
fn name_program_of_npm(arguments: &[&str]) -> bool {
    let is_config = arguments.first() == Some(&"config");
    let options = arguments.iter().enumerate().filter(|(_, word)| is_config || word.starts_with('-'));
    options.into_iter().any(|(at, word)| {
        let option = word.trim_start_matches('-');
        let (key, value) = option.split_once('=').map_or((option, None), |(key, value)| (key, Some(value)));
        let value = value.or_else(|| arguments.get(at + 1).copied()).unwrap_or_default();
        variables::name_code(&format!("npm_config_{}", key.strip_prefix("config.").unwrap_or(key)), value, None)
    })
}
