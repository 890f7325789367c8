# Loaded by the tests of the commands: each test runs in an empty folder of its own.
: "${MPBENCH:=${MPBENCH_BUILD:-$BATS_TEST_DIRNAME/../../build}/mpbench}"

# One cell, two short trials: verifies, measures nothing.
# shellcheck disable=SC2034 # used by the tests
QUICK=(--workload=counter --share=atomic --workers=2 --set increments=1000 --rounds=2)

setup() {
        cd "$BATS_TEST_TMPDIR" || return
        mkdir here
        cd here || return
}

# refused STATUS TEXT ARGS…: this exit status, TEXT on stderr, nothing on stdout, nothing written.
refused() {
        local wanted=$1 text=$2 code=0
        shift 2
        "$MPBENCH" "$@" >../stdout 2>../stderr || code=$?
        if [ "$code" != "$wanted" ] || [ -s ../stdout ] || [ -n "$(ls -A)" ] || ! grep -qF -- "$text" ../stderr; then
                printf 'mpbench %s: exit %s, wanted %s with: %s\n' "$*" "$code" "$wanted" "$text"
                cat ../stdout ../stderr
                ls -A
                return 1
        fi
}

# ended STATUS TEXT: what `run` saw.
ended() {
        [ "$status" = "$1" ] && [[ $output == *"$2"* ]] && return
        printf 'exit %s, wanted %s with: %s\n%s\n' "$status" "$1" "$2" "${output:0:2000}"
        return 1
}
