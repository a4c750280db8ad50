//! What runs before the check although no command of a step says so: containers, local packages, code that variables name.

use super::*;

/// Whether a job with these keys, steps before the check, and a deploy after it is proven.
fn with_keys(keys: &str, before: &str) -> bool {
    let steps: String = format!("{before}{CHECK}{DEPLOY}").lines().map(|line| format!("      {line}\n")).collect();
    let keys: String = keys.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    environment: production\n{keys}    steps:\n      - uses: actions/checkout@v4\n{steps}"
    );
    matches!(proof_of(&text), Proof::Proven(_))
}

/// Whether a job with these lines of a script before the check is proven.
fn after_script(line: &str) -> bool {
    with_keys("", &format!("- run: |\n    {line}\n"))
}

#[test]
fn a_container_that_gets_a_secret_breaks_the_proof() {
    for keys in [
        "services: {db: {image: 'postgres:16', env: {POSTGRES_PASSWORD: x}, ports: ['5432:5432'], options: --health-cmd pg_isready --network-alias db}}",
        "services: {db: {image: 'postgres:${{ matrix.postgres }}', volumes: ['data:/var/lib/postgresql', '/tmp/x']}}",
        "services: {db: {image: 'ghcr.io/acme/db', credentials: {username: '${{ github.actor }}', password: '${{ secrets.PULL }}'}}}",
        "env: {PASS: x}\nservices: {db: {image: postgres, env: {POSTGRES_PASSWORD: '${{ env.PASS }}', SHA: '${{ github.sha }}'}}}",
        "services: {db: postgres}",
        "services:",
        "container: node:20",
        "container: {image: 'ghcr.io/acme/build', credentials: {username: x, password: '${{ secrets.GITHUB_TOKEN }}'}, volumes: ['/opt:/opt'], options: --privileged}",
    ] {
        assert!(with_keys(keys, ""), "{keys}");
    }
    for keys in [
        "services: {s: {image: acme/ship, env: {K: '${{ secrets.K }}'}}}",
        "services: {s: {image: 'acme/${{ secrets.IMAGE }}'}}",
        "services: {s: {image: acme/ship, options: '-e K=${{ secrets.K }}'}}",
        "services: {s: {image: acme/ship, env: {K: '${{ github.token }}'}}}",
        "services: {s: {image: acme/ship, env: {K: '${{ toJSON(github) }}'}}}",
        "env: {K: '${{ secrets.K }}'}\nservices: {s: {image: acme/ship, env: {K: '${{ env.K }}'}}}",
        "services: {s: {image: acme/ship, volumes: ['/var/run/docker.sock:/var/run/docker.sock']}}",
        "services: {s: {image: acme/ship, volumes: ['${{ github.workspace }}:/w']}}",
        "services: {s: {image: acme/ship, options: --privileged}}",
        "services: {s: {image: acme/ship, options: '--network=host'}}",
        "services: ${{ fromJSON(inputs.services) }}",
        "container: {image: acme/ship, env: {K: '${{ secrets.K }}'}}",
        "container: {image: acme/ship, options: '-e K=${{ secrets.K }}'}",
        "container: acme/${{ secrets.IMAGE }}",
        // Variables of the container are those of each step.
        "container: {image: node, env: {DEPLOY_FREEZE: 'false'}}",
        "container: {image: node, env: {BASH_ENV: ./ship.sh}}",
    ] {
        assert!(!with_keys(keys, ""), "{keys}");
    }
}

#[test]
fn an_install_of_the_checkout_may_deploy() {
    for line in [
        "npm ci",
        "npm install --prefix ./web",
        "npm i -g @acme/tool@1 typescript",
        "npm ci --ignore-scripts=false",
        "npm config set registry https://npm.example.com",
        "pip install -r requirements.txt",
        "pip install -qr ./requirements/dev.txt -c ./constraints.txt --target ./vendor",
        "pip install --upgrade pip 'black[d]==24.1' --index-url=https://pypi.example.com/simple",
        "pip install git+https://github.com/acme/x@v1 https://example.com/x.whl",
        "python -m pip install twine",
        "uv pip install --requirement requirements/dev.txt",
        "bundle install --path vendor/bundle",
        "bundle config set path vendor/bundle",
        "gem install bundler -- --with-dir=/usr/lib",
        "cargo install cargo-nextest --locked --root ./tools",
        "cargo install --git https://github.com/acme/x",
        "go install github.com/acme/x/cmd/x@v1.2.3",
        "sudo apt-get install -y jq",
        "brew install acme/tap/x",
        "composer install --working-dir=./web",
        "aws configure set region eu-west-1",
    ] {
        assert!(after_script(line), "{line}");
    }
    for line in [
        "pip install .",
        "pip install '.[dev]'",
        "pip install ./pkg",
        "pip install pkg/",
        "pip install -e .",
        "pip install -e./pkg",
        "pip install --editable=.",
        "pip install --upgrade ../pkg",
        "pip install dist/*.whl",
        "pip install x.tar.gz",
        "pip install 'x @ file:///work/x'",
        "pip install \"$GITHUB_WORKSPACE\"",
        "pip install --find-links ./wheels x",
        "pip install --python ./ship x",
        "python3 -m pip install .",
        "pipx install ./pkg",
        "uv pip install -e .",
        "uv tool install --from ./pkg ship",
        "npm install ./x",
        "npm i -g .",
        "npm install file:../x",
        "npm install x.tgz",
        "npm ci --script-shell ./ship.sh",
        "npm ci --script-shell=./ship.sh",
        "npm ci --node-options='--require ./ship.js'",
        "npm config set script-shell ./ship.sh",
        "npm config set script-shell=./ship.sh",
        "pnpm install --config.script-shell=./ship.sh",
        "gem install ./x.gem",
        "gem install x.gem",
        "cargo install --path .",
        "cargo install --path=cli",
        "cargo install x --config build.rustc-wrapper=./ship",
        "go install ./...",
        "go install",
        "go install acme.example/shop/cmd/ship",
        "go install -toolexec=./ship acme.example/x@v1",
        "brew install ./x.rb",
        "sudo apt-get install -y ./x.deb",
        "aws configure set credential_process ./ship.sh",
    ] {
        assert!(!after_script(line), "{line}");
    }
}

