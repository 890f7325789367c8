#!/usr/bin/env bats
# The examples of mproc do what they say, under every start method. MPROC_EXAMPLES: a folder with them, to test others than
# those of the build.

bats_require_minimum_version 1.5.0

setup() {
        examples=${MPROC_EXAMPLES:-$MPBENCH_BUILD/tests/examples}
        cd "$BATS_TEST_TMPDIR" || return
}

# says WANTED PROGRAM: and nothing else, under every start method that runs beside its caller.
says() {
        for START in fork spawn forkserver thread; do
                export START
                run "$examples/$2"
                echo "$START: $status $output"
                [ "$status" = 0 ]
                [ "$output" = "$1" ]
        done
}

@test "shared_counter: 4 × 1000 = 4000 by a lock and by atomic adds, at most 4000 by neither" {
        for START in fork spawn forkserver thread serial; do
                export START
                run "$examples/shared_counter"
                echo "$START: $status $output"
                [ "$status" = 0 ]
                [[ ${lines[0]} =~ ^'with a lock: '\ *4000$ ]]
                [[ ${lines[1]} =~ ^'by atomic adds: '\ *4000$ ]]
                [[ ${lines[2]} =~ ^'with neither: '\ *([0-9]+)' ' ]]
                lost=$((4000 - BASH_REMATCH[1]))
                [ "$lost" -ge 0 ]
                [ "$lost" -lt 4000 ]
        done
}

@test "count_words counts as wc does, and a missing file fails by itself" {
        seq 5000 >a
        printf 'two words\n\n and  an end without newline' >'b c'
        : >empty
        wc a 'b c' empty | awk '{ $1 = $1; print }' >wanted
        for START in fork spawn forkserver thread; do
                export START
                "$examples/count_words" a 'b c' empty | awk '{ $1 = $1; print }' >got
                diff wanted got
                run --separate-stderr "$examples/count_words" a missing
                # shellcheck disable=SC2154 # set by run
                echo "$START: $status $output $stderr"
                [ "$status" = 1 ]
                [ "$stderr" = "count_words: missing: No such file or directory" ]
                [[ ${lines[1]} == *5000*total ]]
        done
}

@test "pipeline brings every line through once, and ends" {
        seq 20000 | sed 's/^/line /' >in
        sed 's/^/LINE /; s/LINE line/LINE/' in | sort >wanted
        for START in fork spawn forkserver thread; do
                export START
                "$examples/pipeline" <in | sort >got
                cmp wanted got
                "$examples/pipeline" </dev/null >got
                [ ! -s got ]
        done
}

@test "share_out: every job is taken once" {
        says $'threes: 100\nothers: 200' share_out
}

@test "accounts: a clerk who leaves in the middle of a transfer loses nobody's money" {
        says "4000 of 4000 are there" accounts
}

@test "pipeline ends when nobody reads what it writes" {
        for START in fork spawn forkserver thread; do
                export START
                run bash -c '{ yes a line | head -n 300000 | "$1"; echo "status $?" >&2; } | head -n 1' - "$examples/pipeline"
                echo "$START: $output"
                [[ $output == *"A LINE"* && $output == *"pipeline: "* && $output == *"status 1"* ]]
        done
}

@test "pipeline says that one of its stages was killed" {
        mkfifo lines
        START=fork "$examples/pipeline" <lines 2>said &
        pipeline=$!
        exec 7>lines
        until [ "$(pgrep -c -P $pipeline)" = 4 ]; do sleep 0.05; done
        kill -KILL "$(pgrep -n -P $pipeline)"
        exec 7>&-
        ! wait $pipeline || false
        [ "$(cat said)" = "pipeline: end: a stage was killed" ]
}

@test "crash_proof: of 200 tasks, 4 fail, each with its cause, 10 succeed at a second try" {
        for START in fork spawn forkserver; do
                export START
                run "$examples/crash_proof"
                echo "$START: $status $output"
                [ "$status" = 0 ]
                [ "${#lines[@]}" = 5 ]
                [[ $output == *"task 55 failed: "*"left with status 3"* ]]
                [[ $output == *"task 100 failed: 100 is too round"* ]]
                [[ $output == *"task 135 failed: "*"left with status 3"* ]]
                [[ $output == *"task 150 failed: it ran longer than its limit"* ]]
                [[ ${lines[4]} == "196 of 200 tasks done, 10 of them at a second try; sum 2592950; "* ]]
        done
}

@test "crash_proof refuses threads, which cannot be killed one by one" {
        START=thread run "$examples/crash_proof"
        [ "$status" = 1 ]
        [[ $output == *thread* ]]
}

@test "conversation: who waits for an answer is told that nobody is there any more" {
        printf '2: 4\n3: 9\n13: no answer\nthe process ended with status 13\n4: 16\nthe process ended with status 0\n' >wanted
        for START in fork spawn forkserver thread; do
                export START
                "$examples/conversation" | diff wanted -
        done
}

@test "no example takes a start method that cannot do what it shows" {
        for name in accounts pipeline conversation count_words crash_proof; do
                for START in serial nonsense; do
                        export START
                        run "$examples/$name" /dev/null </dev/null
                        echo "$name $START: $status $output"
                        [ "$status" = 1 ]
                        [[ $output == *"$START"* ]]
                done
        done
}
