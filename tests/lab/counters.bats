#!/usr/bin/env bats
# shellcheck disable=SC2016 # the machine's shell expands, not this one
# Counters from the command line to the report, on one CPU with seven of them.
load lab

setup_file() {
        boot --icount '
                increments=5000000
                measure one --workers=1 -e instructions:u
                set --
                for event in instructions cycles arm_ac57::INST_RETIRED arm_ac57::CPU_CYCLES; do
                        set -- "$@" -e $event:u -e $event:k -e $event
                done
                measure twelve --workers=1 "$@" -e branch-misses
                echo 3 >/proc/sys/kernel/perf_event_paranoid
                chmod 777 /out
                su nobody -c "mpbench doctor" >/out/nobody.doctor
        '
}

@test "twelve events on seven counters come out scaled, each with its share of the time" {
        is 12 'scaled events' reported twelve \
                '[.cells[0].counters | to_entries[] | select((.key | contains("/") | not) and .value.status == "scaled"
                        and .value.running_share > 0.2 and .value.running_share < 0.9)] | length'
        is 12 "scaled events of the worker" reported twelve '[.trials[0].workers[0].counters[] | select(.status == "scaled"
                        and .running_ns < .enabled_ns and .value > .raw_value)] | length'
}

@test "what is scaled agrees with what is counted all the time" {
        local alone scaled
        alone=$(reported one '.cells[0].counters."instructions:u".value')
        scaled=$(reported twelve '.cells[0].counters."instructions:u".value')
        printf '%s counted, %s scaled\n' "$alone" "$scaled"
        jq -en "($scaled / $alone - 1) | fabs < 0.05"
}

@test "an event that the PMU lacks is unsupported beside them, and has no value" {
        is '["unsupported",null,"this machine has no such event"]' branch-misses reported twelve \
                '.cells[0].counters."branch-misses" | [.status, .value, .reason]'
}

@test "doctor says which permission is missing, and how to get it" {
        grep -q 'cycles  *denied: perf_event_paranoid is 3' "$BATS_FILE_TMPDIR/nobody.doctor"
        grep -q 'kernel.perf_event_paranoid=2' "$BATS_FILE_TMPDIR/nobody.doctor"
}
