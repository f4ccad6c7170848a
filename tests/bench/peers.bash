# The peers that tests/bench/compare measures: getting, starting, asking and stopping them. Sourced by it.
# Uses its variables: dir (temporary directory), ms (length of a figure), keys (rows to look up).

pids=()

# Starts a server in the background; its output goes to a file of its name.
start() {
    local name=$1
    shift
    "$@" >"$dir/$name.log" 2>&1 &
    pids+=($!)
}

# Tries a command until it succeeds, for at most 30 s.
wait_for() {
    local deadline=$((SECONDS + 30))
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= deadline)); then
            printf 'not true after 30 s: %s\nthe logs:\n' "$*" >&2
            tail -n 5 "$dir"/*.log >&2
            exit 1
        fi
        sleep 0.05
    done
}

stop_all() {
    local pid
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$dir"
}

pg_directory() { find /usr/lib/postgresql -path '*/bin/postgres' -printf '%h\n' 2>/dev/null | sort -V | tail -n 1; }

# Whether every peer is there.
has_peers() {
    local program
    for program in redis-server redis-cli redis-benchmark psql pgbench; do
        command -v "$program" >/dev/null || return 1
    done
    [[ -n $(pg_directory) ]]
}

install_peers() {
    if ! has_peers; then
        if ((EUID != 0)); then
            echo 'missing: apt-get install --no-install-recommends redis-server redis-tools postgresql' >&2
            exit 1
        fi
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            redis-server redis-tools postgresql >/dev/null
    fi
    pg=$(pg_directory)
}

start_redis() {
    local name=(--port 0 --daemonize no --save '' --dir "$dir")
    start redis redis-server "${name[@]}" --unixsocket "$dir/redis.sock" --appendonly no
    mkdir "$dir/durable"
    start redis-durable redis-server "${name[@]}" --dir "$dir/durable" --unixsocket "$dir/durable.sock" \
        --appendonly yes --appendfsync always
    wait_for redis-cli -s "$dir/redis.sock" ping
    wait_for redis-cli -s "$dir/durable.sock" ping
    # Fills the names that GET asks for, with values of a record's size.
    redis-benchmark -s "$dir/redis.sock" -t set -d 100 -r "$keys" -n $((keys * 10)) -P 16 -q >/dev/null
}

# The second field of redis-benchmark's CSV is the rate.
redis_rate() { redis-benchmark --csv -d 100 -r "$keys" "$@" | sed -n '2s/^"[^"]*","\([^"]*\)".*/\1/p'; }

# GET with so many connections and requests on the way; PER_MS requests for each millisecond of a figure.
redis_get() { redis_rate -s "$dir/redis.sock" -t get -c "$1" -P "$2" -n $((ms * $3)); }

redis_set() {
    local callers=$1
    redis_rate -s "$dir/durable.sock" -t set -c "$callers" -n $((ms * (callers > 1 ? 15 : 1)))
}

start_postgres() {
    mkdir -m 700 "$dir/pg"
    # It refuses root: its own user, which the package made, runs it.
    local as=(env)
    if ((EUID == 0)); then
        chown postgres "$dir/pg"
        as=(setpriv --reuid=postgres --regid=postgres --init-groups --)
    fi
    "${as[@]}" "$pg/initdb" -D "$dir/pg/data" -U bench -A trust --no-sync >"$dir/initdb.log"
    start postgres "${as[@]}" "$pg/postgres" -D "$dir/pg/data" -k "$dir/pg" -c listen_addresses= \
        -c synchronous_commit=on -c fsync=on -c max_connections=100 -c shared_buffers=256MB
    wait_for psql_quiet -c 'select 1'
    psql_quiet -c "create table keys (hash bytea primary key, owner text not null)" \
        -c "insert into keys select sha256(n::text::bytea), 'user-' || n || '@example.com' from generate_series(1, $keys) n" \
        -c "create table saved (hash bytea primary key, owner text not null)" -c 'vacuum analyze'
    cat >"$dir/look-up.sql" <<SQL
\set n random(1, $keys)
select owner from keys where hash = sha256((:n)::text::bytea);
SQL
    cat >"$dir/insert.sql" <<'SQL'
\set n random(1, 9000000000000000000)
insert into saved values (sha256((:n)::text::bytea), 'user-' || :n || '@example.com');
SQL
}

psql_quiet() { psql -X -q -h "$dir/pg" -U bench -d postgres -v ON_ERROR_STOP=1 "$@"; }

# Transactions in a second of a script, prepared, by so many callers. pgbench counts whole seconds.
pg_rate() {
    local callers=$2 threads
    threads=$((callers > 1 ? 2 : 1))
    pgbench -h "$dir/pg" -U bench -n -M prepared -f "$dir/$1.sql" -c "$callers" -j "$threads" \
        -T $(((ms + 999) / 1000)) postgres 2>>"$dir/pgbench.log" | sed -n 's/^tps = \([0-9.]*\).*/\1/p'
}
