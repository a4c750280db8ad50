//! Environment variables that change what a freeze check asks, or name code that other programs run.
//!
//! Owns the table. A variable that is not in it is harmless. Must not know where variables are set. Tested here and in `tests.rs`.

use crate::desired::freeze::Policy;

/// The commands that a variable affects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Affects {
    /// What the freeze check asks.
    Check,
    /// Only programs written in Python.
    Python,
    /// The freeze check, and any program of any step.
    All,
}
use Affects::{All, Check, Python};

/// Variables, where `*` is any text; what they affect; and whether a value of them is harmless.
type Row = (&'static [&'static str], Affects, fn(&str) -> bool);

const VARIABLES: &[Row] = &[
    // What the check asks.
    (&["CDPATH", "GATECTL_*", "GH_HOST", "GITHUB_API_URL", "GITHUB_WORKSPACE", "HEROKU_HOST", "IFS"], Check, never),
    // Shells and the loader.
    (&["BASHOPTS", "BASH_ENV", "BASH_FUNC_*", "LD_AUDIT", "PATH", "SHELLOPTS"], All, never),
    (&["DYLD_*", "HOME", "LD_LIBRARY_PATH", "PSMODULEPATH", "XDG_CONFIG_HOME"], All, are_elsewhere),
    (&["ENV", "LD_PRELOAD"], All, names_no_file),
    (&["LD_LIBRARY_PATH", "LD_PRELOAD"], Check, never),
    (&["PS4"], All, |value| !value.contains(['$', '`'])),
    // Node.js and its package managers.
    (&["NODE_OPTIONS", "NPM_CONFIG_NODE_OPTIONS"], All, is_of_node),
    (&["NODE_PATH"], All, are_elsewhere),
    (&["NPM_CONFIG_GIT", "NPM_CONFIG_NODE_GYP", "NPM_CONFIG_PYTHON", "NPM_CONFIG_SCRIPT_SHELL", "NPM_CONFIG_SHELL"], All, names_no_file),
    (&["NPM_CONFIG_ONLOAD_SCRIPT", "YARN_PLUGINS", "YARN_YARN_PATH"], All, never),
    // Python.
    (&["PIPX_DEFAULT_PYTHON", "PIP_PYTHON", "UV_PYTHON"], All, names_no_file),
    (&["PIP_CONFIG_FILE"], All, are_elsewhere),
    (&["PIP_EDITABLE"], All, never),
    (&["PIP_FIND_LINKS"], All, |value| value.split_whitespace().all(|word| word.starts_with("https://"))),
    (&["PYTHONHOME", "PYTHONPATH"], Python, are_elsewhere),
    (&["PYTHONSTARTUP"], Python, never),
    // Perl, Ruby and PHP.
    (&["PERL5DB", "PERL5OPT"], All, never),
    (&["PERL5LIB", "PERLLIB", "PHPRC", "PHP_INI_SCAN_DIR", "RUBYLIB"], All, are_elsewhere),
    (&["RUBYOPT"], All, |value| all_start_with(value, &["--disable", "--enable", "--encoding", "--jit", "--yjit", "-E", "-U", "-W", "-w"])),
    // The JVM and .NET.
    (&["DOTNET_STARTUP_HOOKS"], All, never),
    (&["JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"], All, is_of_java),
    // Compilers, and what runs them.
    (
        &[
            "AR",
            "CARGO_BUILD_RUSTC*",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_*_LINKER",
            "CARGO_TARGET_*_RUNNER",
            "CARGO_TARGET_*_RUSTFLAGS",
            "CC",
            "CXX",
            "GOFLAGS",
            "LD",
            "MAKE",
            "RUSTC",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC_WRAPPER",
            "RUSTDOC",
            "RUSTFLAGS",
        ],
        All,
        names_no_file,
    ),
    (&["GNUMAKEFLAGS", "MAKEFLAGS"], All, is_of_make),
    (&["MAKEFILES"], All, never),
    // Git, and what it runs.
    (&["GIT_ASKPASS", "GIT_SSH", "SSH_ASKPASS"], All, names_no_file),
    (&["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR"], All, are_elsewhere),
    (&["GIT_CONFIG_KEY_*"], All, |value| all_start_with(value, &["advice.", "http.", "init.", "safe.", "url.", "user."])),
    (&["GIT_CONFIG_PARAMETERS", "GIT_EXTERNAL_DIFF", "GIT_PROXY_COMMAND"], All, never),
    (&["GIT_SSH_COMMAND"], All, is_plain_ssh),
    // A profile may hold `credential_process`.
    (&["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"], All, are_elsewhere),
];

