# shellcheck shell=bash
# What the scripts beside this file share: messages, and getting onto the machine what is missing.
# Source it; it sets ROOT, the checkout's folder, and YES, 1 when nothing is to be asked.

# shellcheck disable=SC2034  # for those who source this
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
YES=0
if [[ -n ${CI:-} ]]; then YES=1; fi

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi

# A heading.
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
# A command, as one would type it.
show() { printf '%s$ %s%s\n' "$dim" "$*" "$plain"; }
# The end: what went wrong and what to do.
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# The folder of the newest PostgreSQL server on this machine, 14 or later; fails when there is none.
postgres_bin() {
    local dir version best='' newest=13
    local dirs=(/usr/lib/postgresql/*/bin /usr/pgsql-*/bin)
    if has pg_config; then dirs+=("$(pg_config --bindir)"); fi
    if has initdb; then dirs+=("$(dirname "$(command -v initdb)")"); fi
    for dir in "${dirs[@]}"; do
        [[ -x $dir/initdb && -x $dir/pg_ctl && -x $dir/postgres ]] || continue
        version=$("$dir/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
        if ((version > newest)); then newest=$version best=$dir; fi
    done
    [[ -n $best ]] && printf '%s\n' "$best"
}

# The first Python 3 that can make a virtual environment with pip in it; fails when there is none.
venv_python() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1; then
            command -v "$python"
            return
        fi
    done
    return 1
}

# Prints the Debian packages that are missing for each purpose named: build, postgres, python, zstd, openssl, time.
missing_packages() {
    local purpose pair
    for purpose in "$@"; do
        case $purpose in
            build)
                has pkg-config || echo pkg-config
                has strip || echo binutils
                for pair in libpq:libpq-dev libzstd:libzstd-dev zlib:zlib1g-dev libcurl:libcurl4-openssl-dev; do
                    pkg-config --exists "${pair%%:*}" 2>/dev/null || echo "${pair##*:}"
                done
                ;;
            postgres)
                if ! postgres_bin >/dev/null || ! has psql; then echo postgresql; fi
                ;;
            python) venv_python >/dev/null || echo python3-venv ;;
            zstd) has zstd || echo zstd ;;
            openssl) has openssl || echo openssl ;;
            time) [[ -x /usr/bin/time ]] || echo time ;;
            *) die "unknown purpose: $purpose" ;;
        esac
    done
}

# Installs what the purposes need, by apt; shows the command and asks first.
install_missing() {
    local found sudo=() script
    found=$(missing_packages "$@" | sort -u | tr '\n' ' ')
    found=${found% }
    [[ -n $found ]] || return 0

    script="apt-get update -qq && apt-get install -y -qq --no-install-recommends $found"
    if [[ " $found " == *' postgresql '* && ! -e /etc/postgresql-common/createcluster.conf ]]; then
        # Debian would also make and start a database cluster, which nobody asked for: not while this file is there.
        local off=/etc/postgresql-common/createcluster.d/tidemark.conf
        script="mkdir -p ${off%/*} && echo create_main_cluster = false >$off && $script; status=\$?; rm -f $off; exit \$status"
    fi
    if ((EUID != 0)) && has sudo; then sudo=(sudo); fi

    echo "Missing on this machine: $found"
    show "${sudo:+sudo }sh -c '$script'"
    has apt-get || die "There is no apt-get here. Install the equivalents of these packages, then run this again."
    if ((EUID != 0)) && ! has sudo; then die "Run the command above as root, then run this again."; fi
    if [[ -n ${sudo:-} && ! -t 0 ]]; then sudo+=(-n); fi    # nobody is there to type a password
    if ((!YES)); then
        [[ -t 0 ]] || die "There is no terminal to ask on. Run the command above yourself, or give --yes."
        local answer
        read -r -p "Run it? [Y/n] " answer
        [[ -z $answer || $answer == [Yy]* ]] || die "Nothing was installed."
    fi
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive sh -c "$script" ||
        die "The command above failed. Its messages say why; run it by hand, then run this again."
    hash -r
    found=$(missing_packages "$@" | sort -u | tr '\n' ' ')
    [[ -z $found ]] || die "Still missing after the installation: ${found% }."
}

need_swift() {
    has swift || die "Swift is missing. Install Swift 6.2 or later (https://www.swift.org/install), then run this again."
}
