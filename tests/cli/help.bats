#!/usr/bin/env bats
# What somebody sees who does not know mpbench yet.
load common

@test "alone, it says in a few lines how to begin" {
        run "$MPBENCH"
        [ "$status" = 0 ]
        [[ $output == *"mpbench --workload=counter"* ]]
        [ "${#lines[@]}" -lt 24 ]
        for option in --help -h help; do
                [ "$("$MPBENCH" $option)" = "$output" ]
        done
}

@test "every command is listed, and shows its help in 80 columns in both ways of asking" {
        for command in run ab compare list report doctor help; do
                "$MPBENCH" | grep -q "^  $command "
                run "$MPBENCH" "$command" --help
                [ "$status" = 0 ]
                [[ ${lines[0]} == "Usage: mpbench $command "* ]]
                [ "$("$MPBENCH" help "$command")" = "$output" ]
                [ "$("$MPBENCH" "$command" -h)" = "$output" ]
                if grep -E '^.{81}' <<<"$output"; then return 1; fi
        done
}

@test "help of run shows every option with its range and default" {
        run "$MPBENCH" run --help
        for option in workload set runtime start submit chunk transport share workers place counters baseline budget rounds precision \
                threshold seed timeout dry-run out force no-save json quiet; do
                [[ $output == *"--$option"* ]]
        done
        [[ $output == *"1 to 1024"* ]]
        [[ $output == *"[10s]"* ]]
}

@test "help is given before anything else is judged" {
        run "$MPBENCH" --workload=nonsense --help
        [ "$status" = 0 ]
        [[ ${lines[0]} == "Usage: mpbench run "* ]]
}

@test "the version is one line" {
        run "$MPBENCH" --version
        [ "$status" = 0 ]
        [[ $output =~ ^mpbench\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
        [ "$("$MPBENCH" -V)" = "$output" ]
        [ "$("$MPBENCH" list -V)" = "$output" ]
}

@test "an unknown command gets the nearest one" {
        refused 2 "unknown command 'lst', did you mean 'list'?" lst
        refused 2 "unknown command 'zebra'" zebra
        refused 2 "did you mean 'mpbench --workload=counter'?" counter
        refused 2 "unknown command 'docter', did you mean 'doctor'?" help docter
        refused 2 "takes no argument" help run list
}
