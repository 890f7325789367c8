#!/usr/bin/env bats
# report.json and docs/report.schema.json, held together by a validator that is not ours.
load common

SCHEMA=$BATS_TEST_DIRNAME/../../docs/report.schema.json
STORED=$BATS_TEST_DIRNAME/../data/report-0.1.0.json

valid() { jsonschema -i "$1" "$SCHEMA"; }

@test "a fresh report of every workload is valid" {
        "$MPBENCH" list --json >../list
        for workload in $(jq -r '.workloads[].name' ../list); do
                args=("--workload=$workload" --rounds=1 --no-save --json)
                case $workload in
                command) args=("${args[@]:1}" -- true) ;;
                counter) args+=("--share=mutex,racy") ;; # without those that may collapse
                esac
                "$MPBENCH" run "${args[@]}" >../report 2>../stderr
                valid ../report
        done
}

@test "a report of 0.1.0 is valid, and is shown" {
        valid "$STORED"
        run "$MPBENCH" report "$STORED"
        [ "$status" = 0 ]
        [[ $output == *mutex*"17.5 M adds/s"* ]]
        [ "$("$MPBENCH" report --format=json "$STORED" | jq .tool.version)" = '"0.1.0"' ]
        [ -z "$(ls -A)" ]
}

@test "the validator tells a wrong report" {
        for change in '.trials[0].round = "zero"' 'del(.plan.seed)' '.cells[0].status = "fine"' \
                '.schema = "mpbench.report/2"' '.trials[0].workers[0].rusage.user_ns = -1'; do
                jq "$change" "$STORED" >../wrong
                run valid ../wrong
                [ "$status" = 1 ]
        done
}