/// Programs written in Python.
const PYTHON: &[&str] = &["aws", "az", "gcloud", "pip", "pip3", "pipx", "poetry", "python", "python3", "uv"];

/// Whether a variable may make a program run code that the workflow names; `None` is an action.
pub(super) fn name_code(name: &str, value: &str, program: Option<&str>) -> bool {
    let is_python = || program.is_some_and(|program| PYTHON.contains(&program));
    rows(name, value).any(|affects| affects == All || affects == Python && is_python())
}

/// Whether a variable may change what a freeze check asks, or which program runs under its name.
pub(super) fn change_check(name: &str, value: &str, policy: &Policy) -> bool {
    is_stored(name, policy) || rows(name, value).any(|affects| affects != Python)
}

/// Whether a variable may do either to the commands after it.
pub(super) fn change_later(name: &str, value: &str, policy: &Policy) -> bool {
    is_stored(name, policy) || rows(name, value).next().is_some()
}

/// Whether a variable is one of those that hold the freeze.
pub(super) fn is_stored(name: &str, policy: &Policy) -> bool {
    let bare = name.strip_suffix(Policy::RECORD_SUFFIX).unwrap_or(name);
    bare.eq_ignore_ascii_case(&policy.flag) || bare.eq_ignore_ascii_case(&policy.override_flag)
}

/// What a variable affects with this value. npm takes `-` for `_`.
fn rows(name: &str, value: &str) -> impl Iterator<Item = Affects> {
    let name = name.to_ascii_uppercase().replace('-', "_");
    let is = move |pattern: &str| match pattern.split_once('*') {
        Some((start, end)) => name.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
        None => name == pattern,
    };
    let rows = VARIABLES.iter().filter(move |(patterns, ..)| patterns.iter().any(|pattern| is(pattern)));
    rows.filter(|(_, _, harmless)| !harmless(value)).map(|(_, affects, _)| *affects)
}

const fn never(_: &str) -> bool {
    false
}

/// Whether a path is absolute and outside the workspace of a runner or a container.
pub(super) fn is_elsewhere(path: &str) -> bool {
    path.starts_with('/') && !path.contains(['$', '\\']) && !["/work/", "/workspace", "/__w", "/../"].iter().any(|part| path.contains(part))
}

/// Whether a list of paths has none of the checkout.
fn are_elsewhere(value: &str) -> bool {
    value.is_empty() || value.split(':').all(is_elsewhere)
}

/// Whether every word is the name of a program on the `PATH`, an option without a path, or a path outside the workspace.
fn names_no_file(value: &str) -> bool {
    value
        .split_whitespace()
        .all(|word| is_elsewhere(word) || !word.starts_with(['.', '~']) && !word.contains(['/', '\\', '$', '`', ';', '|', '&', '@']))
}

fn all_start_with(value: &str, prefixes: &[&str]) -> bool {
    let is_number = |word: &str| word.chars().all(|c| c.is_ascii_digit());
    value.split_whitespace().all(|word| is_number(word) || prefixes.iter().any(|prefix| word.starts_with(prefix)))
}

/// Options of Node.js that load no code.
fn is_of_node(value: &str) -> bool {
    const OPTIONS: &[&str] = &[
        "--disable-warning",
        "--dns-result-order",
        "--enable-source-maps",
        "--experimental-vm-modules",
        "--max",
        "--no-",
        "--openssl-legacy-provider",
        "--stack",
        "--throw-deprecation",
        "--trace-",
        "--unhandled-rejections",
        "--use-openssl-ca",
        "--use-system-ca",
    ];
    all_start_with(value, OPTIONS)
}

