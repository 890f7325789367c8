#!/usr/bin/env bats
# shellcheck disable=SC2016 # the tests' shells expand, not this one
# What the launcher of all tests promises.

bats_require_minimum_version 1.5.0

setup() {
        isolate=$MPBENCH_BUILD/tests/isolate
        export pid=$BATS_TEST_TMPDIR/pid # where a test's process notes itself
}

gone() { run ! kill -0 "$(cat "$pid")"; }

@test "the test's own exit status comes through" {
        run "$isolate" sh -c 'exit 7'
        [ "$status" = 7 ]
        run "$isolate" sh -c 'kill -SEGV $$'
        [ "$status" = 139 ]
        [[ $output == *SIGSEGV* ]]
}

@test "a process that is left behind fails the test, is named and is killed" {
        run "$isolate" sh -c 'sleep 3003 & echo $! >"$pid"'
        [ "$status" = 123 ]
        [[ $output == *"sleep 3003"* ]]
        gone
}

@test "a process that left the session is found as well" {
        run "$isolate" setsid -f sh -c 'echo $$ >"$pid"; exec sleep 3004'
        [ "$status" = 123 ]
        [[ $output == *"sleep 3004"* ]]
        gone
}

@test "shared memory that is left behind fails the test and is named" {
        name=isolate-test-$$
        run "$isolate" touch "/dev/shm/$name"
        rm -f "/dev/shm/$name"
        [ "$status" = 123 ]
        [[ $output == *"/dev/shm/$name"* ]]
}

@test "a test that hangs ends with the time limit, and nothing of it runs on" {
        run "$isolate" --limit=1 sh -c 'trap "" TERM INT; echo $$ >"$pid"; sleep 3005'
        [ "$status" = 124 ]
        [[ $output == *"time limit of 1 s"* ]]
        gone
}

@test "a signal to the launcher ends the test" {
        "$isolate" sh -c 'echo $$ >"$pid"; exec sleep 3006' 3>&- &
        until [ -s "$pid" ]; do :; done
        kill "$!"
        wait "$!" || [ "$?" = 143 ]
        gone
}
