#!/usr/bin/env bats
# shellcheck disable=SC2016 # the machine's shell expands, not this one
# Where workers really run. PUs 0-3 are package and NUMA node 0, PUs 4-7 package and node 1; 0 and 1, 2 and 3, … share a core.
load lab

setup_file() {
        boot --smp=8,sockets=2,cores=2,threads=2 --numa=2x4 '
                measure all --place=all --workers=2,4
                measure list --place=7,0,5 --workers=3
                under="taskset 3c" # PUs 2 to 5
                measure masked --place=all --workers=2
                under="taskset 7d" # neither PU 1 nor 7
                measure alone --place=smt --workers=4
                under=
                (enter half cpuset.cpus 4-7; measure cpuset --place=compact; measure outside --place=0 --workers=1)
                (enter quota cpu.max "150000 100000"; measure quota; mpbench doctor >/out/quota.doctor)
                (enter throttle cpu.max "20000 100000"; increments=2000000; measure throttle --workers=2)
                (enter memory memory.max 256M; measure memory; mpbench doctor >/out/memory.doctor)
                measure start --start=fork,spawn,forkserver --workers=4
                echo 0 >/sys/devices/system/cpu/cpu1/online
                echo 0 >/sys/devices/system/cpu/cpu6/online
                measure offline --place=compact
                measure gone --place=6 --workers=1
        '
}

@test "every placement puts each worker on the PU that it promises" {
        local place workers wanted
        while read -r place workers wanted; do
                is "$wanted" "$place, $workers workers" ran_on all "$place" "$workers"
        done <<<'compact 2 0 1
                compact 4 0 1 2 3
                scatter 2 0 4
                scatter 4 0 4 2 6
                core    2 0 2
                core    4 0 2 4 6
                smt     2 0 1
                smt     4 0 1 2 3
                numa    2 0 2
                numa    4 0 2 1 3'
        is '7 0 5' 'a list' ran_on list
}

@test "under a mask of taskset only what it leaves is used" {
        local place wanted
        is '2-5' allowed reported masked .environment.allowed_pu_list
        while read -r place wanted; do
                is "$wanted" "$place" ran_on masked "$place" 2
        done <<<'compact 2 3
                scatter 2 4
                core    2 4
                smt     2 3
                numa    2 3'
        is '2 3 4 5' 'cores with both siblings come first' ran_on alone
}

@test "in a cgroup's cpuset its PUs alone are used, and as many workers as there are" {
        is '4-7' allowed reported cpuset .environment.allowed_pu_list
        is '4 5 6 7' PUs ran_on cpuset
        is 2 'exit status' cat "$BATS_FILE_TMPDIR/outside.status"
        grep -q 'PU 0 does not exist or may not be used here; allowed: 4-7' "$BATS_FILE_TMPDIR/outside.said"
}

@test "CPUs that are offline are left out" {
        is '0,2-5,7' allowed reported offline .environment.allowed_pu_list
        is '0 2 3 4 5 7' PUs ran_on offline
        is 2 'exit status' cat "$BATS_FILE_TMPDIR/gone.status"
        grep -q 'allowed: 0,2-5,7' "$BATS_FILE_TMPDIR/gone.said"
}

@test "a cgroup's CPU quota is on the record and decides how many workers there are" {
        is 1.5 quota reported quota .environment.cpu_quota
        is 100000000 period reported quota .environment.quota_period_ns
        is 2 workers reported quota '.cells[0].workers'
        grep -q 'CPU quota  *1.5 CPUs' "$BATS_FILE_TMPDIR/quota.doctor"
}

@test "how long the quota held a run back is on the record, and is no disturbance" {
        is true throttled reported throttle '.trials[0].noise.throttled_ns > 1e6'
        is false disturbed reported throttle '.trials[0].disturbed'
        is null 'throttled without a quota' reported all '.trials[0].noise.throttled_ns'
}

@test "a cgroup's memory limit is on the record" {
        is 268435456 limit reported memory .environment.memory_max
        grep -q 'memory limit  *256 MiB' "$BATS_FILE_TMPDIR/memory.doctor"
}

@test "every start method starts workers that lose nothing" {
        is '[["fork",4000,true],["spawn",4000,true],["forkserver",4000,true]]' sums reported start \
                '[.cells[] | [.factors.start, .final, .verified]]'
        is 0 'exit status' cat "$BATS_FILE_TMPDIR/start.status"
}
