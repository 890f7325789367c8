#!/usr/bin/env bats
# Saved runs, shown again.
load common

@test "an old folder gives the same screen and the same bytes again" {
        "$MPBENCH" "${QUICK[@]}" --share=atomic,racy --out=saved >../screen
        cp -r saved ../before
        run "$MPBENCH" report saved
        [ "$status" = 0 ]
        diff <(printf '%s\n' "$output" | grep -v '^No plots') <(grep -v -e '^Saved: ' -e '^More: ' -e '^No plots' ../screen)
        rm saved/summary.md saved/samples.csv
        "$MPBENCH" report saved
        diff -r -x plots saved ../before
}

@test "latest is the newest run, and notes beside the report stay" {
        refused 2 "no run was saved here" report latest
        "$MPBENCH" "${QUICK[@]}" -q
        echo text >mpbench-results/latest/notes.txt
        run "$MPBENCH" report latest
        [ "$status" = 0 ]
        [ "$(cat mpbench-results/latest/notes.txt)" = text ]
        [ -L mpbench-results/latest ]
}

@test "--format prints one format and writes nothing" {
        "$MPBENCH" "${QUICK[@]}" --out=saved -q
        rm saved/summary.md
        "$MPBENCH" report --format=json saved | cmp - saved/report.json
        "$MPBENCH" report --format=csv saved | cmp - saved/samples.csv
        [ -n "$("$MPBENCH" report saved --format=markdown)" ]
        [ ! -e saved/summary.md ]
        run "$MPBENCH" report --format=markdwon saved
        [ "$status" = 2 ]
        [[ $output == *"did you mean 'markdown'?"* ]]
        run "$MPBENCH" report --format=plots saved
        [ "$status" = 2 ]
}

@test "what is no folder of a run is refused, and left alone" {
        refused 2 "which run?" report
        refused 2 "takes no argument" report a b
        refused 2 "no folder of a run" report ../missing
        mkdir ../other
        refused 2 "holds no report.json" report ../other
        for garbage in '' '{' '[]' '{"schema": "other/1"}' '{"schema": "mpbench.report/1"}' '{"schema": "mpbench.report/1", "cells": 7}'; do
                printf '%s' "$garbage" >../other/report.json
                refused 2 "cannot be read" report ../other
                [ "$(ls ../other)" = report.json ]
        done
        head -c 1000 /dev/urandom >../other/report.json
        refused 2 "cannot be read" report ../other
        rm ../other/report.json
        mkdir ../other/report.json
        refused 2 "is no report" report ../other
}
