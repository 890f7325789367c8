#!/usr/bin/env bats
# Two commands, plug-ins or builds against each other: what the sides are, and the exit status. A verdict is expected of
# sleeps alone, which no load makes shorter: one is asked for so long that only as long a halt could hide it, in most
# rounds. The rule itself is tested on made results.
load common

ab() { run "$MPBENCH" ab --rounds=12 -e none --no-save "$@"; }

@test "a B that takes five times as long is a regression" {
        ab -- sleep .03 -- sleep .15
        [ "$status" = 1 ]
        [[ $output == "A: sleep .03"*"B: sleep .15"*"B takes "*" the time of A ["*"]: slower"* ]]
        [[ ${lines[-1]} == "Exit status 1: a regression; "* ]]
}

@test "a B that takes a fifth of the time is none" {
        ab -- sleep .15 -- sleep .03
        [ "$status" = 0 ]
        [[ ${lines[-1]} == "Exit status 0: no regression; "* ]]
}

@test "too few rounds are inconclusive, and may be allowed to be" {
        ab --rounds=3 -- true -- true
        [ "$status" = 3 ]
        [[ ${lines[-1]} == "Exit status 3: inconclusive"* ]]
        ab --rounds=3 --allow-inconclusive -- true -- true
        [ "$status" = 0 ]
        [[ ${lines[-1]} == "Exit status 0: inconclusive"* ]]
}

@test "what is too short for a figure is inconclusive, not fine" {
        ab --set runs=1 -- true -- true
        [ "$status" = 3 ]
        [[ $output == *"too short for a rate"* ]]
}

@test "sides that are missing, empty, too many or of two kinds are refused" {
        refused 2 "two sides are compared, each behind a --, and none is given" ab
        refused 2 "and one is given" ab -- true
        refused 2 "and more are given" ab -- true -- true -- true
        refused 2 "nothing stands behind the -- of A" ab -- -- true
        refused 2 "nothing stands behind the -- of B" ab -- true --
        refused 2 "one side is a plug-in" ab -- ./a.so -- true
        refused 2 "each side is a build of mpbench" ab --workload=counter -- /bin -- sleep 1
        refused 2 "a plug-in stands alone" ab --workload=./a.so -- true -- true
        refused 2 "ab takes no option '--baseline'" ab --baseline=mutex -- true -- true
        refused 2 "run takes no option '--allow-inconclusive'" run --allow-inconclusive --workload=counter
        refused 2 "5 values, and a run has hosts of at most 4 sizes for each side" ab --workload=start \
                --set parent_rss=0,1M,2M,3M,4M -- "$MPBENCH_BUILD" -- "$MPBENCH_BUILD"
        refused 2 "spin finds out in each host" ab --workload=spin -- "$MPBENCH_BUILD" -- "$MPBENCH_BUILD"
}

@test "a command that fails or is not there could not run" {
        ab --rounds=2 -- true -- false
        [ "$status" = 4 ]
        refused 4 "there is no program 'no-such-program'" ab -- true -- no-such-program
        refused 4 "no plug-in ./a.so" ab -- ./a.so -- ./b.so
        refused 4 "is no build of mpbench" ab --workload=counter -- /bin -- /bin
}

@test "--dry-run shows the sides' cells and measures nothing" {
        run "$MPBENCH" ab --dry-run --workers=1,2 -- sh -c 'touch ran' -- sh -c 'touch ran'
        [ "$status" = 0 ]
        [[ $output == *"A"*"B"*"4 cells"*"Nothing was measured."* ]]
        [ ! -e ran ]
}

@test "plug-ins are compared at each level, and the result is saved as ab" {
        run "$MPBENCH" ab --rounds=12 -e none --workers=1,2 --set tasks=20 --set steps=1k,2k --allow-inconclusive \
                -- "$MPBENCH_BUILD/tests/tally.so" -- "$MPBENCH_BUILD/tests/tally.so"
        [ "$status" = 0 ]
        [[ $(readlink mpbench-results/latest) == *-ab ]]
        jq -e '.plan.variants | map(.kind) == ["plug-in", "plug-in"]' mpbench-results/latest/report.json
        jq -e '[.cells[].factors.variant] | sort == ["A", "A", "A", "A", "B", "B", "B", "B"]' mpbench-results/latest/report.json
        "$MPBENCH" report latest >../again
        grep -q '^A: .*/tally.so' ../again
}

@test "builds are compared by their hosts, and one of another protocol is refused" {
        ab --workload=counter --share=mutex --workers=1 --rounds=3 --allow-inconclusive -- "$MPBENCH_BUILD" -- "$MPBENCH_BUILD/mpbench-host"
        [ "$status" = 0 ]
        [[ $output == "A: the host "*"$MPBENCH_BUILD/mpbench-host"*"B: the host "*"$MPBENCH_BUILD/mpbench-host"* ]]
        refused 4 "speaks another protocol" ab --workload=counter -e none --share=mutex -- "$MPBENCH_BUILD" -- "$MPBENCH_BUILD/tests/other_build"
}

@test "--input is the same for both sides" {
        seq 5 >lines
        ab --rounds=2 --allow-inconclusive --input=lines -- test {} -gt 0 -- test {} -lt 6
        [ "$status" = 0 ]
        ab --rounds=2 --allow-inconclusive --input=lines -- test {} -gt 0 -- test {} -lt 5
        [ "$status" = 4 ]
}

@test "a workload of a plug-in runs by its path" {
        run "$MPBENCH" --workload="$MPBENCH_BUILD/tests/tally.so" --start=fork,spawn --workers=2 --set tasks=100 --rounds=1 --no-save
        [ "$status" = 0 ]
        [[ $output == *tally*correct*correct* ]]
}
