#!/usr/bin/env bats
# Counters beside those of perf, and as they are asked for on the command line.
load common

# counted FAULTS SWITCHES: one run of known_events, counted by itself (../own) and by perf stat (../perf).
counted() {
        perf stat -x, -e page-faults -e context-switches -o ../perf -- "$(dirname "$MPBENCH")/tests/known_events" "$@" >../own
}

# of FILE EVENT
of_perf() { awk -F, -v event="$1" '$3 ~ "^" event { print $1 }' ../perf; }
of_own() { awk -v event="$1" '$1 ~ "^" event { print $2 }' ../own; }

@test "perf stat counts the same page faults and context switches, within 2 percent" {
        local -A rest
        local event difference
        perf stat -e page-faults -e context-switches -o ../perf true 2>/dev/null || skip "perf stat cannot run here"
        grep -q 'not supported\|not counted' ../perf && skip "perf stat may not count here"
        counted 0 0 || skip "mpbench may not count here"
        # What perf counts besides: the program's start and end.
        for event in page-faults context-switches; do
                rest[$event]=$(($(of_perf $event) - $(of_own $event)))
        done
        counted 10000 500
        for event in page-faults context-switches; do
                difference=$(($(of_perf $event) - $(of_own $event) - rest[$event]))
                echo "$event: perf $(of_perf $event), mpbench $(of_own $event), besides ${rest[$event]}"
                [ $((${difference#-} * 50)) -le "$(of_own $event)" ]
        done
        [ "$(of_own page-faults)" -ge 9800 ]
        [ "$(of_own context-switches)" -ge 490 ]
}

@test "a group is asked for as perf writes it" {
        "$MPBENCH" "${QUICK[@]}" -e '{page-faults,context-switches}' -e task-clock --no-save --json >../out.json
        jq -e '.plan.counters == ["{page-faults,context-switches}", "task-clock"]' ../out.json
        jq -e '[.environment.counters[].name | sub(":u$"; "")] == ["page-faults", "context-switches", "task-clock"]' ../out.json
        refused 2 "is no group" "${QUICK[@]}" -e '{page-faults'
        refused 2 "is in two groups" "${QUICK[@]}" -e '{page-faults,task-clock}' -e '{page-faults,cpu-clock}'
        refused 2 "in braces" "${QUICK[@]}" -e page-faults,task-clock
        jq -e '.environment.counters | all(.status == "counted")' ../out.json || skip "these events cannot be counted here"
        jq -e '.environment.counters | map(.group) == [1, 1, null]' ../out.json
}
