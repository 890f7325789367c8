#!/usr/bin/env bats
# Runs that measure: short ones, of which nothing is asserted but that they are right.
load common

@test "a run is saved with its link and is kept out of version control" {
        run "$MPBENCH" "${QUICK[@]}"
        [ "$status" = 0 ]
        [ "$(cat mpbench-results/.gitignore)" = '*' ]
        saved=$(readlink mpbench-results/latest)
        [[ $saved =~ ^[0-9]{8}-[0-9]{6}-counter$ ]]
        [ -s "mpbench-results/$saved/report.json" ]
        [ -s "mpbench-results/$saved/samples.csv" ]
        [ -s "mpbench-results/$saved/summary.md" ]
        [ "${lines[-2]}" = "Saved: mpbench-results/$saved" ]
        [ "${lines[-1]}" = "More:  $MPBENCH report latest" ]
}

@test "two runs within a second are both saved" {
        "$MPBENCH" "${QUICK[@]}" -q &
        "$MPBENCH" "${QUICK[@]}" -q
        wait $!
        [ "$(find mpbench-results -name report.json | wc -l)" = 2 ]
        [ -s mpbench-results/latest/report.json ]
}

@test "--no-save writes nothing, --json prints the report alone" {
        "$MPBENCH" "${QUICK[@]}" --no-save --json >../out.json 2>../stderr
        jq -e '.cells[0].verified and .cells[0].final == 2000 and (.trials | length) == 2' ../out.json
        [ -z "$(ls -A)" ]
}

@test "--quiet prints a line per cell and nothing else" {
        run "$MPBENCH" --workload=counter --share=atomic,mutex --workers=2 --set increments=1000 --rounds=2 --no-save -q
        [ "$status" = 0 ]
        [ "${#lines[@]}" = 2 ]
        [[ $output == *atomic* && $output == *mutex* ]]
}

@test "--out saves there, and --force replaces a report" {
        "$MPBENCH" "${QUICK[@]}" --out=a/b/c -q
        [ -s a/b/c/report.json ]
        refused_status=0
        "$MPBENCH" "${QUICK[@]}" --out=a/b/c -q || refused_status=$?
        [ $refused_status = 2 ]
        "$MPBENCH" "${QUICK[@]}" --out=a/b/c -q --force --rounds=3
        jq -e '.trials | length == 3' a/b/c/report.json
}

@test "options reach the plan" {
        "$MPBENCH" --workload=counter --share=mutex,atomic --start=fork --workers=1-2 --place=none --set increments=500,1k \
                --seed=7 --rounds=1 --counters=none --baseline=atomic --threshold=5% --no-save --json >../out.json
        jq -e '.cells | length == 8' ../out.json
        jq -e '[.cells[].parameters.increments] | unique == [500, 1000]' ../out.json
        jq -e '[.cells[].factors.workers | tostring] | unique == ["1", "2"]' ../out.json
        jq -e '.plan.seed == 7' ../out.json
        jq -e '[.trials[].workers[].counters | length] | unique == [0]' ../out.json
}

@test "losses that are meant to be are no failure" {
        run "$MPBENCH" --workload=counter --share=racy,isolated --workers=2 --set increments=100k --rounds=2 --no-save -q
        [ "$status" = 0 ]
        [[ $output =~ isolated.*"lost updates in 2 of 2" ]]
}

@test "Ctrl-C ends the run with 130 and keeps what was measured" {
        TERM=xterm script -qfec "exec env --default-signal=INT '$MPBENCH' --workload=counter --share=atomic,mutex --workers=2 --budget=60s --out=saved" \
                ../typescript >/dev/null </dev/null &
        script_pid=$!
        for _ in {1..300}; do
                if grep -q 'round [2-9]' ../typescript; then break; fi
                sleep 0.1
        done
        pid=$(pgrep -P $script_pid)
        kill -INT -- "-$pid" # as a terminal does it: the whole group
        status=0
        wait $script_pid || status=$?
        [ $status = 130 ]
        jq -e '.trials | length >= 2' saved/report.json
        run "$MPBENCH" report --format=text saved
        [[ ${output,,} == *interrupted* ]]
}

@test "SIGTERM at once leaves no process and no half of a report" {
        env --default-signal=TERM "$MPBENCH" --workload=counter --budget=60s --out=saved >../stdout 2>../stderr &
        pid=$!
        for _ in {1..100}; do
                if pgrep -P $pid >/dev/null; then break; fi
                sleep 0.05
        done
        host=$(pgrep -P $pid)
        kill -TERM $pid
        status=0
        wait $pid || status=$?
        [ $status = 130 ]
        for process in $host; do
                [ ! -d /proc/"$process" ]
        done
        [ "$(ls -A)" = saved ] || [ -z "$(ls -A)" ]
        if [ -e saved ]; then jq -e .schema saved/report.json; fi
}

@test "tasks that are too short to be timed one by one are not, and the report says so" {
        "$MPBENCH" --workload="$MPBENCH_BUILD/tests/tally.so" --start=thread --workers=1 --set tasks=1M --set steps=1 \
                --rounds=2 --json --no-save >../out.json
        jq -e '.cells[0].latency | .timed == false and (.note | contains("too short to be timed one by one"))' ../out.json
        jq -e '[.trials[].latency == null] == [true, true]' ../out.json
}
