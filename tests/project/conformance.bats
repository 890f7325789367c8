#!/usr/bin/env bats
# docs/conformance.md is what the tests give, and nobody's opinion.

setup() {
        root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
}

@test "docs/conformance.md is what the tests give" {
        "$root/scripts/conformance" --check
}

@test "a verdict that the tests do not give is found" {
        local copy=$BATS_TEST_TMPDIR
        mkdir -p "$copy/tests"
        cp -r "$root/scripts" "$root/docs" "$copy"
        cp -r "$root/tests/contract" "$copy/tests"
        sed -i 's/| different |/| same |/' "$copy/docs/conformance.md"
        run "$copy/scripts/conformance" --check
        [ "$status" = 1 ]
        [[ $output == *test_forkserver_sigkill* ]]
}
