//! Whether a command sends something over HTTP, by the flags of its own client.
//!
//! Owns which programs are clients, and what makes each of them send. Must not know what an address means. What is not certain,
//! such as a method in a variable, counts as sent. Tested in `tests/`.

use super::shell::program;

/// A program that sends requests.
struct Client {
    programs: &'static [&'static str],
    /// Flags whose value is the method.
    method: &'static [&'static str],
    /// Flags that send a body.
    body: &'static [&'static str],
    /// Flags that turn what is sent into a question.
    asks: &'static [&'static str],
    /// Letters of its other short flags that take a value: the rest of a word such as `-sSu user` belongs to the last one.
    valued: &'static str,
}

/// One line for each; `curl` and the others have these flags by their manual pages.
const CLIENTS: &[Client] = &[
    Client {
        programs: &["curl"],
        method: &["-X", "--request"],
        body: &[
            "-d",
            "-F",
            "-T",
            "--data",
            "--data-ascii",
            "--data-binary",
            "--data-raw",
            "--data-urlencode",
            "--form",
            "--form-string",
            "--json",
            "--upload-file",
        ],
        asks: &["-G", "--get", "-I", "--head"],
        valued: "AbcCDeEHKmoPQrtuUwxyYz",
    },
    Client {
        programs: &["wget", "wget2"],
        method: &["--method"],
        body: &["--post-data", "--post-file", "--body-data", "--body-file"],
        asks: &[],
        valued: "aoiteBOTwQPUlADIXR",
    },
    Client {
        programs: &["gh"],
        method: &["-X", "--method"],
        body: &["-f", "-F", "--field", "--raw-field", "--input"],
        asks: &[],
        valued: "HpqtR",
    },
    Client {
        programs: &["invoke-restmethod", "invoke-webrequest", "irm", "iwr"],
        method: &["-method", "-custommethod"],
        body: &["-body", "-infile", "-form"],
        asks: &[],
        valued: "",
    },
    // HTTPie sends what stands on its standard input, and a run has no terminal.
    Client { programs: &["http", "https", "xh", "xhs"], method: &[], body: &["--raw"], asks: &["--ignore-stdin"], valued: "" },
];

/// Whether one of the words is a client, and those after it make it send something; `None` if none of them is a client.
pub(super) fn sends(words: &[String]) -> Option<bool> {
    words.iter().enumerate().find_map(|(at, word)| {
        let name = program(word);
        let client = CLIENTS.iter().find(|client| client.programs.contains(&name.as_str()))?;
        Some(client.sends(words.get(at + 1..).unwrap_or_default()))
    })
}

impl Client {
    fn sends(&self, words: &[String]) -> bool {
        let (mut method, mut body, mut asks) = (None, false, false);
        let mut words = words.iter();
        while let Some(word) = words.next() {
            for (flag, value) in self.flags(word) {
                if self.method.contains(&flag.as_str()) {
                    method = value.or_else(|| words.next().cloned()).or(method);
                } else {
                    body |= self.body.contains(&flag.as_str());
                    asks |= self.asks.contains(&flag.as_str());
                }
            }
            if self.method.is_empty() && word.chars().all(|c| c.is_ascii_uppercase()) {
                method = Some(word.clone());
            }
        }
        let sends = (body || self.method.is_empty()) && !asks;
        method.map_or(sends, |method| !["GET", "HEAD", "OPTIONS"].contains(&method.to_uppercase().as_str()))
    }

    /// The flags of a word, with the value if it holds one: `--json=x`, `-Method:Post`, `-sSXPOST`.
    fn flags(&self, word: &str) -> Vec<(String, Option<String>)> {
        let given = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
        if word.starts_with("--") {
            let (flag, value) = word.split_once('=').unwrap_or((word, ""));
            return vec![(flag.to_owned(), given(value))];
        }
        let (name, value) = word.split_once(':').unwrap_or((word, ""));
        // PowerShell takes any beginning of a name that is not that of another one.
        let name = name.to_lowercase();
        let is_it = |flag: &&&str| name.len() > 2 && flag.len() > 2 && !flag.starts_with("--") && flag.starts_with(&name);
        if let Some(flag) = self.method.iter().chain(self.body).find(is_it) {
            return vec![((*flag).to_owned(), given(value))];
        }
        let mut found = Vec::new();
        let Some(letters) = word.strip_prefix('-') else { return found };
        for (at, letter) in letters.char_indices() {
            let flag = format!("-{letter}");
            let rest = letters.get(at + letter.len_utf8()..).unwrap_or_default();
            if self.method.contains(&flag.as_str()) || self.body.contains(&flag.as_str()) || self.valued.contains(letter) {
                found.push((flag, given(rest)));
                break;
            }
            found.push((flag, None));
        }
        found
    }
}
