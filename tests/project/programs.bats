#!/usr/bin/env bats
# What the built and the installed programs are like.

needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }

@test "mpbench-host is lean: neither hwloc nor libpfm nor jansson" {
        run needed "$MPBENCH_BUILD/mpbench-host"
        [ "$status" = 0 ]
        [[ $output == *libc.so* ]]
        [[ $output != *hwloc* && $output != *pfm* && $output != *jansson* ]]
        [[ $(needed "$MPBENCH_BUILD/mpbench") == *hwloc* ]] # the same look does find it where it is
}

@test "the installed mpbench finds its host and verifies a run" {
        prefix="$BATS_TEST_TMPDIR/prefix"
        cmake --install "$MPBENCH_BUILD" --prefix "$prefix" >/dev/null
        cd "$BATS_TEST_TMPDIR"
        run "$prefix/bin/mpbench" --workload=counter --share=atomic --workers=2 --set increments=1000 --rounds=1 --no-save
        [ "$status" = 0 ]
}

@test "a plug-in builds against the installed headers and is run by the installed mpbench" {
        prefix="$BATS_TEST_TMPDIR/prefix"
        cmake --install "$MPBENCH_BUILD" --prefix "$prefix" >/dev/null
        cd "$BATS_TEST_TMPDIR"
        cc -shared -fPIC -Wall -Wextra -Werror -I"$prefix/include" -o libtally.so "$BATS_TEST_DIRNAME/../../docs/examples/tally.c"
        run "$prefix/bin/mpbench" --workload=./libtally.so --start=fork,spawn,forkserver --workers=2 --set tasks=100 --rounds=1 --no-save
        [ "$status" = 0 ]
        [[ $output == *tally*correct*correct*correct* ]]
        [[ $(nm -D --undefined-only libtally.so) != *mpb* ]]
}
