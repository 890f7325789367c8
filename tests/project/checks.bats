#!/usr/bin/env bats
# scripts/check finds what it is there to find: each test plants a fault in a copy of the project.

setup() {
        root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
        copy=$BATS_TEST_TMPDIR/copy
        mkdir "$copy"
        # shellcheck source=scripts/lib/files.sh
        . "$root/scripts/lib/files.sh"
        cd "$root" || return
        project_copy "$copy"
        cd "$copy" || return
}

@test "layers: statistics that include the model are refused" {
        echo '#include "model/result.h"' >bench/stats/planted.c
        run scripts/check layers
        [ "$status" = 1 ]
        [[ $output == *"bench/stats/planted.c:1: bench/stats may not include bench/model/result.h"* ]]
}

@test "layers: a workload that looks into the model is refused" {
        echo '#include "model/trial.h"' >workloads/planted.c
        run scripts/check layers
        [ "$status" = 1 ]
        [[ $output == *"workloads may not include bench/model/trial.h"* ]]
}

@test "layers: hwloc belongs to place, libpfm4 to count" {
        printf '#include <hwloc.h>\n#include <perfmon/pfmlib.h>\n' >bench/run/planted.c
        run scripts/check layers
        [ "$status" = 1 ]
        [[ $output == *"bench/run/planted.c:1: hwloc.h is only for bench/place"* ]]
        [[ $output == *"bench/run/planted.c:2: perfmon/pfmlib.h is only for bench/count"* ]]
}

@test "layers: only commands print" {
        printf '#include <stdio.h>\nvoid f(void)\n{\n        printf("x");\n}\n' >reports/planted.c
        run scripts/check layers
        [ "$status" = 1 ]
        [[ $output == *"reports/planted.c:4: only bench/cli"* ]]
}

@test "layers: a folder that is not in the table is refused" {
        mkdir bench/attic
        echo 'int planted;' >bench/attic/planted.c
        run scripts/check layers
        [ "$status" = 1 ]
        [[ $output == *"no row"* ]]
}

@test "headers: one that does not compile alone is refused" {
        echo 'size_t planted(void);' >bench/base/planted.h
        run scripts/check headers
        [ "$status" = 1 ]
        [[ $output == *"bench/base/planted.h"* ]]
}

@test "names: two files of one name are refused" {
        cp bench/base/error.h bench/stats/error.h
        run scripts/check names
        [ "$status" = 1 ]
        [[ $output == *error.h* ]]
}

@test "length: a file of 401 lines is refused" {
        yes '/**/' | head -n 401 >bench/base/planted.c
        run scripts/check length
        [ "$status" = 1 ]
        [[ $output == *"bench/base/planted.c: 401 lines"* ]]
}

@test "banned: strcpy is refused, strcpy_like is not" {
        echo 'void f(char *a) { strcpy_like(a); }' >bench/base/planted.c
        run scripts/check banned
        [[ $output != *planted* ]]
        echo 'void f(char *a) { strcpy(a, a); }' >bench/base/planted.c
        run scripts/check banned
        [ "$status" = 1 ]
        [[ $output == *bench/base/planted.c:1:* ]]
}

@test "paths: a folder of one machine is refused" {
        printf 'see /%s/somebody/notes\n' home >notes.md
        run scripts/check paths
        [ "$status" = 1 ]
        [[ $output == *notes.md:1:* ]]
}

@test "format: a badly laid out file is refused" {
        echo 'int  planted ;' >bench/base/planted.c
        run scripts/check format
        [ "$status" = 1 ]
        [[ $output == *bench/base/planted.c* ]]
}

@test "reference: a header that says something new, or is new, has its page made anew, and is found" {
        sed -i 's/^\/\* Waits for a message,/& Planted,/' bench/include/mproc/queue.h
        printf '/* A thing. */\nint mproc_thing(void);\n' >bench/include/mproc/thing.h
        run scripts/check reference
        [ "$status" = 1 ]
        [[ $output == *docs/reference/queue.md* && $output == *docs/reference/thing.md* && $output != *pool.md* ]]
        scripts/reference
        grep -q Planted docs/reference/queue.md
        grep -q '^A thing' docs/reference/thing.md
        grep -qF '(thing.md#mproc_thing)' docs/reference/README.md
        run scripts/check reference
        [ "$status" = 1 ]
        [[ $output == *"docs/mproc.md has no link to reference/thing.md"* ]]
        [[ $output == *"all.h does not include mproc/thing.h"* ]]
        echo '[thing](reference/thing.md)' >>docs/mproc.md
        echo '#include <mproc/thing.h>' >>bench/include/mproc/all.h
        scripts/check reference
}

@test "the links of the documentation lead somewhere" {
        while IFS=: read -r file link; do
                [ -e "${file%/*}/$link" ] || {
                        echo "$file: $link"
                        return 1
                }
        done < <(grep -oE '\]\([^)#:]+' ./README.md docs/*.md docs/reference/*.md | sed 's/](//')
}