/// Options of the JVM that load no code and run no command.
fn is_of_java(value: &str) -> bool {
    all_start_with(value, &["-D", "-XX:+Use", "-XX:-", "-XX:Max", "-Xm", "-Xss", "-ea"])
}

/// Options of make that leave its answer as it is.
fn is_of_make(value: &str) -> bool {
    all_start_with(value, &["--jobs", "--no-print-directory", "--silent", "-j"])
}

/// Whether a command line is `ssh` with options that run no other program.
fn is_plain_ssh(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || " -_=./~@:,\"".contains(c);
    let lower = value.to_ascii_lowercase();
    let mut words = value.split_whitespace();
    words.next().is_none_or(|name| name == "ssh" || name == "/usr/bin/ssh")
        && value.chars().all(plain)
        && !["command", "provider"].iter().any(|part| lower.contains(part))
        && !words.any(|word| word.starts_with("-F") || word.starts_with("-I"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_names_no_code_of_the_checkout_is_harmless() {
        for (name, harmless, harmful) in [
            ("NODE_OPTIONS", "--max-old-space-size=4096 --no-warnings", "--max-old-space-size=4096 --require ./ship.js"),
            ("NODE_OPTIONS", "--max_old_space_size 4096", "${{ inputs.options }}"),
            ("npm_config_script-shell", "bash", "./ship.sh"),
            ("RUBYOPT", "-W:no-deprecated --yjit", "-r./ship"),
            ("RUBYLIB", "/usr/lib/ruby", "lib"),
            ("ENV", "production", "./ship.sh"),
            ("HOME", "/root", "/__w/shop/shop"),
            ("JAVA_TOOL_OPTIONS", "-Xmx4g -Dfile.encoding=UTF-8", "-javaagent:ship.jar"),
            ("_JAVA_OPTIONS", "-XX:MaxRAMPercentage=75", "-XX:OnError=./ship"),
            ("RUSTC_WRAPPER", "sccache", "./ship"),
            ("RUSTFLAGS", "-D warnings -C target-cpu=native", "-C linker=./ship"),
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "clang", "../ship"),
            ("CC", "gcc-12", "./ship"),
            ("GOFLAGS", "-mod=mod", "-toolexec=./ship"),
            ("MAKEFLAGS", "-j4", "-n"),
            ("GIT_SSH_COMMAND", "ssh -i ~/.ssh/key -o StrictHostKeyChecking=no", "ssh -o ProxyCommand=./ship"),
            ("GIT_SSH_COMMAND", "", "ssh; ./ship"),
            ("GIT_CONFIG_GLOBAL", "/dev/null", ".gitconfig"),
            ("GIT_CONFIG_KEY_0", "safe.directory", "core.sshCommand"),
            ("LD_PRELOAD", "/usr/lib/libjemalloc.so.2", "./ship.so"),
            ("PS4", "+ ", "$(./ship)"),
            ("PIP_FIND_LINKS", "https://wheels.example.com/", "wheels"),
            ("UV_PYTHON", "3.12", "./ship"),
            ("AWS_CONFIG_FILE", "/root/.aws/config", "aws.ini"),
            ("APP_ENV", "./anything", "$(never read)"),
        ] {
            assert!(!name_code(name, harmless, Some("npm")), "{name}={harmless}");
            assert_eq!(name_code(name, harmful, None), name != "APP_ENV", "{name}={harmful}");
        }
    }

    #[test]
    fn a_path_of_python_matters_to_programs_in_python() {
        assert!(name_code("PYTHONPATH", "src", Some("pip")) && !name_code("PYTHONPATH", "/opt/lib", Some("pip")));
        assert!(!name_code("PYTHONPATH", "src", Some("npm")) && !name_code("PYTHONPATH", "src", None));
    }
}
