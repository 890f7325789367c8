#!/usr/bin/env bats
# shellcheck disable=SC2016 # the machine's shell expands, not this one
# A larger machine, with two NUMA nodes in each package: 16 PUs, 8 cores, 4 nodes, 2 packages, all in order.
load lab

setup_file() {
        boot --smp=16,sockets=2,cores=4,threads=2 --numa=4x4 '
                measure all --place=scatter,numa --workers=4
                measure full --place=compact
        '
}

@test "topology: packages, nodes, cores and siblings are told apart" {
        is '[2,4,8,16,true]' topology reported full \
                '.environment | [.topology.packages, .topology.numa_nodes, .topology.cores, .topology.pus, .smt]'
}

@test "scatter goes to every node, numa stays on one" {
        is '0 8 4 12' scatter ran_on all scatter 4
        is '0 2 1 3' numa ran_on all numa 4
}

@test "by default every one of 16 PUs has its worker" {
        is '0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15' PUs ran_on full
        is 0 'exit status' cat "$BATS_FILE_TMPDIR/full.status"
}
