# Loaded by the tests on the emulated machine. A boot costs seconds, so setup_file sends a machine all that a file needs, and
# the tests read what came back in $BATS_FILE_TMPDIR.

# In the machine: `measure NAME ARGUMENT…` runs mpbench, under $under, on $increments adds by each worker, into /out/NAME; what
# it said and its exit status are beside it. `enter NAME [FILE VALUE]…` makes a cgroup with these limits and goes there.
# shellcheck disable=SC2016
functions='
under= increments=1000
measure() {
        name=$1
        shift
        $under mpbench --workload=counter --share=atomic --set increments=$increments --rounds=1 "$@" --out=/out/$name >/out/$name.said 2>&1
        echo $? >/out/$name.status
}
enter() {
        group=/sys/fs/cgroup/$1
        shift
        echo +cpu +cpuset +memory >/sys/fs/cgroup/cgroup.subtree_control
        mkdir $group
        while [ $# -gt 0 ]; do
                echo "$2" >$group/$1
                shift 2
        done
        echo 0 >$group/cgroup.procs
}
'

lab=("$BATS_TEST_DIRNAME/../../scripts/lab" ${MPBENCH_BUILD:+"--build=$MPBENCH_BUILD"})

# boot OPTION… SCRIPT: runs SCRIPT there.
boot() { "${lab[@]}" --out="$BATS_FILE_TMPDIR" "${@:1:$#-1}" -- sh -c "$functions${!#}"; }

# reported NAME FILTER: jq on the report of NAME.
reported() { jq -cr "$2" "$BATS_FILE_TMPDIR/$1/report.json" || { cat "$BATS_FILE_TMPDIR/$1.said" >&2 && return 1; }; }

# ran_on NAME [PLACE WORKERS]: the PU of each worker, of the one trial of that cell; two PUs where it moved.
ran_on() {
        reported "$1" "
                [.cells[] | select(\"${2:-}\" == \"\" or (.factors.place == \"${2:-}\" and .factors.workers == \"${3:-}\")).id] as [\$id]
                | .trials[] | select(.cell == \$id).workers | sort_by(.index) | map([.pu, .pu_end] | unique | join(\">\")) | join(\" \")"
}

# is WANTED WHAT COMMAND…: WANTED is what the command prints.
is() {
        local has
        has=$("${@:3}")
        if [ "$has" != "$1" ]; then
                printf '%s: %s, wanted %s\n' "$2" "$has" "$1"
                return 1
        fi
}
