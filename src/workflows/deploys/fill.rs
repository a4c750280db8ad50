//! Expressions in texts, as far as the files alone fill them in: inputs of an action of this repository, and literal `env`.

use std::collections::{BTreeMap, BTreeSet};

use crate::workflows::secrets::replaced;

/// A text with `${{ inputs.NAME }}` and `${{ env.NAME }}` filled in if they are known. Other expressions are written without spaces,
/// so that equal ones compare equal. `inputs` are those of the action of this repository that a step is a part of, in lower case.
pub(super) fn fill(text: &str, inputs: &BTreeMap<String, String>, env: &BTreeMap<String, String>) -> String {
    let written = |expression: &str| format!("${{{{{}}}}}", expression.split_whitespace().collect::<String>());
    let value = |expression: &str| value(expression.trim(), inputs, env).cloned().unwrap_or_else(|| written(expression));
    replaced(text, value).trim().to_owned()
}

/// Names of inputs compare without case, names of variables with it.
fn value<'v>(expression: &str, inputs: &'v BTreeMap<String, String>, env: &'v BTreeMap<String, String>) -> Option<&'v String> {
    let (context, rest) = expression.split_at_checked(expression.find(['.', '['])?)?;
    let name = match rest.strip_prefix('.') {
        Some(name) => name,
        None => rest.strip_prefix("['")?.strip_suffix("']")?,
    };
    match context.trim().to_ascii_lowercase().as_str() {
        "inputs" => inputs.get(&name.to_lowercase()),
        "env" => env.get(name),
        _ => None,
    }
}

/// The variables that a script may give another value.
#[derive(Debug, Default)]
pub(super) struct Assigned {
    names: BTreeSet<String>,
    /// Those that get one literal value: `APP=x` on a line of its own, `export APP=x`.
    literal: BTreeMap<String, String>,
    /// Whether it may be any.
    all: bool,
}

impl Assigned {
    /// For the script itself: `APP=x`, `export APP=x`, `read APP`, `for APP in …`.
    pub(super) fn within(commands: &[Vec<String>]) -> Self {
        let mut found = Self::default();
        for words in commands {
            let declares = words.first().is_some_and(|word| ["export", "readonly", "local", "declare"].contains(&word.as_str()));
            let alone = words.iter().skip(usize::from(declares)).all(|word| assigned(word).is_some());
            for word in words {
                let Some(name) = assigned(word).map(str::to_owned) else { continue };
                let value =
                    word.strip_prefix(&name).and_then(|rest| rest.strip_prefix('=')).filter(|value| alone && !value.contains(['$', '`']));
                let is_first = found.names.insert(name.clone());
                match value.filter(|_| is_first) {
                    Some(value) => _ = found.literal.insert(name, value.to_owned()),
                    None => _ = found.literal.remove(&name),
                }
            }
            let mut words = words.iter().map(String::as_str).skip_while(|word| assigned(word).is_some());
            match (words.next(), words.next()) {
                (Some("for" | "read" | "mapfile" | "unset"), Some(first)) => {
                    for name in [first].into_iter().chain(words) {
                        found.names.insert(name.to_owned());
                        found.literal.remove(name);
                    }
                }
                (Some("." | "source" | "eval"), Some(file)) => found.all |= !file.ends_with("/activate"),
                (Some(name), Some("=")) => found.names.extend(name.strip_prefix("$env:").map(str::to_owned)),
                _ => {}
            }
        }
        found
    }

    /// For the steps after it: what it writes to `$GITHUB_ENV`. The names of `echo NAME=…` are seen, those of `cat FILE` are not.
    pub(super) fn later(script: &str, commands: &[Vec<String>]) -> Self {
        if !script.contains("GITHUB_ENV") {
            return Self::default();
        }
        let unseen = |words: &Vec<String>| {
            let first = words.first().map(String::as_str).unwrap_or_default();
            let prints = ["echo", "printf"].contains(&first) && words.iter().any(|word| assigned(word).is_some());
            // `{ …; } >> "$GITHUB_ENV"`: what is printed are commands of their own.
            words.iter().any(|word| word.contains("GITHUB_ENV")) && !prints && !first.starts_with('>')
        };
        Self { all: commands.iter().any(unseen), ..Self::within(commands) }
    }

    /// Variables with the one value that the script gives them, but for those that have another one before.
    pub(super) fn literals(self, known: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
        let mut literal = self.literal;
        literal.retain(|name, _| !self.all && !known(name));
        literal
    }

    /// Whether a variable may have another value.
    pub(super) fn names(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }

    pub(super) fn add(&mut self, more: Self) {
        self.names.extend(more.names);
        self.all |= more.all;
    }

    /// Removes the variables whose values are no longer known.
    pub(super) fn remove_from(&self, env: &mut BTreeMap<String, String>) {
        env.retain(|name, _| !self.all && !self.names.contains(name));
    }
}

/// The variable of `NAME=VALUE`, `NAME<<EOF` or `$env:NAME=VALUE`.
fn assigned(word: &str) -> Option<&str> {
    let word = word.trim_start_matches("$env:");
    let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|end| *end > 0)?;
    let (name, rest) = word.split_at_checked(end)?;
    (rest.starts_with('=') || rest.starts_with("<<") || rest.starts_with("+=")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::shell::commands;
    use super::*;

    #[test]
    fn only_a_whole_known_value_is_filled_in() {
        let map = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let (inputs, env) = (map("app", "one"), map("APP", "two"));
        for (text, want) in [
            ("a-${{ inputs.App }}-${{env['APP']}}", "a-one-two"),
            ("${{ env.app }} ${{ env.APP || 'x' }} ${{ github . ref }}", "${{env.app}} ${{env.APP||'x'}} ${{github.ref}}"),
            (" ${{ inputs['app'] }} ${{", "one ${{}}"),
        ] {
            assert_eq!(fill(text, &inputs, &env), want);
        }
    }

    #[test]
    fn a_variable_that_a_script_may_change_is_not_known() {
        let left = |assigned: Assigned| {
            let mut env = ["APP", "B"].map(|name| (name.to_owned(), "x".to_owned())).into();
            assigned.remove_from(&mut env);
            env.into_keys().collect::<String>()
        };
        for (script, within, later) in [
            ("make", "APPB", "APPB"),
            ("APP=x; make", "B", "APPB"),
            ("export APP=$(cat f)", "B", "APPB"),
            ("for APP in a b; do make; done", "B", "APPB"),
            ("$env:APP = 'x'\n$env:B='y'", "", "APPB"),
            ("source prod.env", "", "APPB"),
            ("source venv/bin/activate", "APPB", "APPB"),
            ("echo \"APP=x\" >> $GITHUB_ENV", "B", "B"),
            ("echo 'APP<<E' >> \"$GITHUB_ENV\"", "B", "B"),
            ("{ echo APP=x; echo C=y; } >> $GITHUB_ENV", "B", "B"),
            ("cat prod.env >> $GITHUB_ENV", "APPB", ""),
            ("echo \"$PAIRS\" >> $GITHUB_ENV", "APPB", ""),
            ("\"APP=x\" | Out-File -Append $env:GITHUB_ENV", "B", ""),
        ] {
            let commands = commands(script);
            let found = (left(Assigned::within(&commands)), left(Assigned::later(script, &commands)));
            assert_eq!((found.0.as_str(), found.1.as_str()), (within, later), "{script}");
        }
        let mut both = Assigned::within(&commands("APP=x"));
        both.add(Assigned::within(&commands("source prod.env")));
        assert_eq!(left(both), "", "what one of two may change");
    }
}
