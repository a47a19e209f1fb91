# shellcheck shell=bash
# A PostgreSQL of a script's own, in a temporary folder, on a Unix socket that only its user can open. Source it after lib.sh.
#
#   start_private_postgres     starts it; sets `work`, the temporary folder, `server`, the socket's folder, and `bin`, that of
#                              PostgreSQL's programs; when the script ends, it stops and the folder goes, unless `keep` is 1

work='' server='' bin='' keep=${keep:-0}
owner=''    # the system's user that the server runs as, when it is not the one who runs this

# As the server's user, from a folder that it can read: it never sees the checkout, which may lie in a private home.
as_server() {
    if [[ -z $owner ]]; then
        (cd "$server" && "$@")
    elif has runuser; then
        (cd "$server" && exec runuser -u "$owner" -- "$@")
    else
        (cd "$server" && exec setpriv --reuid="$owner" --regid="$owner" --init-groups "$@")
    fi
}

cleanup() {
    local status=$?
    trap '' INT TERM HUP
    if [[ -n $server && -s $server/data/postmaster.pid ]]; then
        as_server "$bin/pg_ctl" stop -D data -m fast -t 30 >/dev/null 2>&1 ||
            as_server "$bin/pg_ctl" stop -D data -m immediate -t 30 >/dev/null 2>&1 ||
            echo "${0##*/}: PostgreSQL in $server/data did not stop" >&2
    fi
    if [[ -n $work ]]; then
        if ((keep)); then
            printf '\nKept: %s\n' "$work"
        else
            rm -rf "$work"
        fi
    fi
    exit "$status"
}
start_private_postgres() {
    local variable settings
    trap cleanup EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP

    # Settings of the user's own (PGHOST, PGOPTIONS, …) must not lead the demonstration to another database.
    for variable in "${!PG@}"; do unset "$variable"; done

    bin=$(postgres_bin)
    if ((EUID == 0)); then
        owner=postgres
        id "$owner" >/dev/null 2>&1 || die "PostgreSQL does not run as root, and there is no user '$owner'. Run this as another user."
    fi

    # A short path, since a Unix socket's is at most 107 bytes; under /tmp, since the server's user must get there.
    work=$(mktemp -d /tmp/tidemark.XXXXXX)
    server=$work/pg
    mkdir -m 700 "$server"
    if [[ -n $owner ]]; then
        chmod 711 "$work"
        chown "$owner" "$server"
    fi
    step "A private PostgreSQL, on a socket in $server that only you can open"
    if ! as_server "$bin/initdb" -D data -U postgres -A trust -E UTF8 --no-locale --no-sync >"$work/initdb.log" 2>&1; then
        cat "$work/initdb.log" >&2
        die "initdb failed: see above."
    fi
    # Safe to lose: no waiting for the disk. No TCP. No background jobs whose transactions would come between the runs.
    settings="-c listen_addresses='' -c unix_socket_directories='$server' -c unix_socket_permissions=0700 -c fsync=off"
    settings+=" -c autovacuum=off -c max_wal_size=4GB"
    if ! as_server "$bin/pg_ctl" start -D data -l log -w -t 60 -o "$settings" >/dev/null; then
        cat "$server/log" >&2 || true
        die "PostgreSQL did not start: see above."
    fi
}
