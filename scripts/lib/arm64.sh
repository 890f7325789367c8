# shellcheck shell=bash
# Debian packages for arm64, unpacked into folders of the cache: no foreign architecture is added to this machine, and apt's
# own state stays as it is. Sourced after packages.sh.

arm64_cache=${XDG_CACHE_HOME:-$HOME/.cache}/mpbench

# arm64_folder WHEN: prints the folder that holds the packages of this group, and fetches them when it is not there; a changed
# list makes another folder. 4: they can't be had; why is on stderr.
arm64_folder() {
        local -a wanted
        local folder
        mapfile -t wanted < <(packages_rows "$1" | cut -d'|' -f1)
        folder=$arm64_cache/$1-arm64-$(printf '%s\n' "${wanted[@]}" | cksum | cut -d' ' -f1)
        if [ ! -d "$folder" ]; then
                printf 'Fetching arm64 packages (%s) …\n' "$1" >&2
                if ! arm64_fetch "$folder" "${wanted[@]}"; then
                        printf 'The arm64 packages could not be had: why is said above.\n' >&2
                        return 4
                fi
        fi
        printf '%s\n' "$folder"
}

# arm64_apt COMMAND…: apt-get or apt-cache with the machine's sources and keys, and lists of its own.
arm64_apt() {
        local program=$1
        shift
        "$program" -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State::Lists="$state/lists" \
                -o Dir::State::status="$state/status" -o Dir::Cache="$state" -o Dir::Cache::archives="$state/archives" \
                -o Acquire::Languages=none -o APT::Sandbox::User="$(id -un)" "$@"
}

# arm64_fetch FOLDER PACKAGE…
arm64_fetch() (
        folder=$1 wanted=("${@:2}")
        mkdir -p "$arm64_cache" && state=$(mktemp -d "$arm64_cache/fetch.XXXXXX") || exit 4
        trap 'rm -rf "$state"' EXIT
        mkdir -p "$state"/{lists,archives}/partial "$state"/{debs,root}
        : >"$state/status"
        arm64_apt apt-get update >"$state/log" 2>&1 || true # one source without arm64 is no failure: the download decides
        for i in "${!wanted[@]}"; do
                case ${wanted[i]} in
                linux-image-*) wanted[i]=$(arm64_apt apt-cache depends "${wanted[i]}" | sed -n 's/^ *Depends: //p') ;;
                esac # such a package names the current kernel and holds nothing
        done
        cd "$state/debs" || exit 4
        if ! arm64_apt apt-get download "${wanted[@]}" >>"$state/log" 2>&1; then
                cat "$state/log" >&2
                exit 4
        fi
        for deb in *.deb; do
                dpkg --fsys-tarfile "$deb" | tar -x -C "$state/root" --exclude=./lib/modules || exit 4
        done
        # An absolute link would lead out of the folder.
        find "$state/root" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
                ln -sfnr "$state/root$(readlink "$link")" "$link"
        done
        mv -T "$state/root" "$folder" 2>/dev/null || [ -d "$folder" ] # another may have been faster
)
