#!/bin/sh
# Installs the programs that the client tests drive (SuperCollider, Sonic Pi, jackd, sox), where that is allowed. Where it
# is not, it says in one line what is missing and how to get it: the tests skip by name then, and with CI=true it fails.
set -u

say() { printf '%s\n' "clients: $*"; }

give_up() {
    say "$*"
    [ "${CI:-}" = true ] && exit 1
    exit 0
}

packages=
need() { # need PACKAGE FILE-OR-COMMAND
    case $2 in
        /*) [ -e "$2" ] ;;
        *) command -v "$2" >/dev/null 2>&1 ;;
    esac || packages="$packages $1"
}

if [ "$(uname -s)" = Darwin ]; then
    missing=
    [ -d /Applications/SuperCollider.app ] || missing="$missing supercollider"
    [ -d "/Applications/Sonic Pi.app" ] || missing="$missing sonic-pi"
    [ -z "$missing" ] || give_up "missing:$missing; install with: brew install --cask$missing"
    exit 0
fi

need supercollider-language sclang
need supercollider-server scsynth
need jackd2 jackd
need jackd2 jack_wait
need sonic-pi-server /usr/lib/sonic-pi/app/server/ruby/bin/sonic-pi-server.rb
need sox sox
packages=$(printf '%s\n' $packages | sort -u | tr '\n' ' ' | sed 's/ *$//')
[ -n "$packages" ] || exit 0

command -v apt-get >/dev/null 2>&1 ||
    give_up "missing: $packages (Debian's names); install SuperCollider, Sonic Pi, JACK and sox with this system's package manager"

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    give_up "missing: $packages; install with: sudo apt-get install --no-install-recommends $packages"
fi

say "installing $packages"
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
# jackd2 asks whether to run in real time; the tests need no answer but the default
if $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >"$log" 2>&1 &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $packages >>"$log" 2>&1; then
    exit 0
fi
tail -n 5 "$log" >&2
give_up "could not install $packages; try: sudo apt-get install --no-install-recommends $packages"
