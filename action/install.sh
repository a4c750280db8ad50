#!/usr/bin/env bash
# Puts gatectl on PATH: a release whose hash was checked, or this checkout built from source.
# In: VERSION, SHA256, ACTION_REPOSITORY, ACTION_REF, and GH_TOKEN to download.
set -euo pipefail
# shellcheck source=action/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

root="$RUNNER_TEMP/gatectl"

from_source() {
    local toolchain=()
    if command -v rustup >/dev/null; then
        rustup toolchain install stable --profile minimal --no-self-update
        toolchain=(+stable)
    fi
    command -v cargo >/dev/null || fail "building gatectl from source needs a Rust toolchain, and this runner has none: name a release in the input version"
    # Nothing that is built here needs a token.
    env -u GH_TOKEN cargo ${toolchain[@]+"${toolchain[@]}"} install --locked --quiet --path "$GITHUB_ACTION_PATH" --root "$root"
    printf '%s\n' "$root/bin" >>"$GITHUB_PATH"
}

target() {
    case "$RUNNER_OS-$RUNNER_ARCH" in
        Linux-X64) echo x86_64-unknown-linux-musl ;;
        Linux-ARM64) echo aarch64-unknown-linux-musl ;;
        macOS-X64) echo x86_64-apple-darwin ;;
        macOS-ARM64) echo aarch64-apple-darwin ;;
        Windows-X64) echo x86_64-pc-windows-msvc ;;
        Windows-ARM64) echo aarch64-pc-windows-msvc ;;
        *) fail "there is no release for $RUNNER_OS on $RUNNER_ARCH: use version: source" ;;
    esac
}

sha256() {
    if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

repository() {
    local repository="${ACTION_REPOSITORY:-}"
    if [[ -z "$repository" ]]; then
        # Runners keep an action in .../_actions/OWNER/REPOSITORY/REF.
        local rest="${GITHUB_ACTION_PATH//\\//}"
        rest="${rest##*/_actions/}"
        repository="$(cut -d / -f 1,2 <<<"$rest")"
    fi
    [[ "$repository" =~ ^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$ ]] || fail "which repository this action is from is not known: use version: source"
    printf '%s' "$repository"
}

from_release() {
    local tag="v${1#v}" name archive want got
    name="gatectl-$tag-$(target)"
    archive="$root/$name.tar.gz"
    mkdir -p "$root"
    command -v gh >/dev/null || fail "downloading a release needs the GitHub CLI, which this runner lacks: use version: source"
    gh release download "$tag" --repo "$(repository)" --dir "$root" --clobber --pattern "$name.tar.gz" --pattern SHA256SUMS
    want="${SHA256:-$(awk -v name="$name.tar.gz" '$2 == name { print $1 }' "$root/SHA256SUMS")}"
    got="$(sha256 "$archive")"
    if [[ ! "$want" =~ ^[0-9a-f]{64}$ || "$got" != "$want" ]]; then
        rm -f "$archive"
        fail "$name.tar.gz hashes to $got, not to ${want:-any hash that the release lists}: it was not installed"
    fi
    # The hash says that the download is whole; the attestation says that this repository's release workflow built it.
    if [[ -z "${SHA256:-}" ]] && ! gh attestation verify "$archive" --repo "$(repository)" >/dev/null; then
        rm -f "$archive"
        fail "$name.tar.gz has no valid attestation of $(repository): it was not installed. Pin its hash in the input sha256, or use version: source"
    fi
    tar -xzf "$archive" -C "$root"
    printf '%s\n' "$root/$name" >>"$GITHUB_PATH"
}

version="${VERSION:-}"
if [[ -z "$version" && "${ACTION_REF:-}" =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
    version="$ACTION_REF"
fi
case "$version" in
    '' | source)
        [[ -z "${SHA256:-}" ]] || fail "the input sha256 is the hash of a release: name it in the input version"
        from_source
        ;;
    *)
        [[ "$version" =~ ^v?[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || fail "the input version is neither a release such as v0.1.0 nor source"
        from_release "$version"
        ;;
esac
