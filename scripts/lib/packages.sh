# shellcheck shell=bash
# What is missing here, and how to get it. Sourced by the scripts; the list is the file beside this one.
# Only looks at programs and headers, so that it costs a few file tests when nothing is missing.

packages_list=${BASH_SOURCE[0]%/*}/packages

# packages_rows WHEN…: the rows of these groups, as "package|probe|reason".
packages_rows() {
        local package when probe reason
        while read -r package when probe reason; do
                case $package in '#'* | '') continue ;; esac
                case " $* " in *" $when "*) printf '%s|%s|%s\n' "$package" "$probe" "$reason" ;; esac
        done <"$packages_list"
}

packages_there() {
        local dir
        case $1 in
        cmd:*) command -v "${1#cmd:}" >/dev/null ;;
        header:*)
                for dir in "${packages_dirs[@]}"; do
                        if [ -e "$dir/${1#header:}" ]; then return 0; fi
                done
                return 1
                ;;
        esac
}

# packages_missing WHEN…: rows of these groups whose probe fails.
packages_missing() {
        local package probe reason
        local -a packages_dirs
        IFS=: read -r -a packages_dirs <<<"/usr/include:/usr/local/include:/usr/include/$(uname -m)-linux-gnu:${CPATH:-}"
        while IFS='|' read -r package probe reason; do
                packages_there "$probe" || printf '%s|%s|%s\n' "$package" "$probe" "$reason"
        done < <(packages_rows "$@")
}

# Sets packages_sudo to what goes before apt-get. 1: no rights, or no apt-get.
packages_may_install() {
        command -v apt-get >/dev/null || return 1
        if [ "$(id -u)" = 0 ]; then
                packages_sudo=()
        elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
                packages_sudo=(sudo -n)
        elif command -v sudo >/dev/null && [ -t 0 ] && [ -t 2 ]; then
                packages_sudo=(sudo)
        else
                return 1
        fi
}

# packages_ensure MODE WHEN…: nothing when nothing is missing. Else names what is missing and why on stderr, and installs
# it (MODE install) or prints the line to run (MODE tell, or no rights). 0: all is there; 4: not.
# Group `plots` counts as wanted only when something else is missing too: mpbench runs without it.
packages_ensure() {
        local mode=$1 package probe reason rows log by
        local -a names=() groups
        shift
        groups=("$@")
        rows=$(packages_missing "${groups[@]}")
        if [ -z "$rows" ]; then return 0; fi
        if [[ " ${groups[*]} " == *" run "* ]]; then rows+=$'\n'$(packages_missing plots); fi
        printf 'Missing Debian packages:\n' >&2
        while IFS='|' read -r package probe reason; do
                if [ -z "$package" ]; then continue; fi
                names+=("$package")
                printf '  %-22s %s\n' "$package" "$reason" >&2
        done <<<"$rows"
        if [ "$mode" != install ] || ! packages_may_install; then
                if [ "$(id -u)" = 0 ]; then by=; else by='sudo '; fi
                printf 'Install them, then run this again:\n  %sapt-get install --no-install-recommends %s\n' "$by" "${names[*]}" >&2
                return 4
        fi
        printf 'Installing them with apt-get …\n' >&2
        log=$(mktemp) || return 4
        # A list that can't be refreshed is no failure as long as the packages can be had.
        "${packages_sudo[@]}" apt-get -q update >"$log" 2>&1 || true
        if ! "${packages_sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
                -o DPkg::Lock::Timeout=300 install "${names[@]}" >>"$log" 2>&1 </dev/null; then
                cat "$log" >&2
                rm -f "$log"
                printf 'apt-get could not install them: its messages are above.\n' >&2
                return 4
        fi
        rm -f "$log"
        rows=$(packages_missing "${groups[@]}")
        if [ -n "$rows" ]; then
                printf 'Installed, but still not found: %s\n' "$(cut -d'|' -f1,2 <<<"$rows" | tr '\n' ' ')" >&2
                return 4
        fi
}
