//! The picture of the README: what the program really prints, drawn as a terminal.
//!
//! `GATECTL_BLESS=1` draws it again.

use gatectl::sandbox::Scenario;

use super::run::root;
use super::served::Served;

/// Colors of a terminal, by SGR code: background, text, and what is painted.
struct Theme {
    name: &'static str,
    back: &'static str,
    text: &'static str,
    red: &'static str,
    green: &'static str,
    yellow: &'static str,
    dim: &'static str,
}

const THEMES: [Theme; 2] = [
    Theme { name: "light", back: "#f6f8fa", text: "#1f2328", red: "#cf222e", green: "#116329", yellow: "#7d4e00", dim: "#59636e" },
    Theme { name: "dark", back: "#0d1117", text: "#e6edf3", red: "#ff7b72", green: "#56d364", yellow: "#e3b341", dim: "#9198a1" },
];

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// One line with its SGR codes as styled spans.
fn spans(line: &str, theme: &Theme) -> String {
    let (mut out, mut rest, mut style) = (String::new(), line, String::new());
    while !rest.is_empty() {
        if let Some(code) = rest.strip_prefix("\u{1b}[") {
            let (codes, after) = code.split_once('m').unwrap();
            for code in codes.split(';') {
                match code.parse().unwrap_or(0) {
                    0 => style.clear(),
                    1 => style.push_str(" font-weight=\"bold\""),
                    2 | 90 => style.push_str(&format!(" fill=\"{}\"", theme.dim)),
                    31 | 91 => style.push_str(&format!(" fill=\"{}\"", theme.red)),
                    32 | 92 => style.push_str(&format!(" fill=\"{}\"", theme.green)),
                    33 | 93 => style.push_str(&format!(" fill=\"{}\"", theme.yellow)),
                    _ => {}
                }
            }
            rest = after;
            continue;
        }
        let end = rest.find('\u{1b}').unwrap_or(rest.len());
        out.push_str(&format!("<tspan{style}>{}</tspan>", escaped(&rest[..end])));
        rest = &rest[end..];
    }
    out
}

fn drawn(lines: &[String], theme: &Theme) -> String {
    let height = 40 + 18 * lines.len();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 {height}\" width=\"760\" role=\"img\">\n\
         <rect width=\"760\" height=\"{height}\" rx=\"8\" fill=\"{}\"/>\n\
         <g font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,monospace\" font-size=\"13\" fill=\"{}\">\n",
        theme.back, theme.text
    );
    for (at, line) in lines.iter().enumerate() {
        svg.push_str(&format!("<text x=\"16\" y=\"{}\" style=\"white-space:pre\">{}</text>\n", 32 + 18 * at, spans(line, theme)));
    }
    svg + "</g>\n</svg>\n"
}

#[test]
fn the_picture_shows_what_is_printed() {
    let gate = "version = 1\n\n[github]\nrepository = \"acme/shop\"\n\n[environments.production]\nreviewers = [{ user = \"ann\" }]\n\
                can_admins_bypass = false\ndeployment_branch_policy = { branches = [\"main\"] }\n";
    let world = Served::rehearsal(Scenario::MissingEnvironment, gate);
    world.sandbox.with(|state| {
        state.repo("acme/shop").unwrap().visibility = gatectl::sandbox::Visibility::Public;
        let workflow =
            "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    environment: production\n    steps:\n      - run: ./deploy.sh\n";
        let files = &mut state.repo("acme/shop").unwrap().files;
        files.clear();
        files.insert(".github/workflows/deploy.yml".to_owned(), workflow.to_owned());
    });
    std::fs::write(
        world.dir.path().join("gate.toml"),
        format!("{gate}\n[[workflows]]\nfile = \".github/workflows/deploy.yml\"\nenvironment = \"production\"\n"),
    )
    .unwrap();
    let mut lines = Vec::new();
    for (args, code) in [(&["verify"][..], 6), (&["apply", "--auto-approve"], 0), (&["verify"], 0)] {
        let ran = world.run(&[args, &["--color", "always"]].concat());
        assert_eq!(ran.code, Some(code), "{}{}", ran.stdout, ran.stderr);
        lines.push(format!("\u{1b}[1m$ gatectl {}\u{1b}[0m", args.join(" ")));
        lines.extend(ran.stdout.lines().map(str::to_owned));
        lines.push(String::new());
    }
    lines.pop();
    for theme in &THEMES {
        let path = root().join(format!("docs/demo-{}.svg", theme.name));
        let made = drawn(&lines, theme);
        if std::env::var_os("GATECTL_BLESS").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), made, "{}: GATECTL_BLESS=1 draws it again", path.display());
    }
}
