#!/usr/bin/env bats
# Bad luck: limits, signals, missing things. A clear message, the right exit status, and nothing left behind: every test
# ends with a look for processes, temporary files and halves of reports (teardown).
load common

NOBODY=64999 # in no passwd file, and so the owner of no other process
START_PROCESS=(fork spawn forkserver)

# Works until it is stopped, for all that these tests care.
ENDLESS=(--workload=counter --share=atomic --workers=2 --set increments=4000000000 --rounds=2 --no-save -q)

setup() {
        mkdir "$BATS_TEST_TMPDIR/here" "$BATS_TEST_TMPDIR/tmp"
        chmod 1777 "$BATS_TEST_TMPDIR/tmp"
        export TMPDIR=$BATS_TEST_TMPDIR/tmp
        cd "$BATS_TEST_TMPDIR/here" || return
}

# The processes of this test's runs: they have its folder in their environment.
family() {
        local pid
        for pid in $(cd /proc && grep -lszxF "BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR" [0-9]*/environ | cut -d/ -f1); do
                case $(cat "/proc/$pid/comm" 2>/dev/null) in
                mpbench* | mproc* | gnuplot*) echo "$pid" ;;
                esac
        done
}

# True once COMMAND is, within some seconds.
await() {
        for _ in {1..200}; do
                if "$@"; then return 0; fi # bash: without the 0 it may be the failed test's own status
                sleep 0.03
        done
        echo "in vain: $*"
        return 1
}