#[test]
fn a_variable_that_names_code_breaks_the_proof_for_what_it_affects() {
    let plain = "{NODE_OPTIONS: --max-old-space-size=4096, RUSTC_WRAPPER: sccache, ENV: production, APP: ./x, CI: 'true'}";
    let require = "{NODE_OPTIONS: '--require ./ship.js'}";
    let npm = |env: &str| format!("- run: npm ci\n  env: {env}\n");
    assert!(with_keys("", &npm(plain)) && with_keys(&format!("env: {plain}"), &npm("{}")));
    assert!(!with_keys("", &npm(require)) && !with_keys(&format!("env: {require}"), &npm("{}")));
    assert!(!with_keys("", &npm("'${{ fromJSON(inputs.env) }}'")));
    for variable in
        ["BASH_ENV: ./ship.sh", "PATH: './bin:/bin'", "npm_config_script_shell: ./ship.sh", "'BASH_FUNC_npm%%': '() { ./ship; }'"]
    {
        assert!(!with_keys("", &npm(&format!("{{{variable}}}"))), "{variable}");
    }
    // For the workflow, for an action, and after the check in spite of it.
    let workflow = |env: &str| {
        job("ubuntu-latest", &format!("- uses: actions/checkout@v4\n- run: npm ci\n{CHECK}{DEPLOY}"))
            .replace("jobs:", &format!("env: {env}\njobs:"))
    };
    assert!(matches!(proof_of(&workflow(plain)), Proof::Proven(_)) && !matches!(proof_of(&workflow(require)), Proof::Proven(_)));
    let action = |env: &str| with_keys("", &format!("- {{uses: actions/setup-node@v4, env: {env}}}\n"));
    assert!(action(plain) && !action(require));
    assert!(!is_proven(&format!("{CHECK}{DEPLOY}- {{run: echo done, if: always(), env: {{BASH_ENV: ./ship.sh}}}}\n")));
    // Only programs in Python read its variables.
    let python = |line: &str| with_keys("env: {PYTHONPATH: src}", &format!("- run: {line}\n"));
    assert!(python("npm ci") && !python("pip install -r requirements.txt") && !python("python -m pip install x"));
    for (folder, harmless) in
        [("$HOME/.cargo/bin", true), ("/opt/x/bin", true), ("$PWD/bin", false), ("./bin", false), ("$HOME/work/shop/shop/bin", false)]
    {
        assert_eq!(after_script(&format!("echo \"{folder}\" >> $GITHUB_PATH")), harmless, "{folder}");
    }
    // Set by a script, for itself or for later steps.
    assert!(after_script("export NODE_OPTIONS=--max-old-space-size=4096; npm ci"));
    for line in [
        "export NODE_OPTIONS='--require ./ship.js'; npm ci",
        "NODE_OPTIONS='--require ./ship.js' npm ci",
        "echo NODE_OPTIONS=--require=./ship.js >> $GITHUB_ENV",
        "echo BASH_ENV=./ship.sh >> $GITHUB_ENV",
    ] {
        assert!(!after_script(line), "{line}");
    }
}

#[test]
fn an_input_that_names_a_program_breaks_the_proof() {
    let with = |action: &str, inputs: &str| with_keys("", &format!("- {{uses: {action}, with: {{{inputs}}}}}\n"));
    for (action, harmless, harmful) in [
        ("codecov/codecov-action@v5", "files: ./coverage.xml, token: x", "binary: ./ship"),
        ("codecov/codecov-action@v5", "gcov_executable: gcov-12", "gcov_executable: ./ship"),
        ("actions/setup-python@v6", "pip-install: -r requirements.txt", "pip-install: ."),
        ("github/codeql-action/init@v3", "tools: linked", "tools: ./ship.tar.gz"),
        ("8398a7/action-slack@v3", "custom_payload: '{text: `${process.env.AS_REPO}`}'", "custom_payload: '{text: require(`./ship`)}'"),
        ("rtcamp/action-slack-notify@v2", "args: x", "entrypoint: ./ship"),
    ] {
        assert!(with(action, harmless), "{action} {harmless}");
        assert!(!with(action, harmful), "{action} {harmful}");
    }
}

#[test]
fn looking_a_name_up_is_harmless() {
    assert!(after_script("command -v heroku && command -V ssh") && !after_script("command ./ship"));
}
