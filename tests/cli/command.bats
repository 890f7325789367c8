#!/usr/bin/env bats
# mpbench run -- CMD: what it runs, with which lines, what it does with failures, and what it leaves.
# shellcheck disable=SC2016 # $1 and the like are for the shells that are run
load common

FEW=(--rounds=2 --no-save -q)

# counted N FILE: FILE has N lines.
counted() { [ "$(wc -l <"$2")" = "$1" ]; }

# A `sleep` that is this test's own. gone: none runs any more. awaited: one does, soon.
NAP=$((10000000 + $$))
gone() { if pgrep -axf "sleep $NAP"; then return 1; fi; }
awaited() {
        for _ in {1..200}; do
                if pgrep -xf "sleep $NAP" >/dev/null; then return 0; fi
                sleep 0.05
        done
        return 1
}
# silent FILE: neither "out" nor "err" is a line of it.
silent() { if grep -xE "out|err" "$1"; then return 1; fi; }

@test "a command runs once per line, and its figures are saved" {
        for i in 1 2 3 4; do seq $((i * 2000)) >"$i a.txt"; done
        ls ./*.txt >../lines
        "$MPBENCH" run --workers=1-3 --rounds=3 --input=../lines -- gzip -kf {} >../out
        for i in 1 2 3 4; do gzip -t "$i a.txt.gz"; done
        grep -F "gzip -kf {} · " ../out
        grep -F "4 tasks from ../lines" ../out
        grep -F "runs per second" ../out
        grep -F "Per run" ../out
        [[ $(readlink mpbench-results/latest) == *-command ]]
        jq -e '.plan.input_lines == 4 and .plan.variants[0].arguments == ["gzip", "-kf", "{}"]
               and ([.cells[] | .verified and .run.time_ns.median > 0 and .run.max_rss_bytes > 1e6
                     and .ops % 4 == 0] | all)
               and ([.trials[].workers[] | .rusage.minor_faults > 0] | all)' mpbench-results/latest/report.json
}

@test "every line is one argument wherever {} stands, and the last one where it does not" {
        printf '%s\n' 'a  b' '$HOME' '*' "it's" '-n' >../lines
        cat >../note <<'END'
#!/bin/sh
line=
for word; do line="$line$word|"; done
printf '%s\n' "$line" >>../noted # at once, since others write, too
END
        chmod +x ../note
        "$MPBENCH" run "${FEW[@]}" --set runs=5 --workers=2 --input=../lines -- ../note 'x{}y{}' z
        sort -u ../noted >../seen
        while read -r line; do grep -qxF "x${line}y${line}|z|" ../seen; done <../lines
        counted 5 ../seen
        rm ../noted
        "$MPBENCH" run "${FEW[@]}" --set runs=5 --input=- -- ../note first <../lines
        sort -u ../noted >../seen
        while read -r line; do grep -qxF "first|$line|" ../seen; done <../lines
        counted 5 ../seen
}

@test "lines: carriage returns and empty lines are dropped, and the last newline may be missing" {
        printf 'one\r\n\n\r\ntwo' >../lines
        "$MPBENCH" run "${FEW[@]}" --set runs=2 --input=../lines -- sh -c 'echo "<$1>" >>../noted' sh {}
        [ "$(sort -u ../noted)" = $'<one>\n<two>' ]
}

@test "hundreds of lines are all run, under every start method" {
        seq 300 >../lines
        for start in fork spawn forkserver thread serial; do
                workers=3
                [ $start != thread ] || workers=1
                rm -f ../noted
                "$MPBENCH" run "${FEW[@]}" --rounds=1 --start=$start --workers=$workers --set runs=300 --input=../lines \
                        -- sh -c 'echo "$1" >>../noted' sh >../out
                [ "$(sort -n ../noted | uniq | wc -l)" = 300 ]
                grep -qE "runs/s|correct" ../out
        done
}

@test "all runs of a line are one worker's, and no worker is without a line" {
        # Three lines for two workers: the middle of all runs is amid the second line.
        printf '%s\n' a b c >../lines
        "$MPBENCH" run "${FEW[@]}" --workers=2 --set runs=30 --input=../lines -- \
                sh -c 'echo "$1 $PPID" >>../noted' sh
        [ "$(sort ../noted | uniq -c | awk '{ print $1 }' | uniq)" = 10 ]
        run "$MPBENCH" run --rounds=2 --no-save --workers=1,4 --set runs=6 --input=../lines -- true
        [ "$status" = 0 ]
        [[ $output == *"4 workers have 3 lines to share"* ]]
        run "$MPBENCH" run "${FEW[@]}" --workers=2 --input=- -- true <<<one
        [ "$status" = 4 ]
        [[ $output == *"2 workers have 1 line to share"* ]]
}

@test "several threads of one process cannot tell their commands apart, and the cell says so" {
        run "$MPBENCH" run "${FEW[@]}" --start=thread --workers=2 -- true
        [ "$status" = 4 ]
        [[ $output == *"thread takes one worker here"* ]]
}

@test "a program runs by a path with spaces, with its environment, and without input to wait for" {
        mkdir "../a folder"
        cat >"../a folder/my program" <<'END'
#!/bin/sh
cat
[ "$WANTED" = yes ]
END
        chmod +x "../a folder/my program"
        WANTED=yes "$MPBENCH" run "${FEW[@]}" -- "../a folder/my program" | grep "runs/s"
        run "$MPBENCH" run "${FEW[@]}" -- "../a folder/my program"
        [ "$status" = 4 ]
        [[ $output == *"'../a folder/my program' exited with status 1, not 0 (run 1 of"* ]]
}

@test "options behind -- belong to the command, and so does a further --" {
        "$MPBENCH" run "${FEW[@]}" -- sh -c '[ "$*" = "--rounds=7 -- --help" ]' sh --rounds=7 -- --help
        "$MPBENCH" "${FEW[@]}" -- true
}

@test "a command that fails or is killed is told with its line, status and words" {
        printf 'good\nbad\n' >../lines
        run "$MPBENCH" run "${FEW[@]}" --input=../lines -- sh -c 'echo "no $1 here" >&2; [ "$1" = good ]' sh {}
        [ "$status" = 4 ]
        [[ $output == *"FAILED"*"sh bad' exited with status 1, not 0 (run 2 of 2): no bad here"* ]]
        run "$MPBENCH" run "${FEW[@]}" -- sh -c 'kill -SEGV $$'
        [ "$status" = 4 ]
        [[ $output == *"was killed by signal 11 (SIGSEGV)"* ]]
        # Ignored by the driver, and so by the host; not by the command.
        run "$MPBENCH" run "${FEW[@]}" --start=serial -- sh -c 'kill -PIPE $$'
        [[ $output == *"SIGPIPE"* ]]
}

@test "another exit status may be the wanted one" {
        "$MPBENCH" run "${FEW[@]}" --set exit_status=1 -- false | grep "runs/s"
        run "$MPBENCH" run "${FEW[@]}" --set exit_status=1 -- true
        [ "$status" = 4 ]
        [[ $output == *"exited with status 0, not 1"* ]]
}

@test "what a command writes is dropped, or goes on to stderr" {
        "$MPBENCH" run "${FEW[@]}" --set runs=3 -- sh -c 'echo out; echo err >&2' >../out 2>../err
        [ ! -s ../err ]
        silent ../out
        "$MPBENCH" run "${FEW[@]}" --set runs=3 --output=stderr -- sh -c 'echo out; echo err >&2' >../out 2>../err
        [ "$(sort -u ../err)" = $'err\nout' ]
        silent ../out
}

@test "nothing of a command is left after the time limit, nor of one that goes on in the background" {
        for start in fork forkserver thread; do
                run "$MPBENCH" run "${FEW[@]}" --start=$start --timeout=500ms -- \
                        sh -c "sleep $NAP & setsid sleep $NAP & sleep $NAP"
                [ "$status" = 4 ]
                [[ $output == *"time limit of 0.5 s"* ]]
                gone
                # Not even until the next trial.
                "$MPBENCH" run "${FEW[@]}" --start=$start --set runs=1 -- \
                        sh -c "pgrep -xf 'sleep $NAP' && exit 1; setsid sleep $NAP & exit 0"
                gone
        done
}

@test "nothing of a command is left when the run is interrupted, or the host killed" {
        for signal in INT TERM; do
                env --default-signal=INT "$MPBENCH" run "${FEW[@]}" -- sh -c "sleep $NAP; sleep $NAP" >../out 2>&1 3>&- &
                driver=$!
                awaited
                kill -$signal $driver
                code=0
                wait $driver || code=$?
                [ $code = 130 ]
                gone
        done
        "$MPBENCH" run "${FEW[@]}" -- sh -c "sleep $NAP; sleep $NAP" >../out 2>&1 3>&- &
        driver=$!
        awaited
        pkill -KILL -P $driver -x mpbench-host
        code=0
        wait $driver || code=$?
        [ $code = 4 ]
        gone
}

@test "commands that are not there or not fit to run are refused before anything starts" {
        touch ../plain
        mkdir ../folder
        refused 4 "there is no program 'no-such-program' in PATH" run -- no-such-program
        refused 4 "'../nothing' cannot be executed: No such file or directory (ENOENT)" run -- ../nothing
        refused 4 "'../folder' cannot be executed: Is a directory (EISDIR)" run -- ../folder
        refused 4 "'../plain' may not be executed (EACCES): chmod +x" run -- ../plain
        refused 2 "there is no command behind '--'" run --
        refused 2 "the workload command needs a command" run --workload=command
        refused 2 "leave --workload=counter out, or the command" run --workload=counter -- true
        refused 2 "leave --workload=command out, or the command" run --workload=command,counter -- true
        refused 2 "more than 4096 bytes: put it into a script" run -- echo "$(printf 'a%.0s' {1..5000})"
        refused 2 "did you mean 'exit_status'" run --set exit_state=1 -- true
}

@test "places and input that do not fit together are refused with a way on" {
        : >../empty
        echo line >../lines
        printf '\n\n' >../blank
        printf 'a\0b\n' >../binary
        printf 'x%.0s' {1..140000} >../long
        refused 2 "{} stands for a line of the input, and there is none: give --input=FILE" run -- echo a{}
        refused 2 "the program's name '{}' holds {}" run --input=../lines -- {}
        refused 2 "--input is for a command: mpbench run --input=../lines -- gzip" --workload=counter --input=../lines
        refused 2 "../empty has no lines" run --input=../empty -- echo
        refused 2 "../blank has no lines" run --input=../blank -- echo
        refused 2 "stdin has no lines" run --input=- -- echo </dev/null
        refused 2 "../binary: line 1 holds a NUL byte" run --input=../binary -- echo
        refused 2 "../long: line 1 has 140000 bytes, and an argument at most 131071" run --input=../long -- echo
        refused 4 "../none cannot be opened: No such file or directory (ENOENT)" run --input=../none -- echo
        refused 4 ".. cannot be read: Is a directory (EISDIR)" run --input=.. -- echo
        refused 2 "--output: unknown 'keep' (allowed: drop, stderr)" run --output=keep -- true
}
