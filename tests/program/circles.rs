//! The import circles of `src`: how many there are, and that each stays within one folder.
//!
//! A module imports another one if a `use` or a path in its code leads there; a re-export is followed to the module that defines the name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::layers::{code, is_test, sources};

/// Opening one is always good; closing a new one needs a reason.
const MOST: usize = 6;

type Name = Vec<String>;

struct Module {
    file: String,
    uses: Vec<Use>,
    /// The code without its `use` declarations.
    body: String,
}

struct Use {
    exports: bool,
    path: Name,
    alias: String,
}

#[test]
fn import_circles_are_few_and_each_stays_within_one_folder() {
    let modules = modules();
    let imports: BTreeMap<&Name, BTreeSet<&Name>> = modules.keys().map(|name| (name, imports(&modules, name))).collect();
    let circles = circles(&imports);
    let files = |circle: &BTreeSet<&Name>| circle.iter().map(|name| modules[*name].file.as_str()).collect::<Vec<_>>();
    let shown: Vec<String> = circles.iter().map(|circle| files(circle).join(" ")).collect();
    assert!(circles.len() <= MOST, "{} circles, {MOST} at most:\n{}", circles.len(), shown.join("\n"));
    for circle in &circles {
        let folders: BTreeSet<&str> = files(circle).into_iter().map(|file| file.split('/').next().unwrap_or_default()).collect();
        assert!(folders.len() == 1, "a circle leads through several folders: {}", files(circle).join(" "));
    }
    // The reader of imports finds some.
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 500);
}

fn modules() -> BTreeMap<Name, Module> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = BTreeMap::new();
    for path in sources(&src) {
        let file = path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        if is_test(Path::new(&file)) || file == "main.rs" || file == "lib.rs" {
            continue;
        }
        let mut name: Name = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        name.pop_if(|last| last == "mod");
        let (mut uses, mut body) = (Vec::new(), String::new());
        for part in unscoped(&code(&path)).split_inclusive(';') {
            let declared = part.rfind("use ").filter(|at| is_use(&part[..*at]));
            match declared {
                Some(at) => {
                    let (before, tree) = part.split_at(at);
                    let exports = before.rsplit(['}', ']', '\n']).next().unwrap_or_default().contains("pub");
                    let tree: String = tree[4..].trim_end_matches(';').split_whitespace().collect::<Vec<_>>().join(" ");
                    flatten(&[], &tree, exports, &mut uses);
                    body.push_str(before);
                }
                None => body.push_str(part),
            }
        }
        modules.insert(name, Module { file, uses, body });
    }
    modules
}

/// The code without the scopes of visibilities: `pub(in crate::config)` imports nothing.
fn unscoped(code: &str) -> String {
    let mut parts = code.split("pub(in ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "pub" + part.split_once(')').map_or("", |(_, rest)| rest))
}

/// Whether what stands before `use ` ends where a declaration may begin.
fn is_use(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default().trim();
    line.is_empty() || line == "pub" || (line.starts_with("pub(") && line.ends_with(')'))
}

/// The names of a tree such as `super::{a, b::{self, c as d}}`.
fn flatten(prefix: &[String], tree: &str, exports: bool, uses: &mut Vec<Use>) {
    let tree = tree.trim();
    if let Some((head, group)) = tree.strip_suffix('}').and_then(|tree| tree.split_once('{')) {
        let prefix: Name = prefix.iter().cloned().chain(head.split("::").filter(|part| !part.is_empty()).map(str::to_owned)).collect();
        let (mut depth, mut start) = (0, 0);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    flatten(&prefix, &group[start..at], exports, uses);
                    start = at + 1;
                }
                _ => {}
            }
        }
        return flatten(&prefix, &group[start..], exports, uses);
    }
    let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias)));
    let mut path: Name = prefix.iter().cloned().chain(path.split("::").map(str::to_owned)).collect();
    path.pop_if(|last| last == "self");
    if let Some(last) = path.last().filter(|last| !last.is_empty()).cloned() {
        uses.push(Use { exports, path, alias: alias.map_or(last, str::to_owned) });
    }
}

/// The modules that one imports.
fn imports<'m>(modules: &'m BTreeMap<Name, Module>, name: &Name) -> BTreeSet<&'m Name> {
    let module = &modules[name];
    let own = module.uses.iter().filter(|one| !one.exports).map(|one| one.path.clone());
    let is_path = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let inline = module.body.split(|c| !is_path(c)).filter(|word| word.contains("::")).map(|word| {
        let path: Name = word.split("::").map(str::to_owned).collect();
        // A path that begins with an imported module goes on from there.
        match module.uses.iter().find(|one| one.alias == path[0]) {
            Some(one) => one.path.iter().chain(&path[1..]).cloned().collect(),
            None => path,
        }
    });
    own.chain(inline)
        .filter_map(|path| absolute(modules, name, &path))
        .filter_map(|path| defining(modules, &path, 0))
        .filter(|found| *found != name)
        .collect()
}

/// A path from the root of the crate; none if it leads to another crate, or is not a path of a module.
fn absolute(modules: &BTreeMap<Name, Module>, from: &Name, path: &[String]) -> Option<Name> {
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some(from.iter().chain(&path[1..]).cloned().collect()),
        "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            Some(from[..from.len().checked_sub(ups)?].iter().chain(&path[ups..]).cloned().collect())
        }
        _ => {
            let child: Name = from.iter().chain(path).cloned().collect();
            modules.contains_key(&child[..=from.len()]).then_some(child)
        }
    }
}

/// The module that defines what a path names.
fn defining<'m>(modules: &'m BTreeMap<Name, Module>, path: &[String], depth: usize) -> Option<&'m Name> {
    let (name, module) = (1..=path.len()).rev().find_map(|n| modules.get_key_value(&path[..n]))?;
    let exported = path.get(name.len()).and_then(|item| module.uses.iter().find(|one| one.exports && one.alias == *item));
    match exported.and_then(|one| absolute(modules, name, &one.path)) {
        Some(mut further) if depth < 8 => {
            further.extend_from_slice(&path[name.len() + 1..]);
            defining(modules, &further, depth + 1)
        }
        _ => Some(name),
    }
}

/// The sets of modules each of which leads to each other one.
fn circles<'m>(imports: &BTreeMap<&'m Name, BTreeSet<&'m Name>>) -> Vec<BTreeSet<&'m Name>> {
    let names: Vec<&Name> = imports.keys().copied().collect();
    let number: BTreeMap<&Name, usize> = names.iter().enumerate().map(|(n, name)| (*name, n)).collect();
    let next: Vec<Vec<usize>> = imports.values().map(|all| all.iter().map(|name| number[name]).collect()).collect();
    let reach = |from: usize| {
        let (mut found, mut open) = (vec![false; names.len()], vec![from]);
        while let Some(n) = open.pop() {
            open.extend(next[n].iter().copied().filter(|to| !std::mem::replace(&mut found[*to], true)));
        }
        found
    };
    let reached: Vec<Vec<bool>> = (0..names.len()).map(reach).collect();
    let mut circles: Vec<BTreeSet<&Name>> = Vec::new();
    for (n, to) in reached.iter().enumerate() {
        if to[n] && !circles.iter().any(|circle| circle.contains(names[n])) {
            circles.push((0..names.len()).filter(|other| to[*other] && reached[*other][n]).map(|other| names[other]).collect());
        }
    }
    circles
}
