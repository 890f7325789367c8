#!/usr/bin/env bats
# What else the machine does is seen, and what a CPU quota of our own does is told from it.
load common

setup() {
        cd "$BATS_TEST_TMPDIR" || return
        mkdir saved
        pids=() group=
}

teardown() {
        for pid in "${pids[@]}"; do
                kill "$pid"
                wait "$pid" || true
        done
        if [ -n "$group" ]; then rmdir "$group"; fi
}

@test "rounds beside a foreign load are disturbed, and the screen says by what" {
        grep -q '^cpu0 ' /proc/stat || skip "no /proc/stat: what others use is not known here"
        cpu=$(taskset -cp $$ | grep -oE '[0-9]+' | sed -n 2p)
        for _ in 1 2; do
                taskset -c "$cpu" "$BASH" -c 'while :; do :; done' 3>&- &
                pids+=($!)
        done
        "$MPBENCH" --workload=spin --set tasks=2 --set task_time=100ms --workers=1 --place="$cpu" --rounds=2 \
                --no-save --json >saved/report.json
        "$MPBENCH" report --format=text saved >screen
        jq -e '.plan.outcome.disturbed_rounds == 2 and ([.trials[].disturbed] | all)' saved/report.json
        jq -e '[.trials[].noise.foreign_cpu_ns] | min > 100000000' saved/report.json
        grep -q 'BUSY MACHINE' screen
        grep -q 'other programs [0-9.]* CPUs' <(tr -s ' \n' ' ' <screen)
}

# A group below our own with a quota of three tenths of a CPU, in periods of 10 ms.
make_group() {
        local own
        own=$(sed -n 's/^[0-9]*:\([^:]*,\)\?cpu\(,[^:]*\)\?://p' /proc/self/cgroup)
        for folder in /sys/fs/cgroup/cpu$own /sys/fs/cgroup/cpu,cpuacct$own /sys/fs/cgroup; do
                mkdir "$folder/mpbench-test-$$" 2>/dev/null || continue
                group=$folder/mpbench-test-$$
                if [ -w "$group/cpu.max" ]; then
                        echo '3000 10000' >"$group/cpu.max" && return
                elif [ -w "$group/cpu.cfs_quota_us" ]; then
                        echo 10000 >"$group/cpu.cfs_period_us" && echo 3000 >"$group/cpu.cfs_quota_us" && return
                fi
                rmdir "$group"
                group=
        done
        return 1
}

@test "a CPU quota of our own is a result, with what it held back, and no disturbance" {
        make_group || skip "no control group with a CPU quota can be made here"
        # shellcheck disable=SC2016 # $$ is the inner shell's, which becomes mpbench
        "$BASH" -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$group" \
                "$MPBENCH" --workload=counter --share=atomic --rounds=3 --no-save --json >saved/report.json
        "$MPBENCH" report --format=text saved >screen
        jq -e '.environment.cpu_quota == 0.3' saved/report.json
        jq -e '[.trials[].noise.throttled_ns] | max > 0' saved/report.json
        jq -e '[.trials[].overlap_ns] | max >= 10 * 10000000' saved/report.json # periods
        grep -q 'quota of 0.3 CPUs held the team back for' <(tr -s ' \n' ' ' <screen)
        jq -e '[.trials[].noise.steal_ns] | add < 20000000' saved/report.json ||
                skip "the hypervisor takes CPU time here, so that rounds may be disturbed by that"
        jq -e '.plan.outcome.disturbed_rounds == 0' saved/report.json
}
