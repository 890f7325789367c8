#!/usr/bin/env bats
# Where output goes, what it may hold, and what happens when it cannot be written.
load common

# On a terminal of 100 columns; its output, carriage returns and all.
on_terminal() { script -qec "stty cols 100; $(printf '%q ' "$@")" /dev/null </dev/null; }

@test "--dry-run shows cells, rounds and time, and writes nothing" {
        run "$MPBENCH" --workload=counter --share=mutex,atomic --start=fork,spawn --rounds=7 --dry-run
        [ "$status" = 0 ]
        [[ $output == *"4 cells, 7 rounds, about "* ]]
        [[ $output == *mutex* && $output == *spawn* ]]
        [ -z "$(ls -A)" ]
}

@test "a baseline may be told by a parameter, its value written as for --set" {
        "$MPBENCH" --workload=start --set parent_rss=0,1GiB --baseline=parent_rss=1GiB --dry-run
        "$MPBENCH" --workload=start --set parent_rss=0,1GiB --baseline=parent_rss=1G --dry-run
}

@test "--dry-run names what is skipped, and why" {
        run "$MPBENCH" --workload=counter --workers=64 --rounds=2 --dry-run
        [ "$status" = 0 ]
        [[ $output =~ ticket.*skipped:\ .+ ]]
}

@test "--json of list, doctor and --dry-run is JSON and stands alone" {
        "$MPBENCH" list --json >../list.json
        jq -es '.[0].workloads[] | select(.name == "counter") | .parameters[] | select(.name == "increments")' ../list.json
        jq -es '.[0].start_methods | map(.name) | contains(["fork", "spawn", "forkserver"])' ../list.json
        "$MPBENCH" doctor --json >../doctor.json
        jq -es '.[0] | .environment.cpu and (.findings | length > 0)' ../doctor.json
        "$MPBENCH" --workload=counter --dry-run --json >../plan.json
        jq -es '.[0] | .schema == "mpbench.report/1" and (.cells | length > 0) and .trials == []' ../plan.json
        [ -z "$(ls -A)" ]
}

@test "list and doctor name what there is" {
        run "$MPBENCH" list
        [ "$status" = 0 ]
        [[ $output == *counter* && $output == *increments* && $output == *sharded* && $output == *forkserver* && $output == *compact* ]]
        run "$MPBENCH" doctor
        [ "$status" = 0 ]
        [[ $output == *page-faults* && $output == *"CPU quota"* ]]
        [ -z "$(ls -A)" ]
}

@test "colours are for terminals only, and NO_COLOR and a dumb terminal are respected" {
        escape=$'\033'
        for command in list doctor "${QUICK[*]} --no-save"; do
                # shellcheck disable=SC2086
                [[ $("$MPBENCH" $command 2>&1) != *"$escape"* ]]
        done
        [[ $(TERM=xterm on_terminal "$MPBENCH" doctor) == *"${escape}["* ]]
        [[ $(TERM=xterm NO_COLOR=1 on_terminal "$MPBENCH" doctor) != *"$escape"* ]]
        [[ $(TERM=dumb on_terminal "$MPBENCH" doctor) != *"$escape"* ]]
}

@test "progress is one line that is written over, on a terminal only" {
        run env TERM=xterm script -qec "'$MPBENCH' ${QUICK[*]} --no-save >../stdout" /dev/null
        [ "$status" = 0 ]
        [[ $output == *$'\r\033[K'*"round 2 of 2"* ]]
        [[ $output == *$'\r\033[K' ]] # nothing of it is left
        run "$MPBENCH" "${QUICK[@]}" --no-save --json
        [[ $output != *"round 2"* ]]
}

@test "a closed stdout is an error, and the files are saved all the same" {
        run bash -c '"$@" >&-' - "$MPBENCH" "${QUICK[@]}" --out=saved
        [ "$status" = 4 ]
        [[ $output == *stdout* ]]
        jq -e '.trials | length == 2' saved/report.json
        [ "$(ls -A)" = saved ] # nothing went into a file that was opened in its place
}

@test "a full stdout is an error, and the files are saved all the same" {
        run bash -c '"$@" >/dev/full' - "$MPBENCH" "${QUICK[@]}" --out=saved
        [ "$status" = 4 ]
        [[ $output == *stdout*"No space left"* ]]
        jq -e '.trials | length == 2' saved/report.json
        for command in list help doctor "run --help"; do
                # shellcheck disable=SC2086
                run bash -c '"$@" >/dev/full' - "$MPBENCH" $command
                [ "$status" = 4 ]
        done
}

@test "a limit on the size of files is an error, not a death by signal" {
        run bash -c 'ulimit -f 1; "$@" >../help' - "$MPBENCH" run --help
        [ "$status" = 4 ]
        [[ $output == *stdout*"File too large"* ]]
}

@test "a reader that left is an error, not a death by signal" {
        run bash -c '{ sleep 0.2; "$@"; echo "exit $?" >&2; } | true' - "$MPBENCH" list
        [[ $output == *"exit 4"* ]]
}

@test "a folder that cannot be made is told before anything is measured" {
        refused 4 "/proc/nothing" "${QUICK[@]}" --out=/proc/nothing
        echo text >../file
        refused 4 "Not a directory" "${QUICK[@]}" --out=../file/below
        [ "$(cat ../file)" = text ]
}

@test "a folder that exists is refused without --force, and left as it was" {
        mkdir ../old
        echo text >../old/notes.txt
        refused 2 "exists" "${QUICK[@]}" --out=../old
        refused 2 "exists" "${QUICK[@]}" --out=../old/
        [ "$(cat ../old/notes.txt)" = text ]
        echo text >../file
        refused 2 "file" "${QUICK[@]}" --out=../file --force
        [ "$(cat ../file)" = text ]
}

@test "where plots find no room the run is saved without them" {
        type -P gnuplot >/dev/null || skip "gnuplot is not installed"
        local long=(--workload=counter --share=mutex --workers=1 --set increments=5M --rounds=2)
        "$MPBENCH" "${long[@]}" -q --out=roomy
        [ -e roomy/plots/throughput.svg ]
        local pages=2 file
        for file in roomy/*.*; do pages=$((pages + ($(stat -c %s "$file") + 4095) / 4096)); done
        mkdir tight
        mount -t tmpfs -o size=$((4 * pages))k none tight 2>/dev/null || skip "no small file system can be mounted here"
        run "$MPBENCH" "${long[@]}" --out=tight/report
        cp -r tight/report kept
        umount tight
        ended 0 "No plots: "
        jq -e .schema kept/report.json
        [ -s kept/samples.csv ]
}
