#!/usr/bin/env bats
# Ways to submit tasks: what is refused, and a short run of all of them.
load common

@test "ways, chunks and transports that there are not, or that mean nothing, are refused" {
        refused 2 "did you mean 'imap'" --workload=spin --submit=imop
        refused 2 "a number from 1 to 65536" --workload=spin --submit=async:0
        refused 2 "map has no number of tasks in flight" --workload=spin --submit=map:4
        refused 2 "a number of tasks from 1 to 4294967293" --workload=spin --submit=map --chunk=0
        refused 2 "--submit=map alone" --workload=spin --submit=imap --chunk=1
        refused 2 "unknown transport 'wire'" --workload=spin --submit=map --transport=wire
        refused 2 "means nothing to --submit=static" --workload=spin --transport=ring
        refused 2 "counter has no tasks to submit" --workload=counter --submit=map
        refused 2 "--submit=static is all there is" run --submit=map -- true
}

@test "every way is measured, verified and told apart" {
        "$MPBENCH" --workload=spin --submit=all --chunk=1,guided --set task_time=20us --set tasks=400 --workers=2 \
                --rounds=2 --no-save --json >../out.json
        jq -e '[.cells[].factors.submit] == ["static", "map", "map", "imap", "imap_unordered", "async"]' ../out.json
        jq -e '[.cells[].factors.chunk] == [null, "1", "guided", null, null, null]' ../out.json
        jq -e 'all(.cells[]; .verified)' ../out.json
        jq -e 'all(.trials[]; .status == "ok" and .phases.work_ns > 0 and .phases.dispatch_ns >= 0)' ../out.json
        jq -e 'all(.trials[] | select(.cell == 0); .phases.parent_ns == null and .phases.note != null)' ../out.json
        jq -e 'all(.trials[] | select(.cell > 0); .phases.parent_ns > 0 and .phases.first_result_ns > 0)' ../out.json
        "$MPBENCH" list --json | jq -e '[.submits[].name] | index("imap_unordered")'
        "$MPBENCH" list --json | jq -e '[.transports[].name] | index("ring") and index("pipe")'
}

@test "serial with a pool is skipped with its reason" {
        run "$MPBENCH" --workload=spin --submit=static,map --start=serial,fork --dry-run
        [ "$status" = 0 ]
        [[ ${output//$'\n'*( )/ } == *"nothing can be"* ]]
        [[ $output == *"(1 skipped)"* ]]
}
