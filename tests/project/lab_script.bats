#!/usr/bin/env bats
# scripts/lab where it cannot begin. apt-get is a stand-in: nothing is installed.

setup() {
        lab=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/scripts/lab
}

# refused STATUS TEXT ARGUMENT…
refused() {
        run "$lab" "${@:3}"
        if [ "$status" != "$1" ] || [[ $output != *"$2"* ]]; then
                printf 'lab %s: %s, wanted %s with: %s\n%s\n' "${*:3}" "$status" "$1" "$2" "$output"
                return 1
        fi
}

@test "what is asked for wrongly is refused with the reason, before anything is fetched" {
        refused 2 'which command?'
        refused 2 'no option --cpus' --cpus=3 -- true
        refused 2 'number of CPUs' --smp=sockets=2 -- true
        refused 2 'for all 8 CPUs' --smp=8 --numa=2x2 -- true
        refused 2 'a size such as 512M' --smp=2 --numa=2x1 --memory=much -- true
        refused 2 'from 0 to 9' --icount=auto -- true
        refused 2 'number of seconds' --timeout=soon -- true
        refused 2 'there is no mpbench' --build=/nowhere -- true
        refused 2 'no such file' --in=/nowhere -- true
        refused 0 '--numa=NxC' --help
}

@test "where QEMU can't be had the packages are named, and exit is 4" {
        local bin=$BATS_TEST_TMPDIR/bin
        mkdir "$bin"
        ln -s /usr/bin/* "$bin/"
        rm -f "$bin/qemu-system-aarch64" "$bin/apt-get" "$bin/sudo"
        printf '#!/bin/sh\nexit 100\n' >"$bin/apt-get"
        chmod +x "$bin/apt-get"
        PATH=$bin refused 4 'apt-get could not install them' -- true
        [[ $output == *"qemu-system-arm "*"emulates the machine"* ]]
}
