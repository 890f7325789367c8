#!/usr/bin/env bats
# Bad input: exit 2 with a sentence that helps, before anything is measured or written.
load common

@test "a run without a workload is told how to begin" {
        refused 2 "--workload=counter" run
        refused 2 "--workload=counter" --rounds=2
}

@test "unknown options get the nearest one, and no option may be abbreviated" {
        refused 2 "unknown option '--worklod', did you mean '--workload'?" --worklod=counter
        refused 2 "unknown option '--work', did you mean '--workload'?" --work=counter
        refused 2 "unknown option '--round', did you mean '--rounds'?" --workload=counter --round 3
        refused 2 "unknown option '-z'" --workload=counter -z
        refused 2 "--force takes no value" --workload=counter --force=yes
        refused 2 "--workload wants a value" --workload
        refused 2 "did you mean '--json'?" list --jsno
        refused 2 "did you mean '--format'?" report --fromat=csv latest
}

@test "unknown names get the nearest one" {
        refused 2 "did you mean 'counter'" --workload=conter
        refused 2 "did you mean 'mutex'" --workload=counter --share=mutx
        refused 2 "did you mean 'spawn'" --workload=counter --start=spwan
        refused 2 "did you mean 'scatter'" --workload=counter --place=scater
        refused 2 "did you mean 'increments'" --workload=counter --set increment=5
        refused 2 "did you mean 'mproc'" --workload=counter --runtime=mprox
        refused 2 "page-faults" --workload=counter -e page-fault
        refused 2 "mutx" --workload=counter --baseline=mutx
}

@test "a bad value is shown with what is allowed" {
        refused 2 "--workers: 0 is out of range (allowed: 1 to 1024)" --workload=counter --workers=0
        refused 2 "--workers: 1025 is out of range" --workload=counter --workers=1025
        refused 2 "--workers: 99999999999999999999 is out of range" --workload=counter --workers=99999999999999999999
        refused 2 "--workers: 'two' is not a whole number" --workload=counter --workers=two
        refused 2 "runs backwards" --workload=counter --workers=8-1
        refused 2 "is no step of a range" --workload=counter --workers=1-8:x1
        refused 2 "--rounds: 0 is out of range" --workload=counter --rounds=0
        refused 2 "--rounds: -1 is out of range" --workload=counter --rounds=-1
        refused 2 "--budget: 'soon' is not a time" --workload=counter --budget=soon
        refused 2 "--threshold: 101% is out of range (allowed: 0% to 100%)" --workload=counter --threshold=101%
        refused 2 "--sustain: 0s is out of range (allowed: 1ms to 3600s)" --workload=counter --sustain=0s
        refused 2 "--sustain: 2h is out of range" --workload=counter --sustain=2h
        refused 2 "--planted: 0% is out of range" --workload=counter --planted=0%
        refused 2 "--timeout: 1ms is out of range" --workload=counter --timeout=1ms
        refused 2 "increments: 'many' is not a whole number" --workload=counter --set increments=many
        refused 2 "increments: 0 is out of range" --workload=counter --set increments=0
}

@test "malformed lists and contradictions are refused" {
        refused 2 "an empty level" --workload=counter --start=fork,,spawn
        refused 2 "an empty level" --workload=counter --start=
        refused 2 "an empty name" --workload=counter,
        refused 2 "'all' stands alone" --workload=counter --start=all,fork
        refused 2 "not of the form KEY=VALUE" --workload=counter --set increments
        refused 2 "not of the form KEY=VALUE" --workload=counter --set =5
        refused 2 "given twice" --workload=counter --set increments=5 --set increments=6
        refused 2 "'none' stands alone" --workload=counter -e none -e cycles
        refused 2 "there is nothing to run again" --workload=counter --share=racy --control
        refused 2 "no cell to be measured is 'control'" --workload=counter --control --baseline=control
        refused 2 "cells differ: submit=map, submit=imap, chunk=1, chunk=2" --workload=spin --submit=map,imap \
                --chunk=1,2 --baseline=async
        refused 2 "'2' is a level of chunk and of workers: say of which, as in --baseline=chunk=2" --workload=spin \
                --submit=map --chunk=1,2 --workers=2 --baseline=2
        refused 2 "no cell to be measured is 'spawn': give one or several of the levels in which cells differ: share=atomic" \
                --workload=counter --baseline=spawn
        refused 2 "cells differ: share=mutex, share=atomic, hold=0, hold=100" --workload=counter --share=mutex,atomic \
                --set hold=0,100 --baseline=hold=10
        refused 2 ", …" --workload=counter --share=all --start=all \
                --workers=1-8 --baseline=nosuch
        refused 2 "exclude each other" --workload=counter --no-save --out=x
        refused 2 "takes no argument 'counter'" --workload=counter counter
        refused 2 "takes no argument" list counter
        refused 2 "run takes no argument 'spin', did you mean '--workload=spin'?" run spin
}

@test "over-long input is refused, not cut" {
        long=$(printf 'a%.0s' {1..5000})
        refused 2 "workload" --workload="$long"
        refused 2 "longer than" --workload=counter --share="$long"
        refused 2 "too long" --workload=counter --set increments="$long"
        refused 2 "--baseline" --workload=counter --baseline="$long"
        refused 2 "is no name of an event" --workload=counter -e "$long"
        refused 2 "too long" --workload=counter --out="$long"
        refused 2 "unknown option" "--$long"
        refused 2 "unknown command" "$long"
}
