#!/usr/bin/env bats
# Teams of threads in one process, which is where ThreadSanitizer can look: the gate, what workers note down, locks and
# sharing strategies. Without it these tests still verify the results. Left out: the spinlocks of Concurrency Kit and the
# file lock, whose synchronisation it cannot see, and `racy`, which is a race.

setup() {
        export TSAN_OPTIONS="halt_on_error=1 exitcode=66 ${TSAN_OPTIONS:-}"
        cd "$BATS_TEST_TMPDIR" || return
}

# clean ARGS…: a run by threads is verified, and nothing is said of a data race.
clean() {
        run "$MPBENCH_BUILD/mpbench" --start=thread --workers=2 --rounds=2 --counters=none --no-save "$@"
        printf '%s\n' "$output"
        [ "$status" = 0 ]
        [[ $output != *ThreadSanitizer* ]]
}

@test "locks order what threads do" {
        clean --workload=counter --share=mutex,robust,semaphore,value --set increments=10000
}

@test "strategies without a lock have no data race" {
        clean --workload=counter --share=atomic,cas,batched,sharded --set increments=10000
}

@test "tasks of threads have no data race" {
        clean --workload=spin --set tasks=20 --set task_time=100us
}
