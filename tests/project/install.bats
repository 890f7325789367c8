#!/usr/bin/env bats
# What `cmake --install` gives to those who use mproc: a compiler and pkg-config are all they need.

setup_file() {
        export prefix="$BATS_FILE_TMPDIR/a prefix" examples="$BATS_TEST_DIRNAME/../../docs/examples"
        cmake --install "$MPBENCH_BUILD" --prefix "$prefix" >/dev/null
        lib=$(dirname "$(find "$prefix" -name libmproc.so)")
        export lib PKG_CONFIG_PATH=$lib/pkgconfig
}

# compile OUT SOURCE FLAGS…: as the text of a shell command, for what pkg-config says is one (the prefix has a space in it).
compile() {
        local out=$1 source=$2
        shift 2
        eval "cc -Wall -Wextra -Werror '$source' -o '$BATS_TEST_TMPDIR/$out' $*"
}

# answers COMMAND…: starts a process by every method.
answers() {
        run "$@"
        echo "$output"
        [ "$status" = 0 ]
        [ "$output" = "42 42 42" ]
}

# counts COMMAND…: the same with a pool, whose workers run a function of the library.
counts() {
        local START
        printf 'three words here\n' >"$BATS_TEST_TMPDIR/file"
        for START in fork spawn forkserver thread; do
                run env START=$START "$@" "$BATS_TEST_TMPDIR/file"
                echo "$START: $output"
                [ "$status" = 0 ]
                [[ $output =~ ^' '*1' '*3' '*17' ' ]]
        done
}

@test "what scripts/mpbench builds is all that is installed" {
        if [ ! -e "$MPBENCH_BUILD/build.ninja" ]; then skip "ninja alone tells what a target makes"; fi
        target=$(sed -n 's/.*--target \([a-z]*\).*/\1/p' "$BATS_TEST_DIRNAME/../../scripts/mpbench")
        # Quoted, where the path has a space.
        ninja -C "$MPBENCH_BUILD" -t commands "$target" | tr -s "\"' " '\n' | sed 's|.*/||' | sort -u >"$BATS_TEST_TMPDIR/made"
        # CMake itself makes mproc.pc, when it configures.
        find "$prefix" -type f ! -path '*/include/*' ! -name mproc.pc -printf '%f\n' | sort >"$BATS_TEST_TMPDIR/installed"
        [ "$(wc -l <"$BATS_TEST_TMPDIR/installed")" -ge 4 ]
        [ -z "$(comm -23 "$BATS_TEST_TMPDIR/installed" "$BATS_TEST_TMPDIR/made")" ]
}

@test "pkg-config --cflags --libs is all that a program needs, beside the library's path when it runs" {
        flags=$(pkg-config --cflags --libs mproc)
        compile consumer "$BATS_TEST_DIRNAME/consumer.c" "$flags"
        compile count_words "$examples/count_words.c" "$flags"
        export LD_LIBRARY_PATH=$lib
        answers "$BATS_TEST_TMPDIR/consumer"
        counts "$BATS_TEST_TMPDIR/count_words"
}

@test "pkg-config --static does for a static program, and the archive for one that is so in part" {
        flags=$(pkg-config --static --cflags --libs mproc)
        compile consumer "$BATS_TEST_DIRNAME/consumer.c" -static "$flags"
        compile count_words "$examples/count_words.c" -static "$flags"
        answers "$BATS_TEST_TMPDIR/consumer"
        counts "$BATS_TEST_TMPDIR/count_words"
        compile partly "$BATS_TEST_DIRNAME/consumer.c" "$(pkg-config --cflags mproc) '$lib/libmproc.a'"
        answers "$BATS_TEST_TMPDIR/partly"
}

@test "the first program of docs/mproc.md does what it says" {
        awk '/^```/ { inside = $0 == "```c"; next } inside' "$BATS_TEST_DIRNAME/../../docs/mproc.md" >"$BATS_TEST_TMPDIR/first.c"
        compile first "$BATS_TEST_TMPDIR/first.c" "$(pkg-config --cflags --libs mproc)"
        LD_LIBRARY_PATH=$lib run "$BATS_TEST_TMPDIR/first"
        [ "$status" = 0 ]
        [ "$output" = 42 ]
}

@test "every example of mproc compiles against what is installed, without a warning" {
        flags=$(pkg-config --cflags --libs mproc)
        for source in "$examples"/*.c; do
                if grep -q '^int main(' "$source"; then compile program "$source" "$flags"; fi
        done
}

@test "the libraries show the functions that the headers declare, and nothing else" {
        gcc -xc -fsyntax-only -aux-info "$BATS_TEST_TMPDIR/declared" -I"$prefix/include" "$prefix/include/mproc/all.h"
        sed -nE '/mproc\/.*extern/s/.*[ *](mproc_[a-z0-9_]+) \(.*/\1/p' "$BATS_TEST_TMPDIR/declared" | sort >"$BATS_TEST_TMPDIR/wanted"
        [ "$(wc -l <"$BATS_TEST_TMPDIR/wanted")" -gt 100 ]
        nm -D --defined-only "$lib/libmproc.so" | awk '{ print $3 }' | sort | diff "$BATS_TEST_TMPDIR/wanted" -
        nm -g --defined-only "$lib/libmproc.a" | awk 'NF == 3 { print $3 }' | sort | diff "$BATS_TEST_TMPDIR/wanted" -

        # And C++ finds them all, too.
        {
                printf '#include <mproc/all.h>\nint main(int argc, char **argv)\n{\nvoid (*all[])() = {\n'
                sed 's/.*/(void (*)())&,/' "$BATS_TEST_TMPDIR/wanted"
                printf '};\nreturn !all[0] || mproc_init(&argc, &argv);\n}\n'
        } >"$BATS_TEST_TMPDIR/all.cc"
        eval "clang -std=c++17 '$BATS_TEST_TMPDIR/all.cc' -o '$BATS_TEST_TMPDIR/all' $(pkg-config --cflags --libs mproc)"
        LD_LIBRARY_PATH=$lib "$BATS_TEST_TMPDIR/all"
}

@test "each header compiles alone, in C17 and C++17 without extensions, without a warning" {
        flags=(-fsyntax-only -Wall -Wextra -Wpedantic -Werror -I"$prefix/include")
        cd "$prefix/include"
        for header in mproc/*.h; do
                printf '#include <%s>\n' "$header" | cc -xc -std=c17 "${flags[@]}" -
                printf '#include <%s>\n' "$header" | clang -xc -std=c17 "${flags[@]}" -
                printf '#include <%s>\n' "$header" | clang -xc++ -std=c++17 "${flags[@]}" -
        done
}

@test "the shared library has a version in its soname, and the links to it" {
        soname=$(readelf -d "$lib/libmproc.so" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
        [[ $soname =~ ^libmproc\.so\.[0-9.]+$ ]]
        [ "$(readlink -f "$lib/$soname")" = "$(readlink -f "$lib/libmproc.so")" ]
        [[ $(readlink -f "$lib/libmproc.so") == *."$(pkg-config --modversion mproc)" ]]
}

@test "the shared library needs nothing but the C library" {
        run bash -o pipefail -c 'readelf -d "$1" | sed -n "s/.*(NEEDED).*\[\(.*\)\]/\1/p" | grep -v "^libc\.\|^ld-linux"' - "$lib/libmproc.so"
        [ "$status" = 1 ]
        [ -z "$output" ]
}
