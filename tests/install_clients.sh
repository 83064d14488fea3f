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

need() { # need PACKAGE FILE-OR-COMMAND... of which one is enough
    package=$1
    shift
    for one; do
        if [ -e "$one" ] || command -v "$one" >/dev/null 2>&1; then return; fi
    done
    packages="$packages $package"
}

look() { # sets $packages, which are missing; again after apt-get update, which may tell of packages not known before
    packages=
    need supercollider-language sclang
    need supercollider-server scsynth
    need jackd2 jackd
    # later Debians have it in a package of its own
    if apt-cache show jack-example-tools >/dev/null 2>&1; then tools=jack-example-tools; else tools=jackd2; fi
    need $tools jack_wait
    servers=/usr/lib/sonic-pi/app/server/ruby/bin # of Sonic Pi 4 and 3
    need sonic-pi-server $servers/daemon.rb $servers/sonic-pi-server.rb
    need sox sox
    packages=$(printf '%s\n' $packages | sort -u | tr '\n' ' ' | sed 's/ *$//')
}

if [ "$(uname -s)" = Darwin ]; then
    missing=
    [ -d /Applications/SuperCollider.app ] || missing="$missing supercollider"
    [ -d "/Applications/Sonic Pi.app" ] || missing="$missing sonic-pi"
    [ -z "$missing" ] || give_up "missing:$missing; install with: brew install --cask$missing"
    exit 0
fi

look
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
if $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >"$log" 2>&1 && look &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $packages >>"$log" 2>&1; then
    exit 0
fi
tail -n 5 "$log" >&2
give_up "could not install $packages; try: sudo apt-get install --no-install-recommends $packages"
