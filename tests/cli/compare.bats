#!/usr/bin/env bats
# Saved runs compared. The runs are made from a stored one, of 3 rounds, by stretching its trials.
load common

STORED=$BATS_TEST_DIRNAME/../data/report-0.1.0.json

# stretched FACTOR FILE: the stored run, every trial of which takes so many times as long.
stretched() {
        jq --argjson factor "$1" '.trials |= map(reduce ("wall", "start", "run", "stop") as $part (.;
                .[$part + "_duration_ns"] = (.[$part + "_duration_ns"] * $factor | round))
                | .overlap_ns = (.overlap_ns * $factor | round))' "$STORED" >"$2"
}

# Three runs a side, a few thousandths apart: old-N, equal-N, and slow-N with 10 % more time in every trial.
three_runs_a_side() {
        local n
        for n in 1 2 3; do
                stretched "1.00$n" "../old-$n"
                stretched "1.00$((n + 1))5" "../equal-$n"
                stretched "1.10$n" "../slow-$n"
        done
}

# compared STATUS TEXT ARGS…: this exit status, and TEXT in what is printed.
compared() {
        local wanted=$1 text=$2 code=0
        shift 2
        "$MPBENCH" compare "$@" >../stdout 2>../stderr || code=$?
        if [ "$code" != "$wanted" ] || ! tr -s '\n ' ' ' <../stdout | grep -qF -- "$text"; then
                printf 'compare %s: exit %s, wanted %s with: %s\n' "$*" "$code" "$wanted" "$text"
                cat ../stdout ../stderr
                return 1
        fi
}

@test "a run compared with itself has not changed" {
        mkdir ../run
        cp "$STORED" ../run/report.json
        compared 0 "Nothing changed: both sides are the same run." ../run ../run/report.json
        compared 0 "Nothing changed" ../run ../run -- "$STORED"
        [ -z "$(ls -A)" ]
}

@test "three runs with three equal ones: no regression" {
        three_runs_a_side
        compared 0 "equivalent" ../old-{1,2,3} -- ../equal-{1,2,3}
        grep -q '^No regression' ../stdout
        compared 0 "Nothing changed: both sides are the same runs." ../old-{1,2,3} -- ../old-{3,1,2}
}

@test "every trial of one side slowed by 10 %: a regression" {
        three_runs_a_side
        compared 1 "Regression: mutex is slower" ../old-{1,2,3} -- ../slow-{1,2,3}
        compared 1 "Regression" --allow-inconclusive -q ../old-{1,2,3} -- ../slow-{1,2,3}
        [ "$(wc -l <../stdout)" = 1 ]
        compared 0 "faster" ../slow-{1,2,3} -- ../old-{1,2,3}
        compared 0 "No regression" --threshold=15% ../old-{1,2,3} -- ../slow-{1,2,3}
}

@test "one run with another, or two: ratios, and advice instead of a verdict" {
        three_runs_a_side
        compared 3 "three on each side" ../old-1 ../slow-1
        grep -q '0\.909×' ../stdout
        grep -qF 'mpbench ab' ../stdout
        compared 0 "No verdict" --allow-inconclusive ../old-1 ../slow-1
        compared 3 "No verdict" ../old-{1,2} -- ../slow-{1,2,3}
}

@test "a real run with itself, and with a second one" {
        "$MPBENCH" "${QUICK[@]}" -q
        compared 0 "Nothing changed" latest latest
        "$MPBENCH" "${QUICK[@]}" --seed=2 --out=second -q
        compared 3 "no cell of which both sides have a figure" latest second
}

@test "cells of one side are told, and another machine is no ground for a verdict" {
        three_runs_a_side
        for n in 1 2 3; do
                jq '.cells[0].factors.start = "spawn" | .cells[1].status = "measured"' ../old-$n >../moved-$n
                jq '.environment.cpu = "another" | .environment.kernel = "Linux 7"' ../slow-$n >../other-$n
        done
        compared 3 "mutex · fork: only the old side has it" ../old-{1,2,3} -- ../moved-{1,2,3}
        grep -q 'mutex · spawn: only the new side has it' ../stdout
        compared 3 "the ratios tell of another machine, too (CPU)" ../old-{1,2,3} -- ../other-{1,2,3}
        grep -q 'CPU: .* → another (another machine' ../stdout
        grep -q 'kernel: .* → Linux 7$' ../stdout
}

@test "a result that is newly wrong is a regression, of single runs too" {
        jq '.cells[1] |= (.status = "failed" | .note = "wrong: 1 instead of 2")' "$STORED" >../wrong
        compared 1 "Regression: atomic fails, which it did not before (failed: wrong: 1 instead of 2)" "$STORED" ../wrong
        compared 3 "No verdict" ../wrong "$STORED"
}

@test "--json and --out hold what the schema of comparisons describes" {
        three_runs_a_side
        compared 1 Saved: --out=saved ../old-{1,2,3} -- ../slow-{1,2,3}
        jsonschema -i saved/comparison.json "$BATS_TEST_DIRNAME/../../docs/comparison.schema.json"
        jq -e '.regression == "yes" and .cells[0].verdict == "slower" and .cells[0].ci_high < 0.95' saved/comparison.json
        "$MPBENCH" compare --json ../old-{1,2,3} -- ../slow-{1,2,3} 2>../stderr | cmp - <(cat saved/comparison.json; echo)
        grep -qF '| mutex |' saved/comparison.md
        grep -q . saved/comparison.gp
        if command -v gnuplot; then [ -s saved/comparison.svg ] && [ -s saved/comparison.png ]; fi
        mv saved ..
        refused 2 "cannot make the folder '../saved'" compare --out=../saved "$STORED" "$STORED"
}

@test "a folder that cannot be written whole is not left behind" {
        three_runs_a_side
        run bash -c 'ulimit -f 1; exec "$0" "$@"' "$MPBENCH" compare --out=saved ../old-{1,2,3} -- ../slow-{1,2,3}
        [ "$status" = 4 ]
        [[ $output == *"ulimit -f"* ]]
        [ -z "$(ls -A)" ]
}

@test "what cannot be compared is refused" {
        stretched 1.01 ../other
        refused 2 "Name two" compare
        refused 2 "Name two" compare ../other
        refused 2 "put '--' between" compare ../other ../other ../other
        refused 2 "no run stands behind '--'" compare ../other --
        refused 2 "no run stands before '--'" compare -- ../other
        refused 2 "on both sides" compare "$STORED" ../other -- "$STORED"
        refused 2 "no folder of a run" compare "$STORED" ../missing
        refused 2 "no run was saved here" compare latest "$STORED"
        refused 2 "out of range" compare --threshold=200% "$STORED" "$STORED"
        for garbage in '' '{' '{"schema": "mpbench.report/2"}' '{"schema": "mpbench.report/1"}'; do
                printf '%s' "$garbage" >../broken
                refused 2 "'../broken' cannot be read" compare "$STORED" ../broken
        done
        mkfifo ../pipe
        refused 2 "is no report" compare "$STORED" ../pipe
}
