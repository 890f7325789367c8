#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # the machine's shell expands, not this one; lab.bash sets lab
# scripts/lab itself.
load lab

setup() {
        mark=mark=$$-$BATS_TEST_NUMBER # names the machine of a test among all that run
        export TMPDIR=$BATS_TEST_TMPDIR
}

is_gone() {
        local deadline=$((SECONDS + 10))
        while pgrep -f "qemu.*$mark" >/dev/null; do
                if [ $SECONDS -gt $deadline ]; then
                        pgrep -af "qemu.*$mark"
                        return 1
                fi
        done
}

# Sets script to the process of a machine that is up.
start() {
        local beginning=$BATS_TEST_TMPDIR/beginning
        "${lab[@]}" --append="$mark" -- sh -c 'echo up; sleep 1000' >"$beginning" 2>&1 3>&- &
        script=$!
        until grep -q up "$beginning"; do kill -0 "$script"; done
}

@test "a command's words, output and exit status pass through unharmed" {
        run "${lab[@]}" -- sh -c 'printf "%s|" "$@" >&2; printf "\n\n  end"; exit 7' - "a  b" "it's" '$HOME' ''
        [ "$status" = 7 ]
        [ "$output" = $'a  b|it\'s|$HOME||\n\n  end' ]
}

@test "files go in and out, kernel arguments and memory are as asked for" {
        echo hello >"$BATS_TEST_TMPDIR/file"
        "${lab[@]}" --in="$BATS_TEST_TMPDIR/file" --out="$BATS_TEST_TMPDIR/out" --memory=512M --append="$mark" -- \
                sh -c 'cp file /out/copy; cat /proc/cmdline /proc/meminfo >/out/machine'
        [ "$(cat "$BATS_TEST_TMPDIR/out/copy")" = hello ]
        grep -q "$mark" "$BATS_TEST_TMPDIR/out/machine"
        grep -qE '^MemTotal: +4[0-9]{5} kB' "$BATS_TEST_TMPDIR/out/machine"
}

@test "the time limit ends the machine" {
        run "${lab[@]}" --append="$mark" --timeout=5 -- sleep 1000
        [ "$status" = 124 ]
        [[ $output == *"ended after 5 s"* ]]
        is_gone
}

@test "a machine that stops by itself is no success" {
        run "${lab[@]}" -- poweroff -f
        [ "$status" = 125 ]
        [[ $output == *"stopped before the command did"* ]]
}

@test "an interrupted script takes its machine along, a killed one too" {
        local code=0
        start
        kill -TERM "$script"
        wait "$script" || code=$?
        [ "$code" = 143 ]
        is_gone
        start
        kill -KILL "$script"
        wait "$script" || true
        is_gone
}
