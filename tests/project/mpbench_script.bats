#!/usr/bin/env bats
# shellcheck disable=SC2016 # the stand-ins expand, not this
# scripts/mpbench on a machine where something is missing. apt-get and sudo are stand-ins: nothing is installed.

bats_require_minimum_version 1.5.0

setup() {
        root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
        bin=$BATS_TEST_TMPDIR/bin
        calls=$BATS_TEST_TMPDIR/calls
        mkdir "$bin" "$BATS_TEST_TMPDIR/clone"
        ln -s /usr/bin/* "$bin/"
        rm -f "$bin/cmake" "$bin/apt-get" "$bin/sudo"
        cp -r "$root/scripts" "$BATS_TEST_TMPDIR/clone/"
        script=$BATS_TEST_TMPDIR/clone/scripts/mpbench
        stand_in apt-get 'exit 100'
        chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
        : >"$calls"
        chmod 666 "$calls"
}

# stand_in NAME BODY: a program that notes its arguments, then does BODY.
stand_in() {
        printf '#!/bin/sh\necho "%s $*" >>"%s"\n%s\n' "$1" "$calls" "$2" >"$bin/$1"
        chmod +x "$bin/$1"
}

as_nobody() {
        if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}

@test "--no-install names the package, the reason and the line to run, and exits with 4" {
        PATH=$bin run "$script" --no-install --workload=counter
        [ "$status" = 4 ]
        [[ $output == *"cmake"*"configures the build"* ]]
        [[ $output == *"apt-get install --no-install-recommends cmake"* ]]
        [ ! -s "$calls" ]
        [ ! -e "$BATS_TEST_TMPDIR/clone/build" ]
}

@test "without rights the line to run is printed, and exit is 4" {
        stand_in sudo 'exit 1'
        PATH=$bin run as_nobody "$script" --workload=counter </dev/null
        [ "$status" = 4 ]
        [[ $output == *"sudo apt-get install --no-install-recommends cmake"* ]]
        run ! grep -q '^apt-get' "$calls"
}

@test "sudo without a password is used" {
        stand_in sudo 'if [ "$2" = true ]; then exit 0; fi; shift; exec "$@"'
        PATH=$bin run as_nobody "$script" --workload=counter </dev/null
        [ "$status" = 4 ]
        grep -q '^apt-get .*install cmake$' "$calls"
}

@test "only what is missing is installed, and a failure of apt-get is shown" {
        if [ "$(id -u)" != 0 ]; then skip "only root installs without sudo"; fi
        stand_in apt-get 'echo "E: no such package today"; exit 100'
        PATH=$bin run "$script" --workload=counter
        [ "$status" = 4 ]
        [[ $output == *"no such package today"* ]]
        [ "$(tail -n 1 "$calls" | sed 's/.*install //')" = cmake ]
}

@test "a build that fails shows why and exits with 4" {
        stand_in cmake 'echo "cmake was here" >&2; exit 1'
        PATH=$bin run "$script" --workload=counter
        [ "$status" = 4 ]
        [[ $output == *"cmake was here"* ]]
        run ! grep -q '^apt-get' "$calls"
}