no_family() { [ -z "$(family)" ]; }
has_ended() { [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

teardown() {
        local left pids
        if ! await no_family; then
                pids=$(family)
                # shellcheck disable=SC2086 # pids
                ps -o pid,ppid,stat,args $pids
                # shellcheck disable=SC2086
                kill -KILL $pids
                return 1
        fi
        if [ -n "$mounted" ]; then umount "$mounted"; fi
        if [ -n "$group" ]; then await rmdir "$group"; fi
        left=$(find "$BATS_TEST_TMPDIR" -name '.mpbench-*' -o -name '*.partial' -o -path "$TMPDIR/*")
        [ -z "$left" ] || { echo "left behind: $left" && return 1; }
}

# unless_sanitized REASON: skips where the programs are built with a sanitizer.
unless_sanitized() {
        if grep -qs '^MPBENCH_SANITIZE:[A-Z]*=.' "${MPBENCH%/*}/CMakeCache.txt"; then skip "$1"; fi
}

as_nobody() { setpriv --reuid=$NOBODY --regid=$NOBODY --clear-groups -- "$@"; }

need_nobody() {
        [ "$(id -u)" = 0 ] || skip "only root can become another user"
        as_nobody test -x "$MPBENCH" || skip "another user may not run $MPBENCH"
}

# need_group CONTROLLER FILE=VALUE…: `in_group COMMAND…` runs in a cgroup of this test's own.
need_group() {
        local controller=$1 setting
        group=/sys/fs/cgroup/$controller/mpbench-$$-$BATS_TEST_NUMBER
        if ! mkdir "$group" 2>/dev/null; then
                group=
                skip "no cgroup (v1) of the controller '$controller' can be made here"
        fi
        shift
        for setting in "$@"; do echo "${setting#*=}" >"$group/${setting%%=*}"; done
}
in_group() { bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"; }

# with_limit OPTION VALUE COMMAND…: under `ulimit OPTION VALUE`.
with_limit() { bash -c 'ulimit "$0" "$1" && shift && exec "$@"' "$@"; }

# begin ARGS…: a run in the background; sets $driver, $host, $server (empty without one) and $worker.
begin() {
        env --default-signal=INT "$MPBENCH" "$@" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
        driver=$!
        await child_of $driver mpbench-host && host=$child
        server=
        if [[ $* == *=forkserver* ]]; then await child_of "$host" mproc-forkserv && server=$child; fi
        await child_of "${server:-$host}" mpbench-worker && worker=$child
}
child_of() { child=$(pgrep -o -P "$1" -x "$2"); }

# finish STATUS TEXT: how the run in the background ended.
finish() {
        status=0
        wait "$driver" || status=$?
        output=$(cat "$BATS_TEST_TMPDIR/out")
        ended "$1" "$2"
}

@test "an output folder that another user may not write to is told before anything is measured" {
        need_nobody
        run as_nobody "$MPBENCH" "${QUICK[@]}"
        ended 4 "'mpbench-results' in '.': Permission denied (EACCES); choose another one with --out, or --no-save"
        [ -z "$(ls -A)" ]
        mkdir -m 700 closed
        run as_nobody "$MPBENCH" "${QUICK[@]}" --out=closed/new
        ended 4 "--no-save"
}

@test "a full output folder fails the run, keeps no half of a report and still shows what was measured" {
        mkdir full
        mount -t tmpfs -o size=16k none full 2>/dev/null || skip "no small file system can be mounted here"
        mounted=$PWD/full
        run "$MPBENCH" "${QUICK[@]}" -q --out=full/report
        ended 4 "No space left on device (ENOSPC); make room there, or choose another folder with --out"
        ended 4 "correct"
        [ -z "$(ls -A full)" ]
}

@test "an output folder that is removed in mid-run is made again; one that cannot be is an error" {
        mkdir out gone
        begin --workload=counter --share=atomic --workers=2 --set increments=10M --rounds=3 -q --out=out/report
        rmdir out
        finish 0 atomic
        jq -e '.trials | length == 3' out/report/report.json
        cd gone || return
        begin --workload=counter --share=atomic --workers=2 --set increments=10M --rounds=3 -q
        rmdir ../gone
        # shellcheck disable=SC2103 # the program is to stay where there is nothing left
        cd ..
        finish 4 "No such file or directory (ENOENT)"
}

@test "a limit on a user's processes is named, under every start method" {
        unless_sanitized "the leak check itself needs another process"
        need_nobody
        run as_nobody prlimit --nproc=1 "$MPBENCH" "${QUICK[@]}" --no-save -q
        ended 4 "mpbench-host could not be started (RLIMIT_NPROC is 1: that, or"
        for start in "${START_PROCESS[@]}" thread; do
                run as_nobody prlimit --nproc=2 "$MPBENCH" "${QUICK[@]}" --no-save -q --start="$start"
                ended 4 "(RLIMIT_NPROC is 2: that, or"
        done
}

@test "pids.max is named, under every start method" {
        unless_sanitized "the leak check itself needs another process"
        need_group pids pids.max=2
        for start in "${START_PROCESS[@]}" thread; do
                run in_group "$MPBENCH" "${QUICK[@]}" --no-save -q --start="$start"
                ended 4 "pids.max"
        done
        echo 1 >"$group/pids.max"
        run in_group "$MPBENCH" "${QUICK[@]}" --no-save -q
        ended 4 "mpbench-host could not be started"
}

@test "no process is left to count against the next run, not even a zombie" {
        need_group pids pids.max=5 # driver, host, fork server, two workers
        for _ in 1 2 3; do
                run in_group "$MPBENCH" "${QUICK[@]}" --no-save -q --start=forkserver
                ended 0 correct
                [ "$(cat "$group/pids.current")" = 0 ]
        done
}

@test "a limit on the size of files is named, for shared memory and for reports" {
        for start in "${START_PROCESS[@]}"; do
                run with_limit -f 4 "$MPBENCH" "${QUICK[@]}" -q --start="$start"
                ended 4 "RLIMIT_FSIZE allows (4096): raise ulimit -f"
                ended 4 "report.json could not be written: File too large (EFBIG); the limit on file sizes (ulimit -f)"
                [ -z "$(ls -A)" ]
        done
}

@test "a limit on memory skips the parent that is too large for it and measures the others" {
        unless_sanitized "the sanitizer itself needs the address space"
        run with_limit -v 200000 "$MPBENCH" --workload=start --start=fork --set parent_rss=0,1GiB --rounds=2 --no-save --json
        ended 0 "no parent of 1 GiB (parent_rss): its memory cannot be had (RLIMIT_AS is 204800000: raise ulimit -v"
        jq -e '[.cells[] | select(.parameters.parent_rss == 0) | .verified] | all and length > 0' <<<"$output"
        run with_limit -v 200000 "$MPBENCH" --workload=start --start=fork --set parent_rss=1GiB --rounds=2 --no-save -q
        ended 4 "RLIMIT_AS" # also where it leaves nothing to measure
        run with_limit -v 200000 "$MPBENCH" --workload=spin --submit=imap --set tasks=100M --rounds=1 --no-save -q
        ended 4 "no memory to submit 100000000 tasks one by one: give fewer"
}

@test "threads that cannot all be started are no endless wait for the rest" {
        run with_limit -n 12 "$MPBENCH" --workload=counter --share=atomic --workers=8 --set increments=1000 --rounds=2 --no-save \
                -q --start=thread
        ended 4 "RLIMIT_NOFILE is 12"
        run "$MPBENCH" "${ENDLESS[@]}" --start=thread --timeout=200ms
        ended 4 "2 of 2 workers were not done within the time limit of 0.2 s (--timeout)"
}

@test "a memory cgroup that kills the host of a large parent skips that parent" {
        need_group memory memory.limit_in_bytes=64M
        run in_group "$MPBENCH" --workload=start --start=fork --set parent_rss=256MiB --rounds=2 --no-save -q
        ended 4 "no parent of 256 MiB (parent_rss): mpbench-host did not come up: it was killed by signal 9 (SIGKILL): by hand, or for want of memory"
}

@test "few descriptors are named, under every start method" {
        run with_limit -n 8 "$MPBENCH" "${QUICK[@]}" --no-save -q
        ended 4 "RLIMIT_NOFILE is 8: raise ulimit -n"
        for start in "${START_PROCESS[@]}" thread; do
                run with_limit -n 12 "$MPBENCH" --workload=counter --share=atomic --workers=8 --set increments=1000 --rounds=2 \
                        --no-save -q --start="$start"
                ended 4 "RLIMIT_NOFILE is 12: raise ulimit -n"
        done
}

@test "one allowed PU is what workers default to, and two workers on it are told" {
        pu=$(taskset -cp $$ | sed 's/.*[ ,-]//')
        run taskset -c "$pu" "$MPBENCH" --workload=counter --share=atomic --set increments=1000 --rounds=2 --no-save
        ended 0 "1 worker on"
        ended 0 "affinity 1"
        run taskset -c "$pu" "$MPBENCH" "${QUICK[@]}" --no-save
        ended 0 "2 workers share 1 PU"
        run taskset -c "$pu" "$MPBENCH" "${QUICK[@]}" --no-save --place=1023
        ended 2 "allowed: $pu"
}

@test "a cpuset is what workers are placed in" {
        pu=$(taskset -cp $$ | sed 's/.*[ ,-]//')
        need_group cpuset "cpuset.mems=$(cat /sys/fs/cgroup/cpuset/cpuset.mems)" "cpuset.cpus=$pu"
        run in_group "$MPBENCH" --workload=counter --share=atomic --set increments=1000 --rounds=2 --no-save --json
        ended 0 allowed_pus
        jq -e --argjson pu "$pu" '[.trials[].workers[].pu] | unique == [$pu]' <<<"$output"
}

@test "a CPU quota bounds the workers, the screen says so, and a trial is as long as its periods ask for" {
        # Ten periods are aimed at; half will do for a rate.
        [ "$(nproc)" -ge 2 ] || skip "one PU binds before a quota does"
        need_group cpu cpu.cfs_period_us=10000 cpu.cfs_quota_us=5000
        run in_group "$MPBENCH" --workload=counter --share=atomic --rounds=3 --no-save --json
        ended 0 cpu_quota
        jq -e '.environment.cpu_quota == 0.5 and .cells[0].factors.workers == "1"' <<<"$output"
        jq -e '[.trials[].overlap_ns] | sort | .[length / 2 | floor] >= 50000000' <<<"$output"
        run in_group "$MPBENCH" --workload=counter --share=atomic --set increments=1000 --rounds=2 --no-save
        ended 0 "by quota 0.5"
}

@test "a seccomp filter on perf_event_open denies the counters and fails nothing" {
        run "$(dirname "$MPBENCH")/tests/no_perf" "$MPBENCH" "${QUICK[@]}" --no-save --json
        [ "$status" != 125 ] || skip "no seccomp filter can be set here"
        ended 0 '"denied"'
        jq -e '[.environment.counters[] | .status == "denied" and (.reason | contains("seccomp"))] | all' <<<"$output"
}

@test "perf_event_paranoid denies a user some counters, with the remedy" {
        need_nobody
        [ "$(cat /proc/sys/kernel/perf_event_paranoid)" -ge 2 ] || skip "perf_event_paranoid is below 2"
        run as_nobody "$MPBENCH" "${QUICK[@]}" --no-save --json
        ended 0 "sysctl kernel.perf_event_paranoid=1"
        jq -e '.environment.counters[] | select(.name == "context-switches") | .status == "denied"' <<<"$output"
}

@test "a kernel without perf events has no counters and fails nothing" {
        unshare -m mount -t tmpfs none /proc/sys/kernel 2>/dev/null || skip "nothing can be mounted over /proc here"
        run unshare -m bash -c 'mount -t tmpfs none /proc/sys/kernel && exec "$@"' - "$MPBENCH" "${QUICK[@]}" --no-save --json
        ended 0 '"unsupported"'
        jq -e '[.environment.counters[].status == "unsupported"] | all' <<<"$output"
}

@test "a missing /proc is told" {
        unless_sanitized "the sanitizer itself needs /proc"
        unshare -m mount -t tmpfs none /proc 2>/dev/null || skip "nothing can be mounted over /proc here"
        run unshare -m bash -c 'mount -t tmpfs none /proc && exec "$@"' - "$MPBENCH" "${QUICK[@]}" --no-save -q
        ended 4 "mount /proc"
}

@test "a worker that is killed fails its cell with the signal, under every start method" {
        for start in "${START_PROCESS[@]}"; do
                begin "${ENDLESS[@]}" --start="$start"
                kill -KILL "$worker"
                finish 4 "(pid $worker) was killed by signal 9 (SIGKILL)"
                no_family
        done
}

@test "a worker that hangs is ended at the time limit, under every start method" {
        for start in "${START_PROCESS[@]}"; do
                begin "${ENDLESS[@]}" --start="$start" --timeout=500ms
                kill -STOP "$worker"
                finish 4 "were not done within the time limit of 0.5 s"
                no_family
        done
}

@test "a host that is killed fails its cell, and its workers are gone when the run ends" {
        for start in "${START_PROCESS[@]}"; do
                begin "${ENDLESS[@]}" --start="$start"
                kill -KILL "$host"
                finish 4 "the host process died in mid-trial: it was killed by signal 9 (SIGKILL)"
                [ ! -d "/proc/$worker" ]
                [ -z "$server" ] || [ ! -d "/proc/$server" ]
                no_family
        done
}

@test "a fork server that is killed fails its cell, and its workers are gone" {
        begin "${ENDLESS[@]}" --start=forkserver
        kill -KILL "$server"
        finish 4 "fork server (process $server) was killed by SIGKILL"
        [ ! -d "/proc/$worker" ]
}

@test "a driver that is killed takes host, fork server and workers with it" {
        for start in "${START_PROCESS[@]}"; do
                begin "${ENDLESS[@]}" --start="$start"
                kill -KILL "$driver"
                finish 137 ""
                for process in $host $server $worker; do await has_ended "$process"; done
        done
}

@test "a second Ctrl-C ends the program at once" {
        begin "${ENDLESS[@]}"
        kill -STOP "$host" # it would answer the first one
        kill -INT "$driver"
        await caught_first
        kill -INT "$driver"
        finish 130 ""
        for process in $host $worker; do await has_ended "$process"; done
}
# The handler of the first one is taken away with it.
caught_first() { (((0x$(awk '/^SigCgt/ { print $2 }' "/proc/$driver/status") & 2) == 0)); }

@test "closed standard descriptors harm nothing but what goes there" {
        run bash -c '"$@" <&-' - "$MPBENCH" "${QUICK[@]}" --out=a -q
        ended 0 correct
        run bash -c '"$@" 2>&-' - "$MPBENCH" "${QUICK[@]}" --out=b -q
        ended 0 correct
        run bash -c '"$@" 2>/dev/full' - "$MPBENCH" "${QUICK[@]}" --out=c -q
        ended 0 correct
        run bash -c '"$@" <&- >&- 2>&-' - "$MPBENCH" "${QUICK[@]}" --out=d -q
        ended 4 ""
        for folder in a b c d; do jq -e '.trials | length == 2' $folder/report.json; done
        [ "$(echo *)" = "a b c d" ]
}

@test "a reader that left in mid-report is an error that says so, and the files are saved" {
        run bash -c '{ "$@"; echo "exit $?" >&2; } | true' - "$MPBENCH" "${QUICK[@]}" --out=saved
        ended 0 "stdout could not be written: Broken pipe"
        ended 0 "exit 4"
        jq -e '.trials | length == 2' saved/report.json
}

@test "a TMPDIR that is missing or may not be written is named by the workload that needs it" {
        TMPDIR=/nonexistent run "$MPBENCH" --workload=fileread --workers=2 --rounds=2 --no-save -q
        ended 4 "/nonexistent (set TMPDIR to change that): No such file or directory (ENOENT)"
        need_nobody
        mkdir -m 700 closed
        TMPDIR=$PWD/closed run as_nobody "$MPBENCH" --workload=fileread --workers=2 --rounds=2 --no-save -q
        ended 4 "closed (set TMPDIR to change that): Permission denied (EACCES)"
}

@test "without gnuplot the run succeeds and says how to get the plots" {
        PATH=/nonexistent run "$MPBENCH" --workload=counter --share=atomic,mutex --workers=2 --rounds=2 --out=saved
        ended 0 "No plots: gnuplot is not installed: apt install gnuplot-nox, then mpbench report"
        command -v gnuplot || skip "what is promised cannot be tried: no gnuplot here either"
        run "$MPBENCH" report saved
        ended 0 ""
        [ -s saved/plots/throughput.svg ]
}

@test "an empty environment and a C locale are fine" {
        run env -i LC_ALL=C BATS_TEST_TMPDIR="$BATS_TEST_TMPDIR" "$MPBENCH" "${QUICK[@]}" -q
        ended 0 "2000 = 2 x 1000 ok"
        LC_ALL=C grep -q '[^ -~]' <<<"$output" && return 1
        [ -s mpbench-results/latest/report.json ]
}

@test "a host program that is deleted or replaced in mid-run changes nothing for this run" {
        mkdir bin
        cp "$MPBENCH" "$(dirname "$MPBENCH")/mpbench-host" bin
        for start in "${START_PROCESS[@]}"; do
                cp "$(dirname "$MPBENCH")/mpbench-host" bin
                MPBENCH=bin/mpbench begin --workload=counter --share=atomic --workers=2 --set increments=5M --rounds=3 --no-save -q --start="$start"
                rm bin/mpbench-host
                cp "$(type -P false)" bin/mpbench-host
                finish 0 atomic
        done
        run bin/mpbench "${QUICK[@]}" --no-save -q
        ended 4 "mpbench-host did not come up: it left with exit code 1"
        rm bin/mpbench-host
        run bin/mpbench "${QUICK[@]}" --no-save -q
        ended 4 "build or install mpbench whole"
}
